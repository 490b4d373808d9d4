"""The linear branch taken to a new edition of its taxonomy."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import csr_array, diags_array

from harnn.branches.branch import Branch, Parts
from harnn.branches.linear.branch import LinearBranch
from harnn.branches.linear.classifier import LinearClassifier
from harnn.branches.origins import LabelOrigins

_MARGIN = 0.5
"""Of a margin in a logit: a blend begins by doubling margins."""


def migrate_linear(branch: Branch, origins: LabelOrigins) -> Parts:
    """Return the parts of the branch for a new edition; its n-grams stay as they are.

    A hint adds what a text says of a label, as long as the weights of a usual label are.
    """
    assert isinstance(branch, LinearBranch)
    old = branch.classifier
    weights = csr_array(old.weights @ origins.shares.T)
    if origins.hints is not None:
        told = csr_array(origins.hints @ branch.features.vectors(origins.texts))
        lengths = np.sqrt(told.power(2).sum(axis=1))
        usual = np.median(np.sqrt(old.weights.power(2).sum(axis=0)))
        scale = diags_array(np.where(lengths > 0, usual / np.maximum(lengths, 1e-12), 0))
        weights = csr_array(weights + (scale @ told).T).astype(np.float32)
    weights.sort_indices()
    classifier = LinearClassifier(weights, origins.bias(old.bias, _MARGIN))
    return dataclasses.replace(branch, classifier=classifier).to_parts()

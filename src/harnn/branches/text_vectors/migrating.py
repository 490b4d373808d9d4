"""The branch on vectors of whole texts taken to a new edition of its taxonomy; no torch."""

from __future__ import annotations

import dataclasses

import numpy as np

from harnn.branches.branch import Branch, Parts
from harnn.branches.origins import LabelOrigins
from harnn.branches.text_vectors.storage import PLACE
from harnn.text import TextEncoder

_HINT = 0.3
"""Of the length of a usual label's weights: more makes documents that are like the text of a label
in anything take it (docs/experiments.md)."""


def migrate_text_vectors(branch: Branch, origins: LabelOrigins) -> Parts:
    """Return the parts of the branch for a new edition; its encoder stays as it is.

    A hint turns the weights of a label towards what the hidden layer makes of a text, beside what
    it makes of texts on average.
    """
    parts = migrate_vector_network(branch.to_parts(), origins)
    encoder: TextEncoder | None = getattr(branch, "encoder", None)
    if origins.hints is None or encoder is None:
        return parts
    names = ("hidden.weight", "hidden.bias", "predict.weight", "predict.bias")
    hidden, bias, weights, biases = (parts.arrays[f"{PLACE}.{name}"] for name in names)
    usual = np.median(np.linalg.norm(weights, axis=1))
    vectors = encoder.encode(list(origins.texts))
    states = np.maximum(vectors * np.float32(vectors.shape[1] ** 0.5) @ hidden.T + bias, 0)
    mean = states.mean(axis=0)
    told = origins.hints @ (states - mean)
    lengths = np.linalg.norm(told, axis=1, keepdims=True)
    turned = np.float32(_HINT * usual) * told / np.maximum(lengths, 1e-12)
    weights += turned
    biases -= turned @ mean
    return parts


def migrate_vector_network(parts: Parts, origins: LabelOrigins) -> Parts:
    """Return the parts of a network on vectors for a new edition."""
    weight, bias = f"{PLACE}.predict.weight", f"{PLACE}.predict.bias"
    arrays = parts.arrays | {
        weight: origins.rows(parts.arrays[weight]),
        bias: origins.bias(parts.arrays[bias]),
    }
    shape = parts.settings[PLACE] | {"labels": len(origins.new)}
    return dataclasses.replace(parts, arrays=arrays, settings=parts.settings | {PLACE: shape})

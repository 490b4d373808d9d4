"""Precision and recall that give credit for the ancestors of a label."""

from __future__ import annotations

from typing import Any

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape
from harnn.metrics.sets import PrecisionRecall
from harnn.taxonomy import Hierarchy


def hierarchical_prf(
    predictions: Any, targets: Any, hierarchy: Hierarchy | None = None
) -> PrecisionRecall:
    """Compute hierarchical precision, recall and F1 over all documents.

    predictions, targets: (N, C) label sets, sparse, which *hierarchy* closes upward; without it
    they are taken as closed.

    Raises:
        ValueError: the shapes differ.

    Source: Kiritchenko, Matwin, Nock and Famili (2006), Learning and Evaluation in the Presence
    of Class Hierarchies; as there, the root above all labels does not count.
    """
    check_same_shape(predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    hits = predicted_size = true_size = 0
    for rows in row_blocks(*true.shape):
        block_predicted, block_true = predicted[rows], true[rows]
        if hierarchy is not None:
            block_predicted, block_true = map(hierarchy.close_sets, (block_predicted, block_true))
        predicted_size += block_predicted.nnz
        true_size += block_true.nnz
        hits += int(block_predicted.multiply(block_true).sum())
    return PrecisionRecall.from_counts(hits, predicted_size, true_size)

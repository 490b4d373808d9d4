"""Areas under curves that run over all thresholds of one document."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape
from harnn.taxonomy import Hierarchy


def hierarchical_area(
    scores: NDArray[Any], targets: Any, hierarchy: Hierarchy | None = None
) -> float:
    """Compute the mean area under the documents' curves of hierarchical precision and recall.

    scores: (N, C); targets: (N, C) label sets, sparse. With a *hierarchy* scores are propagated
    upward (every label gets at least the highest score of its descendants) and targets closed;
    without it they are taken as such.

    The curve of a document has a point for every threshold: precision and recall of the labels
    scored at least that, a set that is closed since scores were propagated. It begins at
    precision 1 and recall 0, points are joined by straight lines, and all thresholds count, not a
    selection of them. The mean is over the documents with labels, 0 without any.

    The same curve over all cells at once is that of :func:`harnn.metrics.micro_auprc` on
    propagated scores, which is why this one is of single documents: it asks how well labels are
    ranked within a document.

    Raises:
        ValueError: the shapes differ, or a score is NaN.

    Source: Plaud, Labeau, Saillenfest and Bonald (2024), arXiv:2410.01305, as their published
    code computes it.
    """
    check_same_shape(scores=scores, targets=targets)
    true = as_binary(targets)
    total, labelled = 0.0, 0
    for rows in row_blocks(*true.shape):
        block = np.array(scores[rows])
        block_true = true[rows]
        if hierarchy is not None:
            block = np.ascontiguousarray(hierarchy.lift(block))
            block_true = hierarchy.close_sets(block_true)
        areas = _areas(block, block_true)
        total, labelled = total + sum(areas), labelled + len(areas)
    return total / labelled if labelled else 0.0


def _areas(block: NDArray[Any], true: csr_array[np.bool_]) -> list[float]:
    """Return the area of each document with labels; sorts the block in place."""
    positives = [
        row[true.indices[start:end]]
        for row, start, end in zip(block, true.indptr[:-1], true.indptr[1:], strict=True)
    ]
    block.sort(axis=1)
    if block.size and np.isnan(block[:, -1]).any():  # sorting puts NaN last
        raise ValueError("Expected scores, got NaN.")
    return [_area(row, scores) for row, scores in zip(block, positives, strict=True) if len(scores)]


def _area(ascending: NDArray[Any], positives: NDArray[Any]) -> float:
    """Return the area of one document from all its scores and those of its labels."""
    thresholds, gained = np.unique(positives, return_counts=True)
    at_least = len(ascending) - np.searchsorted(ascending, thresholds, side="left")
    above = len(ascending) - np.searchsorted(ascending, thresholds, side="right")
    found = np.cumsum(gained[::-1])[::-1]  # labels with a score of at least the threshold
    # Between two scores of labels recall stands still while precision falls: where the line to
    # the next point begins, all scores above the threshold have been passed.
    before = np.ones(len(thresholds))
    np.divide(found - gained, above, out=before, where=above > 0)
    return float(gained @ (before + found / at_least)) / (2 * len(positives))

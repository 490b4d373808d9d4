"""Measures of scores that need no threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.ranking import (
    ThresholdCounts,
    as_binary,
    check_same_shape,
    counts_at_thresholds,
    row_blocks,
    top_columns,
)

DEFAULT_KS = (1, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class AtK:
    """Precision and recall of the k best labels, by k."""

    precision: dict[int, float]
    recall: dict[int, float]


def micro_auprc(values: NDArray[Any], targets: Any) -> float:
    """Compute the average precision over all cells at once; 0 where no label is true.

    values: (N, C) scores; targets: (N, C) label sets, sparse. Equal to scikit-learn's
    ``average_precision_score(average="micro")``.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
    """
    return average_precision(counts_at_thresholds(values, targets))


def micro_auc(values: NDArray[Any], targets: Any) -> float | None:
    """Compute the area under the ROC curve over all cells at once.

    values: (N, C) scores; targets: (N, C) label sets, sparse. Equal to scikit-learn's
    ``roc_auc_score(average="micro")``; None where all cells or none are true, as the area is not
    defined there.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
    """
    return area_under_roc(counts_at_thresholds(values, targets))


def average_precision(counts: ThresholdCounts) -> float:
    """Average precision from counts; 0 without positives."""
    if not counts.positives:
        return 0.0
    gained = np.diff(counts.positives_at_least, prepend=0)
    precision = counts.positives_at_least / counts.cells_at_least
    return float(gained @ precision / counts.positives)


def area_under_roc(counts: ThresholdCounts) -> float | None:
    """Area under the ROC curve from counts; None without positives or without negatives."""
    negatives = counts.cells - counts.positives
    if not counts.positives or not negatives:
        return None
    gained = np.diff(counts.positives_at_least, prepend=0)
    above = counts.cells_above - (counts.positives_at_least - gained)
    at_least = counts.cells_at_least - counts.positives_at_least
    # A positive beats the negatives below it, and half of those with the same score.
    beaten = negatives - (above + at_least) / 2
    return float(gained @ beaten / counts.positives / negatives)


def precision_at_k(
    values: NDArray[Any], targets: Any, ks: Sequence[int] = DEFAULT_KS
) -> dict[int, float]:
    """Compute the mean share of true labels among the k best, for each k.

    values: (N, C) scores; targets: (N, C) label sets, sparse. The divisor is k, also where there
    are fewer labels. A document without labels counts as 0; no documents give 0. Of equal scores
    the left column comes first.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.
    """
    return measure_at_k(values, targets, ks).precision


def recall_at_k(
    values: NDArray[Any], targets: Any, ks: Sequence[int] = DEFAULT_KS
) -> dict[int, float]:
    """Compute the mean share of a document's labels that are among the k best, for each k.

    values: (N, C) scores; targets: (N, C) label sets, sparse. The mean is over the documents with
    labels, 0 where there are none. Of equal scores the left column comes first.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.
    """
    return measure_at_k(values, targets, ks).recall


def measure_at_k(values: NDArray[Any], targets: Any, ks: Sequence[int] = DEFAULT_KS) -> AtK:
    """Compute :func:`precision_at_k` and :func:`recall_at_k` in one pass.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.
    """
    check_same_shape(values=values, targets=targets)
    if any(k < 1 for k in ks):
        raise ValueError(f"Expected every k to be at least 1, got {', '.join(map(str, ks))}.")
    true = as_binary(targets)
    sizes = np.diff(true.indptr)
    precision, recall = dict.fromkeys(ks, 0.0), dict.fromkeys(ks, 0.0)
    for rows in row_blocks(*values.shape):
        best = top_columns(np.asarray(values[rows]), max(ks, default=0))
        found = np.take_along_axis(true[rows].toarray(), best, axis=1)  # (B, k)
        for k in ks:
            hits = np.count_nonzero(found[:, :k], axis=1)
            precision[k] += float(hits.sum()) / k
            recall[k] += float(np.sum(hits / np.maximum(sizes[rows], 1)))
    documents, labelled = len(sizes), int(np.count_nonzero(sizes))
    return AtK(
        precision={k: total / max(documents, 1) for k, total in precision.items()},
        recall={k: total / max(labelled, 1) for k, total in recall.items()},
    )

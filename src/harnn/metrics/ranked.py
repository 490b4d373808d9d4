"""Measures of scores that need no threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.counting import (
    ThresholdCounts,
    as_binary,
    check_same_shape,
    counts_at_thresholds,
    top_columns,
)

DEFAULT_KS = (1, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class AtK:
    """Precision and recall of the k best labels, by k."""

    precision: dict[int, float]
    recall: dict[int, float]
    propensity_precision: dict[int, float] | None = None
    """None where propensities are not known."""


def micro_auprc(scores: NDArray[Any], targets: Any) -> float:
    """Compute the average precision over all cells at once; 0 where no label is true.

    scores: (N, C); targets: (N, C) label sets, sparse. Equal to scikit-learn's
    ``average_precision_score(average="micro")``.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
    """
    return average_precision(counts_at_thresholds(scores, targets))


def micro_auc(scores: NDArray[Any], targets: Any) -> float | None:
    """Compute the area under the ROC curve over all cells at once.

    scores: (N, C); targets: (N, C) label sets, sparse. Equal to scikit-learn's
    ``roc_auc_score(average="micro")``; None where all cells or none are true, as the area is not
    defined there.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
    """
    return area_under_roc(counts_at_thresholds(scores, targets))


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
    scores: NDArray[Any], targets: Any, ks: Sequence[int] = DEFAULT_KS
) -> dict[int, float]:
    """Compute the mean share of true labels among the k best, for each k.

    scores: (N, C); targets: (N, C) label sets, sparse. The divisor is k, also where there
    are fewer labels. A document without labels counts as 0; no documents give 0. Of equal scores
    the left column comes first.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.
    """
    return measure_at_k(scores, targets, ks).precision


def recall_at_k(
    scores: NDArray[Any], targets: Any, ks: Sequence[int] = DEFAULT_KS
) -> dict[int, float]:
    """Compute the mean share of a document's labels that are among the k best, for each k.

    scores: (N, C); targets: (N, C) label sets, sparse. The mean is over the documents with
    labels, 0 where there are none. Of equal scores the left column comes first.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.
    """
    return measure_at_k(scores, targets, ks).recall


def propensity_precision_at_k(
    scores: NDArray[Any],
    targets: Any,
    label_counts: ArrayLike,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    training_documents: int,
) -> dict[int, float]:
    """Compute precision at k in which rare labels weigh more, for each k.

    scores: (N, C); targets: (N, C) label sets, sparse; label_counts: (C,) training
    documents of each label. A true label among the k best counts as in
    :func:`inverse_propensities`, and the sum over all documents is divided by the highest that
    any order of the labels would reach; 0 where no label is true.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.

    Source: Jain, Prabhu and Varma (2016), Extreme Multi-label Loss Functions, normalised as in
    the Extreme Classification Repository.
    """
    weights = inverse_propensities(label_counts, training_documents)
    return measure_at_k(scores, targets, ks, weights=weights).propensity_precision or {}


def inverse_propensities(
    label_counts: ArrayLike, training_documents: int, *, a: float = 0.55, b: float = 1.5
) -> NDArray[np.float64]:
    """Return 1 / p = 1 + (ln N - 1) (b + 1)^a (n + b)^-a of each label, (C,).

    p estimates how likely it is that a label which is true was also assigned; n are its training
    documents, N all training documents. Where N is less than e, so that the formula would give
    less, it is 1.

    Source: Jain, Prabhu and Varma (2016); a and b are theirs for most datasets.
    """
    counts = np.asarray(label_counts, dtype=np.float64)
    factor = max(np.log(max(training_documents, 1)) - 1, 0.0) * (b + 1) ** a
    return np.asarray(1 + factor * (counts + b) ** -a, dtype=np.float64)


def measure_at_k(
    scores: NDArray[Any],
    targets: Any,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    weights: NDArray[np.float64] | None = None,
) -> AtK:
    """Compute the measures at k in one pass; *weights* are (C,) inverse propensities.

    Raises:
        ValueError: the shapes differ, or a k is less than 1.
    """
    check_same_shape(scores=scores, targets=targets)
    if any(k < 1 for k in ks):
        raise ValueError(f"Expected every k to be at least 1, got {', '.join(map(str, ks))}.")
    if weights is not None and weights.shape != (scores.shape[1],):
        raise ValueError(
            f"Expected the training documents of {scores.shape[1]:,} labels, "
            f"got shape {weights.shape}."
        )
    true = as_binary(targets)
    sizes = np.diff(true.indptr)
    precision, recall, weighted = (dict.fromkeys(ks, 0.0) for _ in range(3))
    for rows in row_blocks(*scores.shape):
        best = top_columns(np.asarray(scores[rows]), max(ks, default=0))
        found = np.take_along_axis(true[rows].toarray(), best, axis=1)  # (B, k)
        gained = found * weights[best] if weights is not None else None
        for k in ks:
            hits = np.count_nonzero(found[:, :k], axis=1)
            precision[k] += float(hits.sum()) / k
            recall[k] += float(np.sum(hits / np.maximum(sizes[rows], 1)))
            if gained is not None:
                weighted[k] += float(gained[:, :k].sum())
    documents, labelled = len(sizes), int(np.count_nonzero(sizes))
    return AtK(
        precision={k: total / max(documents, 1) for k, total in precision.items()},
        recall={k: total / max(labelled, 1) for k, total in recall.items()},
        propensity_precision=_normalise(weighted, true, weights) if weights is not None else None,
    )


def _normalise(
    gained: dict[int, float], true: csr_array[np.bool_], weights: NDArray[np.float64]
) -> dict[int, float]:
    """Divide what was gained by what the heaviest k labels of each document would give."""
    row = np.repeat(np.arange(true.shape[0]), np.diff(true.indptr))
    weight = weights[true.indices]
    order = np.lexsort((-weight, row))  # within each document the heaviest first
    rank = np.arange(len(row)) - true.indptr[row]
    best = {k: float(weight[order][rank < k].sum()) for k in gained}
    return {k: total / best[k] if best[k] else 0.0 for k, total in gained.items()}

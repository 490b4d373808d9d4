"""Precision, recall and F1 of predicted label sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Precision, recall and F1, each 0 where its divisor is 0."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def from_counts(cls, hits: float, predicted: float, true: float) -> PrecisionRecall:
        """Divide *hits* by what was predicted and by what is true."""
        return cls(
            precision=hits / predicted if predicted else 0.0,
            recall=hits / true if true else 0.0,
            f1=2 * hits / (predicted + true) if predicted + true else 0.0,
        )


@dataclass(frozen=True, slots=True)
class LabelAverages:
    """Precision, recall and F1 averaged over labels."""

    micro: PrecisionRecall
    """Over all pairs of a document and a label at once."""
    macro: PrecisionRecall
    """The mean over all labels; F1 is the mean of F1."""
    supported: PrecisionRecall
    """The mean over labels that are true for some document."""


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """How predictions and targets meet, counted per label and per document."""

    hits: NDArray[np.int64]
    """(C,) documents for which a label is predicted and true."""
    predicted: NDArray[np.int64]
    """(C,)"""
    true: NDArray[np.int64]
    """(C,)"""
    documents: int
    exact: int
    """Documents whose predicted and true labels are the same."""
    empty: int
    """Documents without a prediction."""

    def averages(self, columns: slice | NDArray[np.bool_] = slice(None)) -> LabelAverages:
        """Average over the labels of *columns*, a slice or a mark for each label."""
        hits, predicted, true = self.hits[columns], self.predicted[columns], self.true[columns]
        precision, recall = _ratios(hits, predicted), _ratios(hits, true)
        f1 = _ratios(2 * hits, predicted + true)
        every, supported = np.ones(len(true), dtype=bool), true > 0
        return LabelAverages(
            micro=PrecisionRecall.from_counts(
                int(hits.sum()), int(predicted.sum()), int(true.sum())
            ),
            macro=PrecisionRecall(*(_mean(x, every) for x in (precision, recall, f1))),
            supported=PrecisionRecall(*(_mean(x, supported) for x in (precision, recall, f1))),
        )


def prf(predictions: Any, targets: Any) -> LabelAverages:
    """Compute precision, recall and F1, averaged micro and macro.

    predictions, targets: (N, C) label sets, sparse. Ratios with a divisor of 0 count as 0.

    Raises:
        ValueError: the shapes differ.
    """
    return count_overlap(predictions, targets).averages()


def exact_match(predictions: Any, targets: Any) -> float:
    """Return the share of documents whose labels are predicted exactly, 0 without documents.

    predictions, targets: (N, C) label sets, sparse.

    Raises:
        ValueError: the shapes differ.
    """
    overlap = count_overlap(predictions, targets)
    return overlap.exact / overlap.documents if overlap.documents else 0.0


def count_overlap(predictions: Any, targets: Any) -> Overlap:
    """Count where predictions and targets (N, C) meet.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    documents, labels = true.shape
    hits = np.zeros(labels, dtype=np.int64)
    exact = 0
    for rows in row_blocks(documents, labels):
        block_predicted, block_true = predicted[rows], true[rows]
        both = as_binary(block_predicted.multiply(block_true))
        hits += np.bincount(both.indices, minlength=labels)
        in_both = np.diff(both.indptr)
        same = in_both == np.diff(block_predicted.indptr)
        same &= in_both == np.diff(block_true.indptr)
        exact += int(np.count_nonzero(same))
    return Overlap(
        hits=hits,
        predicted=np.bincount(predicted.indices, minlength=labels),
        true=np.bincount(true.indices, minlength=labels),
        documents=documents,
        exact=exact,
        empty=int(np.count_nonzero(np.diff(predicted.indptr) == 0)),
    )


def _ratios(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> NDArray[np.float64]:
    ratios = np.zeros(len(wholes))
    np.divide(parts, wholes, out=ratios, where=wholes > 0)
    return ratios


def _mean(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> float:
    return float(values[chosen].mean()) if chosen.any() else 0.0

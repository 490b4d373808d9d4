"""How many documents a label is predicted for at many thresholds, and how often rightly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.counting import as_binary

_THRESHOLDS = 256


@dataclass(frozen=True, slots=True, eq=False)
class LabelCurves:
    """Counts of each label at shared thresholds."""

    thresholds: NDArray[np.float32]
    """(G,) ascending: scores of true labels, all of them where they are few, else quantiles."""
    hits: NDArray[np.int64]
    """(C, G) documents rightly predicted."""
    predicted: NDArray[np.int64]
    """(C, G) documents with a score of at least the threshold."""
    positives: NDArray[np.int64]
    """(C,) documents of each label."""

    @classmethod
    def count(cls, scores: NDArray[np.float32], targets: Any) -> Self:
        """Count over scores (N, C) and label sets (N, C) with at least one label."""
        targets = as_binary(targets)
        rows = np.repeat(np.arange(len(scores)), np.diff(targets.indptr))
        of_true = scores[rows, targets.indices]
        thresholds = np.unique(of_true)
        if len(thresholds) > _THRESHOLDS:
            shares = np.linspace(0, 1, _THRESHOLDS)
            thresholds = np.unique(np.quantile(of_true, shares, method="lower"))
        shape = (scores.shape[1], len(thresholds))
        hits, predicted = _zeros(shape), _zeros(shape)
        places = np.searchsorted(thresholds, of_true, side="right")
        _count(hits, targets.indices, places)
        for block in row_blocks(*scores.shape):
            row, column = np.nonzero(scores[block] >= thresholds[0])
            places = np.searchsorted(thresholds, scores[block][row, column], side="right")
            _count(predicted, column, places)
        positives = np.bincount(targets.indices, minlength=shape[0])
        _make_at_least(hits)
        _make_at_least(predicted)
        return cls(thresholds, hits, predicted, positives)

    def of_groups(self, groups: NDArray[np.int64]) -> Self:
        """Add up the curves of the labels of each group; groups: (C,) from 0."""
        number = int(groups.max(initial=-1)) + 1
        hits, predicted = (np.zeros((number, len(self.thresholds)), np.int64) for _ in range(2))
        np.add.at(hits, groups, self.hits)
        np.add.at(predicted, groups, self.predicted)
        positives = np.bincount(groups, weights=self.positives, minlength=number)
        return type(self)(self.thresholds, hits, predicted, positives.astype(np.int64))

    def f1(self, labels: slice = slice(None)) -> NDArray[np.float64]:
        """Return the F1 of labels at each threshold, (C, G); 0 for labels without documents."""
        sizes = self.predicted[labels] + self.positives[labels, np.newaxis]
        f1: NDArray[np.float64] = 2 * self.hits[labels] / np.maximum(sizes, 1)
        return f1


def _count(counts: NDArray[np.int64], labels: NDArray[Any], places: NDArray[np.intp]) -> None:
    """Add cells to the counts (C, G) of labels and the last threshold they reach; places from 1.

    Takes no memory for labels without cells.
    """
    reached = places > 0
    flat = labels[reached].astype(np.int64) * counts.shape[1] + places[reached] - 1
    if len(flat) < counts.size:
        np.add.at(counts.reshape(-1), flat, 1)  # reshaped, an array shares its memory
    else:
        counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)


def _zeros(shape: tuple[int, int]) -> NDArray[np.int64]:
    counts = blank(shape, np.int64)
    counts[...] = 0
    return counts


def _make_at_least(counts: NDArray[np.int64]) -> None:
    """Add to the counts (C, G), in place, those of all higher thresholds."""
    for labels in row_blocks(*counts.shape):
        counts[labels] = np.cumsum(counts[labels, ::-1], axis=1)[:, ::-1]

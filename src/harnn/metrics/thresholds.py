"""Precision, recall and F1 at every threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.counting import ThresholdCounts, counts_at_thresholds

_POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class ThresholdCurve:
    """How good label sets are that are cut at one threshold, from the highest threshold down."""

    thresholds: NDArray[np.float64]
    """(D,), strictly descending; each is the score of a true label."""
    precision: NDArray[np.float64]
    """(D,) share of the cells scored at least the threshold whose label is true."""
    recall: NDArray[np.float64]
    """(D,) share of the true cells scored at least the threshold; ascending."""

    @property
    def f1(self) -> NDArray[np.float64]:
        """(D,) of the same sets."""
        total = self.precision + self.recall
        f1 = np.zeros_like(total)
        np.divide(2 * self.precision * self.recall, total, out=f1, where=total > 0)
        return f1


def threshold_curve(scores: NDArray[Any], targets: Any, *, points: int = _POINTS) -> ThresholdCurve:
    """Compute precision and recall over all cells at once, for every threshold that matters.

    scores: (N, C); targets: (N, C) label sets, sparse. Between the scores of true labels precision
    only falls, so only these are thresholds. Of more than *points* those nearest to equal steps of
    recall are kept, the first and the last among them: every point is exact, the curve between
    them is left out. Without a true label the curve has no point.

    At its thresholds the curve is that of scikit-learn's ``precision_recall_curve``.

    Raises:
        ValueError: the shapes differ, a score is NaN, or fewer than 2 points are wanted.
    """
    if points < 2:
        raise ValueError(f"Expected at least 2 points, got {points}.")
    return curve_of(counts_at_thresholds(scores, targets), points=points)


def curve_of(counts: ThresholdCounts, *, points: int = _POINTS) -> ThresholdCurve:
    """Compute :func:`threshold_curve` from counts."""
    found = len(counts.thresholds)
    kept = np.arange(found)
    if found > points:
        steps = np.linspace(counts.positives_at_least[0], counts.positives, points)
        kept = np.unique(np.searchsorted(counts.positives_at_least, steps).clip(0, found - 1))
    hits = counts.positives_at_least[kept]
    return ThresholdCurve(
        thresholds=counts.thresholds[kept].astype(np.float64),
        precision=hits / counts.cells_at_least[kept],
        recall=hits / max(counts.positives, 1),
    )

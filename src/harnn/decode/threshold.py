"""The threshold that gives the best micro-F1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn.counting import counts_at_thresholds

_WITHOUT_POSITIVES = 0.5
_MOST_WITHOUT_LOWER = 0.5


@dataclass(frozen=True, slots=True)
class TunedThreshold:
    """A threshold with the micro-F1 it reaches on what it was tuned on."""

    threshold: float
    micro_f1: float


def tune_threshold(scores: NDArray[np.float32], targets: Any) -> TunedThreshold:
    """Find the threshold with the best micro-F1, exactly, over all thresholds.

    scores: (N, C) float32, propagated upward where decoding will do so; targets: (N, C) label
    sets, sparse. Only scores of true labels can be best. Of several that are, the highest wins:
    it predicts the fewest labels. The threshold returned lies halfway between that score and the
    next lower score of any cell, so that the last digits of a score do not matter; where there is
    no float32 between them, it is the score itself. Where no score is lower nothing says how low is
    too low: it is half the score, and at most 0.5. Without any true label it is 0.5, with a
    micro-F1 of 0.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
    """
    scores = np.asarray(scores)
    counts = counts_at_thresholds(scores, targets)
    if not counts.positives:
        return TunedThreshold(_WITHOUT_POSITIVES, 0.0)
    f1 = 2 * counts.positives_at_least / (counts.cells_at_least + counts.positives)
    best = int(np.argmax(f1))  # the first of equals; thresholds descend
    threshold = _between(scores, np.float32(counts.thresholds[best]))
    return TunedThreshold(threshold, float(f1[best]))


def _between(scores: NDArray[np.float32], score: np.float32) -> float:
    """Return the float32 halfway between *score* and the next lower value, or 0 without one."""
    lower = -np.inf
    for rows in row_blocks(*scores.shape):
        block = scores[rows]
        lower = max(lower, float(np.max(block, initial=-np.inf, where=block < score)))
    if lower == -np.inf:
        return float(np.float32(min(float(score) / 2, _MOST_WITHOUT_LOWER)))
    middle = float(np.float32((float(score) + lower) / 2))
    return middle if lower < middle <= score else float(score)

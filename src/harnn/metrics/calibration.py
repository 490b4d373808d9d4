"""Whether a score is the probability that it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape

BINS = 15
SHOWN = 0.1
"""Scores that a reader might be shown."""
_SHOWN_BIN = int(SHOWN * BINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The cells with scores in one bin; a cell is a pair of a document and a label."""

    low: float
    """The lowest score of the bin."""
    high: float
    """The scores are below it; the last bin includes it."""
    count: int
    mean_score: float | None
    """None in an empty bin."""
    share_true: float | None
    """Share of cells whose label is true; None in an empty bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far mean scores are from the shares that come true."""

    ece: float | None
    """Over all cells; None without any."""
    ece_shown: float | None
    """Over the cells scored at least ``SHOWN``; None without any."""
    bins: tuple[ReliabilityBin, ...]
    """All cells."""


def calibration(scores: NDArray[Any], targets: Any) -> Calibration:
    """Compute the expected calibration error with a table of reliability.

    scores: (N, C), 0 to 1; targets: (N, C) label sets, sparse. What is binned are all N x C
    cells, by their score, into 15 bins of equal width. The error is the mean over cells of the
    distance between mean score and share of true labels of their bin. With thousands of labels
    nearly all cells have a score and a share near 0, which makes this error small whatever the
    model; ``ece_shown`` is the same of only the cells with a score of at least 0.1.

    Raises:
        ValueError: the shapes differ, or a score is not 0 to 1.

    Source: Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks, for
    binary labels.
    """
    return measure_calibration(scores, targets, ())[0]


def measure_calibration(
    scores: NDArray[Any], targets: Any, level_slices: Sequence[slice]
) -> tuple[Calibration, ...]:
    """Compute :func:`calibration` of all labels, then of each level, in one pass.

    Raises:
        ValueError: the shapes differ, or a score is not 0 to 1.
    """
    check_same_shape(scores=scores, targets=targets)
    true = as_binary(targets)
    groups = np.full(true.shape[1], len(level_slices), dtype=np.int64)
    for level, columns in enumerate(level_slices):
        groups[columns] = level
    # One bin more than BINS: the one that SHOWN divides is kept as two.
    offsets = groups * (BINS + 1)
    size = (len(level_slices) + 1) * (BINS + 1)
    count, trues, score = np.zeros(size), np.zeros(size), np.zeros(size)
    for rows in row_blocks(*true.shape):
        block = np.asarray(scores[rows], dtype=np.float64)
        if block.size and not (block.min() >= 0 and block.max() <= 1):  # NaN compares false
            raise ValueError("Expected scores from 0 to 1.")
        bins = np.minimum((block * BINS).astype(np.int64), BINS - 1)
        bins += np.asarray(scores[rows]) >= SHOWN
        bins += offsets
        count += np.bincount(bins.ravel(), minlength=size)
        score += np.bincount(bins.ravel(), weights=block.ravel(), minlength=size)
        row, column = true[rows].nonzero()
        trues += np.bincount(bins[row, column], minlength=size)
    sums = np.stack([count, trues, score]).reshape(3, -1, BINS + 1)
    return (
        _summarise(sums.sum(axis=1)),
        *(_summarise(sums[:, x]) for x in range(len(level_slices))),
    )


def _summarise(sums: NDArray[np.float64]) -> Calibration:
    """sums: (3, BINS + 1) cells, true cells and scores of each bin."""
    merged = np.delete(sums, _SHOWN_BIN + 1, axis=1)
    merged[:, _SHOWN_BIN] += sums[:, _SHOWN_BIN + 1]
    return Calibration(
        ece=_error(merged),
        ece_shown=_error(sums[:, _SHOWN_BIN + 1 :]),
        bins=tuple(
            ReliabilityBin(
                low=number / BINS,
                high=(number + 1) / BINS,
                count=int(count),
                mean_score=float(score / count) if count else None,
                share_true=float(true / count) if count else None,
            )
            for number, (count, true, score) in enumerate(merged.T)
        ),
    )


def _error(sums: NDArray[np.float64]) -> float | None:
    count, true, score = sums
    cells = float(count.sum())
    return float(np.abs(score - true).sum()) / cells if cells else None

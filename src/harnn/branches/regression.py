"""Logistic regression with a ridge, of all documents and of all but those of each fold.

Newton's method: with a few terms and millions of cells (documents times labels) what costs is to
walk over the cells. So each fold is measured of its own; their sum is what all documents say, and
the sum of the others what is known without a fold, for nothing. And the last step, which gains
next to nothing, is taken without a look at where it leads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks

_RIDGE = 1.0
_MOST_ROUNDS = 50
_LEAST_GAIN = 1e-7
_LEAST_STEP = 1e-4
_BLOCK_CELLS = 1 << 14
"""Documents times labels that are looked at together; they stay in the processor's cache."""
_PIECE = 512
"""Cells of one product: BLAS is slow where a matrix of few rows has very many columns."""


class FoldWeights(NamedTuple):
    """What was fitted to K terms."""

    weights: NDArray[np.float64]
    """(K,), of all documents."""
    without: tuple[NDArray[np.float64], ...]
    """For each fold (K,), of the documents of all others."""


class _Measured(NamedTuple):
    """A logistic regression at some weights."""

    loss: float
    gradient: NDArray[np.float64]
    curvature: NDArray[np.float64]

    def plus(self, other: Self, sign: int = 1) -> Self:
        return self._replace(
            loss=self.loss + sign * other.loss,
            gradient=self.gradient + sign * other.gradient,
            curvature=self.curvature + sign * other.curvature,
        )


_Measure = Callable[[NDArray[np.float64]], list[_Measured]]


def fit_folds(
    terms: NDArray[np.float32],
    true: NDArray[np.float32],
    prior: NDArray[np.float64],
    folds: Sequence[slice],
) -> FoldWeights:
    """Fit weights, which a ridge draws to *prior* (K,), to documents and without each fold.

    terms: (K, N, C); true: (N, C) of 0 and 1; folds: the documents of each, all once. A fold that
    has all documents leaves the others nothing to learn from: they keep *prior*.
    """

    def measure(chosen: Sequence[slice]) -> _Measure:
        return lambda weights: [_measured(terms[:, x], true[x], weights) for x in chosen]

    weights, (at, parts) = _newton(measure(folds), prior, prior)
    total = reduce(_Measured.plus, parts)
    without = []
    for number, part in enumerate(parts):
        others = [fold for other, fold in enumerate(folds) if other != number]
        known = [total.plus(part, sign=-1)]
        without.append(_newton(measure(others), prior, at, known)[0])
    return FoldWeights(weights, tuple(without))


def _newton(
    measure: _Measure,
    prior: NDArray[np.float64],
    start: NDArray[np.float64],
    known: list[_Measured] | None = None,
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], list[_Measured]]]:
    """Return the weights, and the last that were measured with what was found there.

    known: what *measure* would find at *start*.
    """

    def with_ridge(weights: NDArray[np.float64], parts: list[_Measured]) -> _Measured:
        away = weights - prior
        curvature = _RIDGE * np.eye(len(prior))
        ridge = _Measured(_RIDGE / 2 * float((away**2).sum()), _RIDGE * away, curvature)
        return reduce(_Measured.plus, parts, ridge)

    weights, parts = start, measure(start) if known is None else known
    current = with_ridge(weights, parts)
    for _ in range(_MOST_ROUNDS):
        step = np.linalg.solve(current.curvature, current.gradient)
        if current.gradient @ step / 2 <= _LEAST_GAIN * abs(current.loss):
            return weights - step, (weights, parts)
        length = 1.0
        found = measure(weights - step)
        there = with_ridge(weights - step, found)
        while length > _LEAST_STEP and there.loss > current.loss:
            length /= 2
            found = measure(weights - length * step)
            there = with_ridge(weights - length * step, found)
        weights, parts, current = weights - length * step, found, there
    return weights, (weights, parts)


def _measured(
    terms: NDArray[np.float32], true: NDArray[np.float32], weights: NDArray[np.float64]
) -> _Measured:
    """Return loss, gradient (K,) and curvature (K, K) of terms (K, N, C), without the ridge."""
    count, (rows, labels) = len(terms), true.shape
    loss, gradient, curvature = 0.0, np.zeros(count), np.zeros((count, count))
    weights = weights.astype(np.float32)
    for block in row_blocks(rows, labels, cells=_BLOCK_CELLS):
        matrix = terms[:, block].reshape(count, -1)
        target = true[block].reshape(-1)
        logits = weights @ matrix
        rare = np.exp(-np.abs(logits))  # from 0 to 1: nothing overflows
        likely = np.where(logits < 0, rare, 1) / (1 + rare)
        loss += float((np.maximum(logits, 0) + np.log1p(rare)).sum(dtype=np.float64))
        loss -= float(logits @ target)
        gradient += matrix @ (likely - target)
        curvature += _product(matrix * (likely * (1 - likely)), matrix)
    return _Measured(loss, gradient, curvature)


def _product(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return left (K, M) times right (K, M) transposed, as the sum of products of pieces."""
    count, cells = left.shape
    whole = cells // _PIECE * _PIECE
    pieces = [x[:, :whole].reshape(count, -1, _PIECE).swapaxes(0, 1) for x in (left, right)]
    product: NDArray[np.float32] = (pieces[0] @ pieces[1].swapaxes(1, 2)).sum(axis=0)
    return product + left[:, whole:] @ right[:, whole:].T

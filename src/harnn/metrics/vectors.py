"""How far the means of two samples of vectors are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

_STANDARD = NormalDist()


class MeanDistance(NamedTuple):
    """The distance of two means, in units of the spread of the first sample; 0 or more."""

    value: float
    low: float
    """The interval from here"""
    high: float
    """to here."""


@dataclass(frozen=True, slots=True, eq=False)
class VectorSums:
    """Sums over N vectors of size D that tell their mean and spread; they add up."""

    count: int
    sums: NDArray[np.float64]
    """(D,)"""
    squares: float
    """Of all lengths."""
    products: NDArray[np.float64] | None = None
    """(D, D); None where they are not kept."""

    @classmethod
    def of(cls, vectors: NDArray[np.float32], *, products: bool = True) -> Self:
        """Sum over vectors (N, D); products: whether those of components are kept."""
        exact = vectors.astype(np.float64)
        sums, squares = exact.sum(axis=0), float(np.vdot(exact, exact))
        return cls(len(exact), sums, squares, exact.T @ exact if products else None)

    def __add__(self, other: Self) -> Self:
        products = None
        if self.products is not None and other.products is not None:
            products = self.products + other.products
        return type(self)(
            self.count + other.count,
            self.sums + other.sums,
            self.squares + other.squares,
            products,
        )

    @property
    def mean(self) -> NDArray[np.float64]:
        """(D,)"""
        return self.sums / self.count

    @property
    def spread(self) -> float:
        """The variance of all components together."""
        mean = self.mean
        return max(0.0, (self.squares - self.count * float(mean @ mean)) / (self.count - 1))


def squared_distance(before: VectorSums, now: VectorSums) -> float:
    """Return the squared distance of two means, less what chance alone gives: it may be below 0.

    Raises:
        ValueError: sizes differ, or a sample has fewer than two vectors.
    """
    if before.sums.shape != now.sums.shape or min(before.count, now.count) < 2:
        raise ValueError("Expected two samples of at least two vectors of one size.")
    step = now.mean - before.mean
    return float(step @ step) - before.spread / before.count - now.spread / now.count


def mean_distance(before: VectorSums, now: VectorSums, *, error: float = 0.05) -> MeanDistance:
    """Return how far apart the means of two samples are, less what chance alone would give.

    The squared distance is a maximum mean discrepancy with a linear kernel, without its bias. Its
    variance is from the covariances of *now*, whose products are needed. error: how often the
    interval may miss.

    Raises:
        ValueError: sizes differ, a sample has fewer than two vectors, or *now* no products.

    Source: Chen and Qin (2010), A two-sample test for high-dimensional data with applications to
    gene-set testing; the trace of the squared covariance after Bai and Saranadasa (1996).
    """
    if now.products is None:
        raise ValueError("Expected products of the second sample.")
    square = squared_distance(before, now)
    step, scale = now.mean - before.mean, 1 / before.count + 1 / now.count
    covariance = now.products - now.count * np.outer(now.mean, now.mean)
    covariance /= now.count - 1
    trace = float(np.vdot(covariance, covariance)) - now.spread**2 / (now.count - 1)
    trace = max(trace, 0.0)
    along = max(0.0, float(step @ covariance @ step) - trace * scale)
    error_of_square = math.sqrt(2 * trace * scale**2 + 4 * along * scale)
    reach = _STANDARD.inv_cdf(1 - error / 2) * error_of_square
    ends = (square, square - reach, square + reach)
    return MeanDistance(*(in_spreads(each, before) for each in ends))


def in_spreads(square: float, before: VectorSums) -> float:
    """Return a squared distance as a distance in units of the spread of a sample; 0 or more."""
    return math.sqrt(max(0.0, square) / max(before.spread, np.finfo(np.float64).tiny))

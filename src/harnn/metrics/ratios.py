"""Ratios of sums over documents, such as a share of words or micro-F1, and how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import add
from statistics import NormalDist
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

_STANDARD = NormalDist()


class RatioChange(NamedTuple):
    """What a ratio has risen by."""

    value: float
    low: float
    """The interval from here"""
    high: float
    """to here; infinite where nothing can be said."""


@dataclass(frozen=True, slots=True)
class RatioSums:
    """Sums over documents that tell the ratio of two of them, and its variance; they add up."""

    documents: int = 0
    tops: float = 0.0
    bottoms: float = 0.0
    top_squares: float = 0.0
    bottom_squares: float = 0.0
    products: float = 0.0

    @classmethod
    def of(cls, tops: ArrayLike, bottoms: ArrayLike) -> Self:
        """Sum over N documents; tops, bottoms: (N,) of each."""
        top, bottom = np.asarray(tops, np.float64), np.asarray(bottoms, np.float64)
        sums = (top.sum(), bottom.sum(), top @ top, bottom @ bottom, top @ bottom)
        return cls(len(top), *map(float, sums))

    def __add__(self, other: Self) -> Self:
        return type(self)(*map(add, self.to_list(), other.to_list()))

    @property
    def value(self) -> float | None:
        """The ratio; None of nothing."""
        return self.tops / self.bottoms if self.bottoms > 0 else None

    @property
    def variance(self) -> float:
        """Of the ratio, documents being drawn independently; infinite of fewer than two.

        Source: Cochran (1977), Sampling Techniques, section 6.3: the ratio estimator, linearised.
        """
        ratio, count = self.value, self.documents
        if ratio is None or count < 2:
            return math.inf
        left = self.top_squares - 2 * ratio * self.products + ratio * ratio * self.bottom_squares
        return max(left, 0.0) * count / (count - 1) / self.bottoms / self.bottoms

    def change_to(self, now: Self, *, error: float = 0.05) -> RatioChange | None:
        """Return what the ratio has risen by; error: how often the interval may miss.

        None where one of both is a ratio of nothing.
        """
        if self.value is None or now.value is None:
            return None
        value = now.value - self.value
        spread = _STANDARD.inv_cdf(1 - error / 2) * math.sqrt(self.variance + now.variance)
        return RatioChange(value, value - spread, value + spread)

    def to_list(self) -> list[Any]:
        """Return plain numbers for JSON, in the order of the fields."""
        return [getattr(self, name) for name in self.__slots__]

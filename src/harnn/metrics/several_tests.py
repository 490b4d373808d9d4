"""Several tests at once: what a small p-value is worth when there are many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values (n,) adjusted so that all n tests together err as often as one.

    The smallest is multiplied by n, the next by n - 1, and so on; none gets smaller than the one
    before it, and none larger than 1. Calling a difference real where the adjusted value is below
    0.05 calls any difference real by mistake in at most 5 of 100 such sets of tests, however the
    tests depend on each other.

    Raises:
        ValueError: they are no list of numbers from 0 to 1.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    given = _checked(p_values)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values (n,) adjusted so that few of those called small are so by mistake.

    Of n tests the k-th smallest is multiplied by n / k, and none gets larger than the one after it.
    Of the differences whose adjusted value is below 0.05, at most 5 in 100 are expected to be none;
    where there is no difference at all, any is found in at most 5 of 100 such sets of tests.

    Raises:
        ValueError: they are no list of numbers from 0 to 1.

    Source: Benjamini and Hochberg (1995), Controlling the false discovery rate.
    """
    given = _checked(p_values)
    order = np.argsort(given, kind="stable")
    steps = given[order] * len(given) / np.arange(1, len(given) + 1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return adjusted


def _checked(p_values: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1 or not ((given >= 0) & (given <= 1)).all():
        raise ValueError("Expected a list of p-values from 0 to 1.")
    return given

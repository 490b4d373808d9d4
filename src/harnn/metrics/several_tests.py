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
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1 or not ((given >= 0) & (given <= 1)).all():
        raise ValueError("Expected a list of p-values from 0 to 1.")
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted

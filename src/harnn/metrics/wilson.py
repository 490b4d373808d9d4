"""How sure a share is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054
"""97.5% of a standard normal distribution lie below it."""


def wilson_interval(hits: int, total: int, *, z: float = Z) -> tuple[float, float]:
    """Return the interval of the share *hits* of *total*: of 95%, or what *z* says.

    Raises:
        ValueError: there is nothing, or more hits than there are.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if total < 1 or not 0 <= hits <= total:
        raise ValueError(f"Expected 0 to {total} of at least 1, got {hits}.")
    low, high = wilson_bounds(hits / total, total, z=z)
    return float(low), float(high)


def wilson_bounds(
    shares: ArrayLike, totals: ArrayLike, *, z: float = Z
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper ends of the intervals of shares, 0 to 1, of so many.

    Shapes as NumPy broadcasts them; shares need not be of whole hits, totals are at least 1.
    """
    share, total = np.asarray(shares, np.float64), np.asarray(totals, np.float64)
    square = z * z
    middle = share + square / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + square / (4 * total * total))
    whole = 1 + square / total
    low = np.minimum(share, np.maximum(0, (middle - spread) / whole))  # rounding moves 0 and 1
    return low, np.maximum(share, np.minimum(1, (middle + spread) / whole))

"""How sure a share is."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""97.5% of a standard normal distribution lie below it."""


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of the share *hits* of *total*.

    Raises:
        ValueError: there is nothing, or more hits than there are.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if total < 1 or not 0 <= hits <= total:
        raise ValueError(f"Expected 0 to {total} of at least 1, got {hits}.")
    return wilson_of_share(hits / total, total)


def wilson_of_share(share: float, total: int) -> tuple[float, float]:
    """Do the same for a share, 0 to 1, that need not be of whole hits; total: at least 1."""
    square = Z * Z
    middle = share + square / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    whole = 1 + square / total
    low, high = (middle - spread) / whole, (middle + spread) / whole
    return min(share, max(0.0, low)), max(share, min(1.0, high))  # rounding moves 0 and 1

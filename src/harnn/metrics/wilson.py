"""How sure a share is."""

from __future__ import annotations

import math

_Z = 1.959963984540054
"""97.5% of a standard normal distribution lie below it."""


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of the share *hits* of *total*.

    Raises:
        ValueError: there is nothing, or more hits than there are.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if total < 1 or not 0 <= hits <= total:
        raise ValueError(f"Expected 0 to {total} of at least 1, got {hits}.")
    share, square = hits / total, _Z * _Z
    middle = share + square / (2 * total)
    spread = _Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    whole = 1 + square / total
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)

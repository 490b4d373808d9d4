"""How sure the difference of two shares is."""

from __future__ import annotations

import math

from harnn.metrics.wilson import Z, wilson_interval


def newcombe_interval(
    hits: int, total: int, other_hits: int, other_total: int, *, z: float = Z
) -> tuple[float, float]:
    """Return the interval of ``hits / total - other_hits / other_total``, -1 to 1.

    It is that of 95%, or of what *z*, a quantile of the standard normal distribution, says. Both
    shares are of documents, or whatever is counted, that have nothing to do with each other.

    Raises:
        ValueError: there is nothing of one kind, or more hits than there are.

    Source: Newcombe (1998), Interval estimation for the difference between independent
    proportions: comparison of eleven methods; method 10, from Wilson's intervals.
    """
    low, high = wilson_interval(hits, total, z=z)
    other_low, other_high = wilson_interval(other_hits, other_total, z=z)
    share, other = hits / total, other_hits / other_total
    down = math.hypot(share - low, other_high - other)
    up = math.hypot(high - share, other - other_low)
    return max(-1.0, share - other - down), min(1.0, share - other + up)

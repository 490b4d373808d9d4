"""How sure the difference of two shares is."""

from __future__ import annotations

import math

from harnn.metrics.wilson import wilson_interval


def newcombe_interval(
    hits: int, total: int, other_hits: int, other_total: int
) -> tuple[float, float]:
    """Return the 95% interval of ``hits / total - other_hits / other_total``, -1 to 1.

    Both shares are of documents, or whatever is counted, that have nothing to do with each other.

    Raises:
        ValueError: there is nothing of one kind, or more hits than there are.

    Source: Newcombe (1998), Interval estimation for the difference between independent
    proportions: comparison of eleven methods; method 10, from Wilson's intervals.
    """
    low, high = wilson_interval(hits, total)
    other_low, other_high = wilson_interval(other_hits, other_total)
    share, other = hits / total, other_hits / other_total
    down = math.hypot(share - low, other_high - other)
    up = math.hypot(high - share, other - other_low)
    return max(-1.0, share - other - down), min(1.0, share - other + up)

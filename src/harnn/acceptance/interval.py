"""A share that was counted, with its doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harnn._display import percent
from harnn.metrics import wilson_interval


@dataclass(frozen=True, slots=True)
class Interval:
    """How many of some were right, with the 95% Wilson interval of that share.

    Raises:
        ValueError: there is nothing, or more are right than there are.
    """

    right: int
    count: int

    def __post_init__(self) -> None:
        wilson_interval(self.right, self.count)

    @property
    def share(self) -> float:
        """What is right of all, 0 to 1."""
        return self.right / self.count

    @property
    def low(self) -> float:
        """The lower end of the interval, 0 to 1."""
        return wilson_interval(self.right, self.count)[0]

    @property
    def high(self) -> float:
        """The upper end of the interval, 0 to 1."""
        return wilson_interval(self.right, self.count)[1]

    @property
    def spread(self) -> float:
        """Half the width of the interval, which does not stand in the middle of it."""
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        return f"{percent(self.share)} ± {100 * self.spread:.1f}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        names = ("right", "count", "share", "low", "high")
        return {name: getattr(self, name) for name in names}


def wilson(right: int, count: int) -> Interval:
    """Return the share *right* of *count* with its 95% interval.

    Raises:
        ValueError: there is nothing, or more are right than there are.

    Source: Wilson (1927), see :func:`harnn.metrics.wilson_interval`.
    """
    return Interval(right, count)


def as_asked(share: float) -> str:
    """Return a share that somebody asked for, as ``95%`` or ``99.5%``."""
    return f"{100 * share:.6g}%"

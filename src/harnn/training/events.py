"""What is told while training goes on, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harnn.bundle import EpochRow


@dataclass(frozen=True, kw_only=True)
class Step:
    """Told after every optimiser step."""

    epoch: int
    step: int
    """Steps done in all epochs."""
    steps: int
    """Steps of all epochs."""
    loss: float
    """Mean of this epoch so far."""
    documents_per_second: float


@dataclass(frozen=True)
class Stage:
    """Told when something begins or has been found out that a user may want to know."""

    message: str


Event = Step | EpochRow | Stage
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing."""

"""Learning-rate schedules as factors of the peak rate."""

from __future__ import annotations

from collections.abc import Callable

_DECAY, _DECAY_STEPS = 0.95, 500


def rate_factor(schedule: str, *, steps: int, warmup: float) -> Callable[[int], float]:
    """Return the factor of the peak rate at each 0-based step.

    ``one-cycle``: linear from near 0 to 1 over *warmup* (a share of *steps*), then linear to 0.
    ``exponential``: by 0.95 in 500 steps, smoothly; the paper's authors do it in steps of 500.
    """

    def one_cycle(step: int) -> float:
        progress = (step + 1) / max(1, steps)
        if progress < warmup:
            return progress / warmup
        return max(0.0, (1 - progress) / (1 - warmup)) if warmup < 1 else 1.0

    def exponential(step: int) -> float:
        return float(_DECAY ** (step / _DECAY_STEPS))

    def constant(_step: int) -> float:
        return 1.0

    return {"one-cycle": one_cycle, "exponential": exponential, "constant": constant}[schedule]

"""Better settings, and how much a score owes to chance: many trainings told as one."""

from harnn.search.figure import draw_importance, write_importance
from harnn.search.seeds import SeedSweep, sweep_seeds
from harnn.search.space import Space
from harnn.search.trials import Best, Trial
from harnn.search.tuning import Tuned, tune

__all__ = [
    "Best",
    "SeedSweep",
    "Space",
    "Trial",
    "Tuned",
    "draw_importance",
    "sweep_seeds",
    "tune",
    "write_importance",
]

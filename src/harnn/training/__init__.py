"""Training: the only room with state over time."""

from harnn.training.fit import FitResult, Source, fit
from harnn.training.history import EpochRow, Event, History, Listener, Stage, Step
from harnn.training.process import tune_process

__all__ = [
    "EpochRow",
    "Event",
    "FitResult",
    "History",
    "Listener",
    "Source",
    "Stage",
    "Step",
    "fit",
    "tune_process",
]

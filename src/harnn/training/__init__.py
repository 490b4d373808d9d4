"""Training: the only room with state over time."""

from harnn.training.ensemble import Ensemble
from harnn.training.fit import FitResult, fit
from harnn.training.history import EpochRow, Event, History, Listener, Stage, Step
from harnn.training.process import tune_process
from harnn.training.sources import Source

__all__ = [
    "Ensemble",
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

"""Training: the only room with state over time.

Names are imported when first used, so that loading a model does not load what only training needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harnn.training.ensemble import Ensemble
    from harnn.training.fitting import FitResult, fit
    from harnn.training.history import EpochRow, Event, History, Listener, Stage, Step
    from harnn.training.process import tune_process

_HOMES = {
    "Ensemble": "ensemble",
    "EpochRow": "history",
    "Event": "history",
    "FitResult": "fitting",
    "History": "history",
    "Listener": "history",
    "Stage": "history",
    "Step": "history",
    "fit": "fitting",
    "tune_process": "process",
}

__all__ = [
    "Ensemble",
    "EpochRow",
    "Event",
    "FitResult",
    "History",
    "Listener",
    "Stage",
    "Step",
    "fit",
    "tune_process",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"harnn.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harnn.training' has no attribute {name!r}")

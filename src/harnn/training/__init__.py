"""Training: the only room with state over time.

Names are imported when first used, so that loading a model does not load what only training needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harnn.training.checks import check_before
    from harnn.training.events import Event, Listener, Stage, Step
    from harnn.training.finished import holds_finished, is_finished
    from harnn.training.fitting import FitResult, fit
    from harnn.training.folds import CrossValidation, cross_validate
    from harnn.training.plan import TrainingFacts, TrainingPlan, estimate_training_memory
    from harnn.training.validation import Validation, validate

_HOMES = {
    "CrossValidation": "folds",
    "Event": "events",
    "FitResult": "fitting",
    "Listener": "events",
    "Stage": "events",
    "Step": "events",
    "TrainingFacts": "plan",
    "TrainingPlan": "plan",
    "Validation": "validation",
    "check_before": "checks",
    "cross_validate": "folds",
    "estimate_training_memory": "plan",
    "fit": "fitting",
    "holds_finished": "finished",
    "is_finished": "finished",
    "validate": "validation",
}

__all__ = [
    "CrossValidation",
    "Event",
    "FitResult",
    "Listener",
    "Stage",
    "Step",
    "TrainingFacts",
    "TrainingPlan",
    "Validation",
    "check_before",
    "cross_validate",
    "estimate_training_memory",
    "fit",
    "holds_finished",
    "is_finished",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"harnn.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harnn.training' has no attribute {name!r}")

"""Training: the only room with state over time.

Names are imported when first used, so that loading a model does not load what only training needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.training.checks import check_before
    from harnn.training.events import (
        BranchScored,
        BranchStarted,
        Event,
        Finished,
        Listener,
        Part,
        Stage,
        Started,
        Step,
        StopTraining,
        as_listener,
    )
    from harnn.training.finished import holds_finished, is_finished
    from harnn.training.fitting import FitResult, fit
    from harnn.training.folds import CrossValidation, cross_validate
    from harnn.training.following import follow
    from harnn.training.going_on import settle_start
    from harnn.training.old_model import OldModel
    from harnn.training.plan import TrainingFacts, TrainingPlan, estimate_training_memory
    from harnn.training.progress import Selection, ValidatedEpoch
    from harnn.training.ranks import Ranks
    from harnn.training.reference import reference_of
    from harnn.training.validation import Validation, validate


on_demand(
    __name__,
    {
        "checks": "check_before",
        "events": "BranchScored BranchStarted Event Finished Listener Part Stage Started Step "
        "StopTraining as_listener",
        "finished": "holds_finished is_finished",
        "fitting": "FitResult fit",
        "following": "follow",
        "folds": "CrossValidation cross_validate",
        "going_on": "settle_start",
        "old_model": "OldModel",
        "plan": "TrainingFacts TrainingPlan estimate_training_memory",
        "progress": "Selection ValidatedEpoch",
        "ranks": "Ranks",
        "reference": "reference_of",
        "validation": "Validation validate",
    },
)

__all__ = [
    "BranchScored",
    "BranchStarted",
    "CrossValidation",
    "Event",
    "Finished",
    "FitResult",
    "Listener",
    "OldModel",
    "Part",
    "Ranks",
    "Selection",
    "Stage",
    "Started",
    "Step",
    "StopTraining",
    "TrainingFacts",
    "TrainingPlan",
    "ValidatedEpoch",
    "Validation",
    "as_listener",
    "check_before",
    "cross_validate",
    "estimate_training_memory",
    "fit",
    "follow",
    "holds_finished",
    "is_finished",
    "reference_of",
    "settle_start",
    "validate",
]

"""A loaded model that answers: predict, evaluate, explain, compare.

Nothing on the way from a text to an answer reads :mod:`harnn.training`.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.answers import PredictedLabel, Prediction
from harnn.prediction.examples import Examples
from harnn.prediction.predictor import Predictor, load_predictors

if TYPE_CHECKING:
    from harnn.prediction.accepting import (
        AcceptanceTrial,
        check_acceptance,
        check_closed,
        measure_acceptance,
    )
    from harnn.prediction.comparison import (
        ComparedSystem,
        SystemsComparison,
        compare_models,
        compare_systems,
    )
    from harnn.prediction.foreign import ForeignAnswers, check_predictions, read_predictions
    from harnn.prediction.processes import WorkerError
    from harnn.prediction.seen import Seen, SeenDocuments
    from harnn.prediction.workers import AnsweredBlock, Workers

__getattr__, __dir__ = on_demand(
    __name__,
    {
        "accepting": "AcceptanceTrial check_acceptance check_closed measure_acceptance",
        "comparison": "ComparedSystem SystemsComparison compare_models compare_systems",
        "foreign": "ForeignAnswers check_predictions read_predictions",
        "processes": "WorkerError",
        "seen": "Seen SeenDocuments",
        "workers": "AnsweredBlock Workers",
    },
)

__all__ = [
    "AcceptanceTrial",
    "AnsweredBlock",
    "ComparedSystem",
    "Examples",
    "ForeignAnswers",
    "PredictedLabel",
    "Prediction",
    "Predictor",
    "Seen",
    "SeenDocuments",
    "SystemsComparison",
    "WorkerError",
    "Workers",
    "check_acceptance",
    "check_closed",
    "check_predictions",
    "compare_models",
    "compare_systems",
    "load_predictors",
    "measure_acceptance",
    "read_predictions",
]

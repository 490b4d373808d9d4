"""A loaded model that answers: predict, evaluate, explain, compare.

Nothing on the way from a text to an answer reads :mod:`harnn.training`.
"""

from harnn.answers import PredictedLabel, Prediction
from harnn.prediction.comparison import (
    ComparedSystem,
    SystemsComparison,
    compare_models,
    compare_systems,
)
from harnn.prediction.examples import Examples
from harnn.prediction.foreign import ForeignAnswers, check_predictions, read_predictions
from harnn.prediction.predictor import Predictor, load_predictors
from harnn.prediction.seen import Seen, SeenDocuments

__all__ = [
    "ComparedSystem",
    "Examples",
    "ForeignAnswers",
    "PredictedLabel",
    "Prediction",
    "Predictor",
    "Seen",
    "SeenDocuments",
    "SystemsComparison",
    "check_predictions",
    "compare_models",
    "compare_systems",
    "load_predictors",
    "read_predictions",
]

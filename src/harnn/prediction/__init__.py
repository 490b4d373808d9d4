"""A loaded model that answers: predict, evaluate, explain, compare.

Nothing on the way from a text to an answer reads :mod:`harnn.training`.
"""

from harnn.answers import PredictedLabel, Prediction
from harnn.prediction.comparison import compare_models
from harnn.prediction.predictor import Predictor

__all__ = ["PredictedLabel", "Prediction", "Predictor", "compare_models"]

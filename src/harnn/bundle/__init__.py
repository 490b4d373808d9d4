"""A trained thing: the model directory and the predictor that reads it."""

from harnn.bundle.comparison import compare_models
from harnn.bundle.exporting import export_onnx
from harnn.bundle.predictor import (
    Explanation,
    LabelExplanation,
    PredictedLabel,
    Prediction,
    Predictor,
    WordWeight,
)
from harnn.bundle.storage import CHECKPOINTS, Bundle, load_bundle, marker_of, save_bundle
from harnn.bundle.strategies import StrategyReport

__all__ = [
    "CHECKPOINTS",
    "Bundle",
    "Explanation",
    "LabelExplanation",
    "PredictedLabel",
    "Prediction",
    "Predictor",
    "StrategyReport",
    "WordWeight",
    "compare_models",
    "export_onnx",
    "load_bundle",
    "marker_of",
    "save_bundle",
]

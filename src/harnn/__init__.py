"""File documents under a taxonomy: hierarchical multi-label text classification with HARNN.

Everything public is here; names are imported when first used, so that ``import harnn`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from harnn.bundle import Bundle, export_onnx, load_bundle, save_bundle
    from harnn.config import Config
    from harnn.converters import convert
    from harnn.data import (
        Document,
        SplitSettings,
        learn_taxonomy,
        read_documents,
        split_documents,
        write_rows,
        write_split,
    )
    from harnn.decode import Decoder, Scores
    from harnn.errors import HarnnError
    from harnn.estimator import (
        HarnnClassifier,
        HierarchicalLabelBinarizer,
        HierarchicalThresholdClassifier,
    )
    from harnn.evaluation import find_label_errors, load_out_of_fold
    from harnn.explain import Explanation, write_html
    from harnn.metrics import Report, evaluate
    from harnn.prediction import Prediction, Predictor, compare_models, compare_systems
    from harnn.report import ModelReport, make_report
    from harnn.taxonomy import Hierarchy, Taxonomy, write_taxonomy
    from harnn.text import Tokenizer
    from harnn.training import CrossValidation, FitResult, Validation, cross_validate, fit, validate

_HOMES = {
    "Bundle": "bundle",
    "Config": "config",
    "CrossValidation": "training",
    "Decoder": "decode",
    "Document": "data",
    "Explanation": "explain",
    "FitResult": "training",
    "HarnnClassifier": "estimator",
    "HarnnError": "errors",
    "HierarchicalLabelBinarizer": "estimator",
    "HierarchicalThresholdClassifier": "estimator",
    "Hierarchy": "taxonomy",
    "ModelReport": "report",
    "Prediction": "prediction",
    "Predictor": "prediction",
    "Report": "metrics",
    "Scores": "decode",
    "SplitSettings": "data",
    "Taxonomy": "taxonomy",
    "Tokenizer": "text",
    "Validation": "training",
    "compare_models": "prediction",
    "cross_validate": "training",
    "convert": "converters",
    "compare_systems": "prediction",
    "evaluate": "metrics",
    "export_onnx": "bundle",
    "find_label_errors": "evaluation",
    "fit": "training",
    "learn_taxonomy": "data",
    "load_bundle": "bundle",
    "load_out_of_fold": "evaluation",
    "make_report": "report",
    "read_documents": "data",
    "save_bundle": "bundle",
    "split_documents": "data",
    "validate": "training",
    "write_html": "explain",
    "write_rows": "data",
    "write_split": "data",
    "write_taxonomy": "taxonomy",
}

__all__ = [
    "Bundle",
    "Config",
    "CrossValidation",
    "Decoder",
    "Document",
    "Explanation",
    "FitResult",
    "HarnnClassifier",
    "HarnnError",
    "HierarchicalLabelBinarizer",
    "HierarchicalThresholdClassifier",
    "Hierarchy",
    "ModelReport",
    "Prediction",
    "Predictor",
    "Report",
    "Scores",
    "SplitSettings",
    "Taxonomy",
    "Tokenizer",
    "Validation",
    "__version__",
    "compare_models",
    "compare_systems",
    "convert",
    "cross_validate",
    "evaluate",
    "export_onnx",
    "find_label_errors",
    "fit",
    "learn_taxonomy",
    "load_bundle",
    "load_out_of_fold",
    "make_report",
    "read_documents",
    "save_bundle",
    "split_documents",
    "validate",
    "write_html",
    "write_rows",
    "write_split",
    "write_taxonomy",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"harnn.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

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
    from harnn.data import Document, learn_taxonomy, read_documents
    from harnn.decode import Decoder, Scores
    from harnn.errors import HarnnError
    from harnn.explain import Explanation, write_html
    from harnn.metrics import Report, evaluate
    from harnn.prediction import Prediction, Predictor, compare_models, compare_systems
    from harnn.report import ModelReport, make_report
    from harnn.taxonomy import Hierarchy, Taxonomy
    from harnn.text import Tokenizer
    from harnn.training import FitResult, Validation, fit, validate

_HOMES = {
    "Bundle": "bundle",
    "Config": "config",
    "Decoder": "decode",
    "Document": "data",
    "Explanation": "explain",
    "FitResult": "training",
    "HarnnError": "errors",
    "Hierarchy": "taxonomy",
    "ModelReport": "report",
    "Prediction": "prediction",
    "Predictor": "prediction",
    "Report": "metrics",
    "Scores": "decode",
    "Taxonomy": "taxonomy",
    "Tokenizer": "text",
    "Validation": "training",
    "compare_models": "prediction",
    "compare_systems": "prediction",
    "evaluate": "metrics",
    "export_onnx": "bundle",
    "fit": "training",
    "learn_taxonomy": "data",
    "load_bundle": "bundle",
    "make_report": "report",
    "read_documents": "data",
    "save_bundle": "bundle",
    "validate": "training",
    "write_html": "explain",
}

__all__ = [
    "Bundle",
    "Config",
    "Decoder",
    "Document",
    "Explanation",
    "FitResult",
    "HarnnError",
    "Hierarchy",
    "ModelReport",
    "Prediction",
    "Predictor",
    "Report",
    "Scores",
    "Taxonomy",
    "Tokenizer",
    "Validation",
    "__version__",
    "compare_models",
    "compare_systems",
    "evaluate",
    "export_onnx",
    "fit",
    "learn_taxonomy",
    "load_bundle",
    "make_report",
    "read_documents",
    "save_bundle",
    "validate",
    "write_html",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"harnn.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

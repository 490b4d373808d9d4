"""File documents under a taxonomy: hierarchical multi-label text classification with HARNN.

Everything public is here; names are imported when first used, so that ``import harnn`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from harnn.bundle import (
        Explanation,
        Prediction,
        Predictor,
        export_onnx,
        load_bundle,
        save_bundle,
    )
    from harnn.config import Config
    from harnn.data import Document, learn_taxonomy, read_documents, validate
    from harnn.decode import Decoder, Scores
    from harnn.errors import HarnnError
    from harnn.explain import write_html
    from harnn.metrics import Report, evaluate
    from harnn.taxonomy import Taxonomy
    from harnn.text import Encoder
    from harnn.training import FitResult, fit

_HOMES = {
    "Config": "config",
    "Decoder": "decode",
    "Document": "data",
    "Encoder": "text",
    "Explanation": "bundle",
    "FitResult": "training",
    "HarnnError": "errors",
    "Prediction": "bundle",
    "Predictor": "bundle",
    "Report": "metrics",
    "Scores": "decode",
    "Taxonomy": "taxonomy",
    "evaluate": "metrics",
    "export_onnx": "bundle",
    "fit": "training",
    "learn_taxonomy": "data",
    "load_bundle": "bundle",
    "read_documents": "data",
    "save_bundle": "bundle",
    "validate": "data",
    "write_html": "explain",
}

__all__ = [
    "Config",
    "Decoder",
    "Document",
    "Encoder",
    "Explanation",
    "FitResult",
    "HarnnError",
    "Prediction",
    "Predictor",
    "Report",
    "Scores",
    "Taxonomy",
    "__version__",
    "evaluate",
    "export_onnx",
    "fit",
    "learn_taxonomy",
    "load_bundle",
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

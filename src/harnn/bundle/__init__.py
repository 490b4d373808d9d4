"""A trained model as a directory of open formats; nothing pickled is ever loaded."""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.bundle.bundle import MIGRATED, Bundle
from harnn.bundle.fingerprint import fingerprint, fingerprint_of
from harnn.bundle.history import EpochRow, History
from harnn.bundle.layout import CHECKPOINTS, marker_of
from harnn.bundle.load import is_light, load_bundle
from harnn.bundle.provenance import Provenance, ProvenanceStep

if TYPE_CHECKING:
    from harnn.bundle.decoding import change_decoding
    from harnn.bundle.export import export_onnx
    from harnn.bundle.fixes import contents_of_fixes, telling_of_fixes
    from harnn.bundle.info import ModelFile, ModelInfo, model_info
    from harnn.bundle.save import merge_parts, save_bundle

on_demand(
    __name__,
    {
        "decoding": "change_decoding",
        "export": "export_onnx",
        "fixes": "contents_of_fixes telling_of_fixes",
        "info": "ModelFile ModelInfo model_info",
        "save": "merge_parts save_bundle",
    },
)

__all__ = [
    "CHECKPOINTS",
    "MIGRATED",
    "Bundle",
    "EpochRow",
    "History",
    "ModelFile",
    "ModelInfo",
    "Provenance",
    "ProvenanceStep",
    "change_decoding",
    "contents_of_fixes",
    "export_onnx",
    "fingerprint",
    "fingerprint_of",
    "is_light",
    "load_bundle",
    "marker_of",
    "merge_parts",
    "model_info",
    "save_bundle",
    "telling_of_fixes",
]

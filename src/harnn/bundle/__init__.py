"""A trained model as a directory of open formats; nothing pickled is ever loaded."""

from harnn.bundle.bundle import Bundle
from harnn.bundle.decoding import change_decoding
from harnn.bundle.export import export_onnx
from harnn.bundle.fingerprint import fingerprint
from harnn.bundle.history import EpochRow, History
from harnn.bundle.layout import CHECKPOINTS, marker_of
from harnn.bundle.load import load_bundle
from harnn.bundle.save import save_bundle

__all__ = [
    "CHECKPOINTS",
    "Bundle",
    "EpochRow",
    "History",
    "change_decoding",
    "export_onnx",
    "fingerprint",
    "load_bundle",
    "marker_of",
    "save_bundle",
]

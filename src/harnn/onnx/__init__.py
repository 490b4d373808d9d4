"""The same answers without PyTorch: networks as ONNX graphs, everything else with NumPy."""

from harnn.onnx.ensemble import OnnxEnsemble, OnnxNetwork, PlainSentence

__all__ = ["OnnxEnsemble", "OnnxNetwork", "PlainSentence"]

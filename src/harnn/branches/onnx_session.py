"""ONNX Runtime as every exported graph is opened in it; no torch."""

from __future__ import annotations

import os
from typing import Any

from harnn._display import reason_of
from harnn._optional import require


def open_session(graph: bytes, threads: int = 0) -> Any:
    """Return what computes a graph on the CPU.

    threads: 0: as many as ``OMP_NUM_THREADS`` says, else as there are cores.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ValueError: the graph is damaged.
    """
    runtime = require("onnxruntime", extra="onnx", purpose="A model exported to ONNX")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or _threads_of_environment()
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of a family that ONNX Runtime does not export
        raise ValueError(reason_of(error, 300)) from None


def _threads_of_environment() -> int:
    """Return what ``OMP_NUM_THREADS`` says of the outermost level, as in ``4,2``; 0: nothing."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdecimal() and len(first) < 5 else 0

"""The files of a model directory, each name once.

model.safetensors  weights of all branches   taxonomy.json   labels, names, edges, version
config.json        settings and shapes       tokenizer.json  from text to token ids
linear.json        words, pieces of words    decode.json     thresholds, calibration
history.jsonl      one line an epoch         metrics.json    validation report
labels.json        F1 of single labels      checksums.json  SHA-256 of the other files
reference.json     figures of the validation documents, to compare others with
provenance.json    who made it, when, of what; in no list of checksums, it has its own
README.md          model card

A model exported to ONNX (``"runtime": "onnx"`` in config.json) has ``network-1.onnx`` and so on for
its networks and is read without PyTorch. Files of one branch alone are named in its own folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FORMAT = 3
CONFIG, DECODE, METRICS = "config.json", "decode.json", "metrics.json"
ARRAYS, TAXONOMY, TOKENIZER = "model.safetensors", "taxonomy.json", "tokenizer.json"
HISTORY, CARD, CHECKSUMS = "history.jsonl", "README.md", "checksums.json"
LABELS, REFERENCE, PROVENANCE = "labels.json", "reference.json", "provenance.json"
"""Older models have none."""
FILES = (CONFIG, DECODE, METRICS, ARRAYS, TAXONOMY, TOKENIZER)
"""What every model has."""
CHECKPOINTS = "checkpoint"
TORCH, ONNX = "torch", "onnx"
"""What computes the networks of a model."""


def marker_of(directory: Path) -> str:
    """Return the name in *directory* that tells a model or a stopped run from other things."""
    return CHECKPOINTS if (directory / CHECKPOINTS).is_dir() else CONFIG


def to_json(value: Any) -> str:
    """Return JSON as model directories hold it."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def to_bytes(text: str) -> bytes:
    """Return text as a file holds it; half surrogates as ``\\ud800``, which JSON reads back."""
    return text.encode("utf-8", "backslashreplace")

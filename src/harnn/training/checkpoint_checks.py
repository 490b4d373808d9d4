"""Whether a checkpoint is what was written, and what a training can go on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harnn._files import parse_model_json
from harnn._tables import shown
from harnn.bundle import History
from harnn.errors import BundleError, Problem

HINT = "Train without --resume."
_COUNTS = ("epoch", "batch", "steps", "documents", "tokens", "positions")
_NUMBERS = ("loss", "seconds", "rate")
_LARGEST = 2**53


def sha256_of(tensors: Mapping[str, Tensor], state: str) -> str:
    """Return the hash of names, types, shapes and bytes of tensors, and of the state."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_state(metadata: Mapping[str, str], tensors: Mapping[str, Tensor], path: Path) -> Any:
    """Return the plain values of a checkpoint, having looked at all that is in it.

    Older checkpoints have no hash: of those, values alone are checked.

    Raises:
        BundleError: it is damaged.
    """
    text = metadata.get("state", "")
    known = metadata.get("sha256")
    if known is not None and known != sha256_of(tensors, text):
        what = "was changed after it was written (its SHA-256 differs)."
        raise BundleError(Problem(str(path), what, HINT))
    state = parse_model_json(text, str(path))
    problems = [*_state_problems(state), *_tensor_problems(tensors)]
    if problems:
        raise BundleError([Problem(str(path), f"is damaged: {x}", HINT) for x in problems])
    History.from_rows(state["progress"]["history"], where=str(path))
    return state


def _state_problems(state: Any) -> list[str]:
    progress = state.get("progress") if isinstance(state, dict) else None
    if not isinstance(progress, dict) or not isinstance(state.get("fingerprint"), str):
        return ["it does not tell how far the training is."]
    names = {*_COUNTS, *_NUMBERS, "history"}
    if progress.keys() != names:
        return [f"progress: got {shown(sorted(progress))}, expected {shown(sorted(names))}."]
    wrong = [name for name in _COUNTS if type(progress[name]) is not int]
    wrong += [name for name in _NUMBERS if type(progress[name]) not in (int, float)]
    wrong += [
        name
        for name in (*_COUNTS, *_NUMBERS)
        if name not in wrong and not 0 <= progress[name] <= _LARGEST  # NaN compares false
    ]
    problems = [f"{name}: got {shown(progress[name])}, expected a number." for name in wrong]
    if not isinstance(progress["history"], list):
        problems.append(f"history: got {shown(progress['history'])}, expected a list.")
    return problems


def _tensor_problems(tensors: Mapping[str, Tensor]) -> list[str]:
    problems = [
        f"{needed} is missing."
        for needed in ("weights/", "random/cpu")
        if not any(name.startswith(needed) for name in tensors)
    ]
    problems += [
        f"{name} holds values that are no finite numbers."
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and tensor.numel() and not bool(tensor.isfinite().all())
    ]
    return problems

"""Whether a checkpoint is what was written, and what a training can go on from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harnn._files import parse_model_json
from harnn._optional import Later
from harnn._tables import shown
from harnn.bundle import History
from harnn.errors import BundleError, Problem
from harnn.training.finished_pieces import HINT

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = Later("torch", "The checkpoint of a network")

_COUNTS = ("epoch", "batch", "steps", "documents", "tokens", "positions")
_NUMBERS = ("loss", "seconds", "rate")
_ADAM = ("step", "exp_avg", "exp_avg_sq")
_LARGEST = 2**53


def sha256_of(tensors: Mapping[str, Tensor], state: str) -> str:
    """Return the hash of names, types, shapes and bytes of tensors, and of the state."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        flat = tensor.contiguous().reshape(-1)
        if flat.numel() < 2:  # contiguous whatever its stride, which a view as bytes minds
            flat = flat.clone(memory_format=torch.contiguous_format)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def check_hash(
    metadata: Mapping[str, str],
    tensors: Mapping[str, Tensor],
    path: Path,
) -> None:
    """Make sure that a file is what was written; older checkpoints have no hash.

    Raises:
        BundleError: it is not.
    """
    known = metadata.get("sha256")
    if known is not None and known != sha256_of(tensors, metadata.get("state", "")):
        what = "was changed after it was written (its SHA-256 differs)."
        raise BundleError(Problem(str(path), what, HINT))


def read_state(metadata: Mapping[str, str], tensors: Mapping[str, Tensor], path: Path) -> Any:
    """Return the plain values of a checkpoint, having looked at all that is in it.

    Raises:
        BundleError: it is damaged.
    """
    state = parse_model_json(metadata.get("state", ""), str(path))
    problems = [*_state_problems(state), *_tensor_problems(tensors)]
    if problems:
        raise BundleError([Problem(str(path), f"is damaged: {x}", HINT) for x in problems])
    History.from_rows(state["progress"]["history"], where=str(path))
    return state


def check_fit(
    tensors: Mapping[str, Tensor],
    network: nn.Module,
    moved: Sequence[Tensor],
    *,
    has_best: bool,
    has_average: bool,
    where: str,
) -> None:
    """Make sure that the tensors of a checkpoint are those of a network in training.

    moved: the parameters in the order of the optimiser; has_best: whether an epoch has ended;
    has_average: whether an average of the weights is kept. The first that is wrong is named.

    Raises:
        BundleError: they are not.
    """
    weights = network.state_dict()
    needed = {f"weights/{name}": tensor for name, tensor in weights.items()}
    needed |= {f"best/{name}": tensor for name, tensor in weights.items() if has_best}
    needed["random/cpu"] = torch.random.get_rng_state()
    parameters = list(network.parameters())
    if has_average:
        needed |= {f"average/{number:04}": x for number, x in enumerate(parameters)}
    needed |= _moments(tensors, moved)
    allowed = needed | {"random/cuda": torch.empty(0, dtype=torch.uint8)}
    problems = [f"{name} is missing." for name in needed if name not in tensors]
    problems += [f"{name!r} belongs to nothing." for name in tensors if name not in allowed]
    problems += [
        f"{name} is {_kind(tensors[name])}, expected {_kind(expected)}."
        for name, expected in needed.items()
        if name in tensors and _kind(tensors[name]) != _kind(expected)
    ]
    if problems:
        more = f" {len(problems) - 1:,} more of this kind." if len(problems) > 1 else ""
        raise BundleError(Problem(where, f"is damaged: {problems[0]}{more}", HINT))


def _moments(tensors: Mapping[str, Tensor], moved: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return, as patterns, what AdamW keeps of parameters: of those that have had a gradient."""
    indices = [i for i in range(len(moved)) if any(f"optimizer/{i}/{x}" in tensors for x in _ADAM)]
    # Where nothing is kept, all of it is missing.
    return {
        f"optimizer/{i}/{name}": torch.tensor(0.0) if name == "step" else moved[i]
        for i in indices or range(len(moved))
        for name in _ADAM
    }


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"


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
    contents = state.get("contents", {})
    if not isinstance(contents, dict) or any(type(each) is not str for each in contents.values()):
        problems.append(f"contents: got {shown(contents)}, expected an object of SHA-256.")
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

"""What is finished before or beside the networks, in files of arrays: no pickles, and no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from harnn._display import reason_of
from harnn._files import parse_model_json, write_safetensors
from harnn._tables import shown
from harnn.errors import BundleError, ConfigError, Problem, cannot_read

FORMAT = 1
HALF = ".tmp"
"""The suffix of a file that is being written."""
HINT = "Train without --resume."


@dataclass(frozen=True)
class FinishedPiece:
    """Something finished: arrays by name, and plain values."""

    arrays: Mapping[str, NDArray[Any]]
    state: Mapping[str, Any]
    """``fingerprint`` of what is trained on, ``of`` and ``values``."""
    path: Path | None = field(default=None, compare=False)
    """The file that it was read from."""


def save_piece(piece: FinishedPiece, path: Path) -> Path:
    """Write a piece to a temporary file and rename it over the last one of that name.

    Raises:
        InputError: it cannot be written, as on a full disk; the last one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(array) for name, array in piece.arrays.items()}
    state = json.dumps(piece.state)
    metadata = {"format": str(FORMAT), "state": state, "sha256": _sha256_of(arrays, state)}
    return write_whole(lambda place: save_file(arrays, place, metadata=metadata), path)


def write_whole(save: Callable[[Path], None], path: Path) -> Path:
    """Let *save* write a temporary file, and rename it over the last one of that name.

    Raises:
        InputError: it cannot be written, as on a full disk; the last one stays.
    """
    temporary = path.with_suffix(HALF)
    try:
        write_safetensors(save, temporary, shown=path)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load_piece(path: Path) -> FinishedPiece:
    """Read something that was finished by a run that was stopped.

    Raises:
        BundleError: it is damaged or of another version.
    """
    metadata, arrays = read_whole(path, "np")
    check_format(metadata, path)
    if metadata.get("sha256") != _sha256_of(arrays, metadata.get("state", "")):
        what = "was changed after it was written (its SHA-256 differs)."
        raise BundleError(Problem(str(path), what, HINT))
    return FinishedPiece(arrays, _read_state(metadata, path), path)


def check_format(metadata: Mapping[str, str], path: Path) -> None:
    """Raises:
    BundleError: a file of a stopped run is of another version.
    """
    if (found := metadata.get("format")) != str(FORMAT):
        what = f"has checkpoint format {shown(found)}, expected {FORMAT}."
        raise BundleError(Problem(str(path), what, "Train again with this version."))


def check_fingerprint(state: Mapping[str, Any], fingerprint: str, directory: Path | None) -> None:
    """Make sure that what is kept in *directory* belongs to what is trained.

    Raises:
        ConfigError: it was made with other settings or data.
    """
    if state["fingerprint"] != fingerprint:
        raise ConfigError(
            Problem(
                str(directory),
                "the checkpoint was made with other settings, taxonomy or documents.",
                "Resume with the same ones, or train without --resume.",
            )
        )


def _sha256_of(arrays: Mapping[str, NDArray[Any]], state: str) -> str:
    """Return the hash of names, types, shapes and bytes of arrays, and of the state.

    Types have PyTorch's names, which wrote these files at first.
    """
    digest = hashlib.sha256(state.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, f"torch.{array.dtype}", list(array.shape)]).encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def read_whole(path: Path, framework: Literal["np", "pt"]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the metadata of a file, and its arrays, or tensors of PyTorch.

    Raises:
        BundleError: it cannot be read, or is damaged.
    """
    try:
        with safe_open(path, framework=framework) as file:
            metadata = file.metadata() or {}
            return metadata, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise BundleError(cannot_read(path, error)) from None
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        summary = reason_of(error, 300)
        raise BundleError(Problem(str(path), f"is damaged: {summary}.", HINT)) from None


def _read_state(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """Raises:
    BundleError: the plain values are damaged.
    """
    state = parse_model_json(metadata.get("state", ""), str(path))
    wanted = {"fingerprint": str, "of": str, "values": dict}
    if not isinstance(state, dict) or {k: type(v) for k, v in state.items()} != wanted:
        what = f"is damaged: got {shown(state)}, expected {', '.join(wanted)}."
        raise BundleError(Problem(str(path), what, HINT))
    return state

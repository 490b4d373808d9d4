"""Everything needed to go on as if training had never stopped, in one file without pickles."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from harnn._files import write_safetensors
from harnn._tables import shown
from harnn.errors import BundleError, ConfigError, Problem
from harnn.training.checkpoint_checks import HINT, read_state, sha256_of

FORMAT = 1
FILE = "checkpoint.safetensors"
_HALF = ".tmp"
"""The suffix of one that is being written."""


@dataclass(frozen=True)
class Checkpoint:
    """A moment of training: tensors by name, and plain values."""

    tensors: dict[str, Tensor]
    """``weights/``, ``best/`` and ``optimizer/`` entries, and the random states."""
    state: dict[str, Any]
    """Epoch, step, history, and the fingerprints of what is trained on."""

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors under *prefix*, without it."""
        start = f"{prefix}/"
        return {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}

    def check(self, fingerprint: str, directory: Path | None) -> None:
        """Make sure that the checkpoint, of *directory*, belongs to what is trained.

        Raises:
            ConfigError: it was made with other settings or data.
        """
        if self.state["fingerprint"] != fingerprint:
            raise ConfigError(
                Problem(
                    str(directory),
                    "the checkpoint was made with other settings, taxonomy or documents.",
                    "Resume with the same ones, or train without --resume.",
                )
            )


@dataclass(frozen=True)
class Checkpoints:
    """Where the checkpoints of a training stand, one for each network, and those to go on from."""

    directory: Path | None = None
    found: tuple[Checkpoint, ...] = ()
    """Of all networks that the stopped run had begun; none where nothing is resumed."""

    @classmethod
    def open(cls, directory: Path | None, *, resume: bool, networks: int) -> Self:
        """Load, where something is to be resumed, the checkpoints of so many networks.

        None is found where the stopped run had not written one yet.

        Raises:
            ConfigError: there is no directory to resume from.
            BundleError: a checkpoint is damaged.
        """
        empty = cls(directory)
        if not resume:
            return empty
        if directory is None:
            what = "resume needs the checkpoint_directory of the stopped run."
            raise ConfigError(Problem("", what))
        found = []
        for number in range(networks):
            place = empty.place(number)
            if place is None or not (place / FILE).exists():
                break
            found.append(load_checkpoint(place))
        return cls(directory, tuple(found))

    def place(self, number: int) -> Path | None:
        """Return the directory of the network counted from 0; None: nothing is kept."""
        return (
            self.directory / f"network-{number + 1}"
            if self.directory and number
            else self.directory
        )

    def of(self, number: int) -> Checkpoint | None:
        """Return what the network counted from 0 goes on from; None: it begins."""
        return self.found[number] if number < len(self.found) else None

    def check(self, fingerprint: str) -> None:
        """Raises:
        ConfigError: one of them belongs to another training.
        """
        for number, checkpoint in enumerate(self.found):
            checkpoint.check(fingerprint, self.place(number))

    def clear(self) -> None:
        """Remove what other runs left: all checkpoints but those found, and what was half written.

        The first network's goes first: without it none of the others is resumed from.
        """
        if self.directory is None:
            return
        places = [self.directory, *sorted(self.directory.glob("network-*"))]
        kept = [self.place(number) for number in range(len(self.found))]
        for place in places:
            place.joinpath(FILE).with_suffix(_HALF).unlink(missing_ok=True)
            if place not in kept:
                place.joinpath(FILE).unlink(missing_ok=True)
                if place != self.directory:
                    with contextlib.suppress(OSError):  # holds something else
                        place.rmdir()

    def stopped_at(self) -> tuple[Path | None, int]:
        """Return the file of the last checkpoint found, if there is one, and its steps."""
        if not self.found:
            return None, 0
        place = self.place(len(self.found) - 1)
        assert place is not None
        return place / FILE, int(self.found[-1].state["progress"]["steps"])


def save_checkpoint(checkpoint: Checkpoint, directory: Path) -> Path:
    """Write the checkpoint to a temporary file and rename it over the last one.

    Raises:
        InputError: it cannot be written, as on a full disk; the last one stays.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()
    }
    state = json.dumps(checkpoint.state)
    metadata = {"format": str(FORMAT), "state": state, "sha256": sha256_of(tensors, state)}
    temporary = path.with_suffix(_HALF)

    def save(place: Path) -> None:
        save_file(tensors, place, metadata=metadata)

    try:
        write_safetensors(save, temporary, shown=path)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load_checkpoint(directory: Path) -> Checkpoint:
    """Read the checkpoint of a run that was stopped.

    Raises:
        BundleError: there is none, or it is damaged or of another version.
    """
    path = directory / FILE
    if not path.exists():
        raise BundleError(
            Problem(
                str(directory), "holds no checkpoint to resume from;", "train without --resume."
            )
        )
    metadata, tensors = _read(path)
    if metadata.get("format") != str(FORMAT):
        raise BundleError(
            Problem(
                str(path),
                f"has checkpoint format {shown(metadata.get('format'))}, expected {FORMAT}.",
                "Train again with this version.",
            )
        )
    return Checkpoint(tensors, read_state(metadata, tensors, path))


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the metadata and the tensors of a file.

    Raises:
        BundleError: it cannot be read, or is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        raise BundleError(Problem(str(path), what)) from None
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        summary = " ".join(str(error).split())[:300].rstrip(".")
        raise BundleError(Problem(str(path), f"is damaged: {summary}.", HINT)) from None
    return metadata, tensors


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Flatten the optimiser's tensors to ``optimizer/<parameter>/<name>``."""
    state: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {
        f"optimizer/{index}/{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def unpack_optimizer(optimizer: torch.optim.Optimizer, packed: dict[str, Tensor]) -> None:
    """Undo :func:`pack_optimizer`; *packed* has no ``optimizer/`` in its names."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in packed.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = value
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})

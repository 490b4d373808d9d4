"""Everything needed to go on as if training had never stopped, in one file without pickles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from harnn.errors import BundleError, ConfigError, Problem

FORMAT = 1
FILE = "checkpoint.safetensors"


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

        Raises:
            ConfigError: there is no directory to resume from.
            BundleError: there is no checkpoint, or one is damaged.
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
            if place is None or (number and not place.is_dir()):
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


def save_checkpoint(checkpoint: Checkpoint, directory: Path) -> Path:
    """Write the checkpoint to a temporary file and rename it over the last one."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE
    metadata = {"format": str(FORMAT), "state": json.dumps(checkpoint.state)}
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()
    }
    temporary = path.with_suffix(".tmp")
    try:
        save_file(tensors, temporary, metadata=metadata)
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
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
    if metadata.get("format") != str(FORMAT):
        raise BundleError(
            Problem(
                str(path),
                f"has checkpoint format {metadata.get('format')!r}, expected {FORMAT}.",
                "Train again with this version.",
            )
        )
    return Checkpoint(tensors, json.loads(metadata["state"]))


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

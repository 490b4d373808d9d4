"""Everything needed to go on as if training had never stopped, in files without pickles.

A file for the moment at which a network stands, and one for each thing that is finished before or
beside the networks: see :mod:`harnn.training.finished_pieces`.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harnn._display import reason_of
from harnn._optional import Later
from harnn.errors import (
    BundleError,
    ConfigError,
    Problem,
    RankLostError,
    TrainingInterrupted,
)
from harnn.training.checkpoint_checks import check_hash, read_state, sha256_of
from harnn.training.finished_pieces import (
    FORMAT,
    HALF,
    HINT,
    FinishedPiece,
    check_fingerprint,
    check_format,
    load_piece,
    read_whole,
    save_piece,
    write_whole,
)

if TYPE_CHECKING:
    import safetensors.torch as safetensors_torch
    import torch
    from torch import Tensor
else:  # a training without networks does without
    torch = Later("torch", "The checkpoint of a network")
    safetensors_torch = Later("safetensors.torch", "The checkpoint of a network")

FILE = "checkpoint.safetensors"
_FINISHED, _SUFFIX = "finished-", ".safetensors"
"""Around the name of what is finished, with hyphens for blanks."""


@dataclass(frozen=True)
class Checkpoint:
    """A moment of the training of a network: tensors by name, and plain values."""

    tensors: dict[str, Tensor]
    """``weights/``, ``best/`` and ``optimizer/`` entries, and the random states."""
    state: dict[str, Any]
    """The fingerprint of what is trained on; epoch, step and history."""
    path: Path | None = field(default=None, compare=False)
    """The file that it was read from."""

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors under *prefix*, without it."""
        start = f"{prefix}/"
        return {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}

    @property
    def embedding_size(self) -> int:
        """Return E of the network.

        Raises:
            BundleError: the word vectors are damaged.
        """
        shape = self.tensors.get("weights/embedding.weight", torch.zeros(0)).shape
        if len(shape) != 2 or not shape[1]:
            what = f"embedding.weight has the shape {tuple(shape)}, expected (V, E)."
            raise BundleError(Problem(str(self.path), f"is damaged: {what}", HINT))
        return int(shape[1])

    def check(self, fingerprint: str, directory: Path | None) -> None:
        """Make sure that the checkpoint, of *directory*, belongs to what is trained.

        Raises:
            ConfigError: it was made with other settings or data.
        """
        check_fingerprint(self.state, fingerprint, directory)


@dataclass(frozen=True)
class Checkpoints:
    """Where the checkpoints of a training stand, one for each network, and those to go on from.

    Beside them stands what is finished: word vectors, branches.
    """

    directory: Path | None = None
    found: tuple[Checkpoint, ...] = ()
    """Of all networks that the stopped run had begun; none where nothing is resumed."""
    finished: dict[str, Path] = field(default_factory=dict)
    """The files of what is finished and kept, by its name; grows while training."""

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
        paths = sorted(directory.glob(f"{_FINISHED}*{_SUFFIX}"))
        return cls(directory, tuple(found), {_name_of(path): path for path in paths})

    @property
    def anything(self) -> bool:
        """Whether there is something to go on from."""
        return bool(self.found or self.finished)

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
        for name in self.finished:
            with contextlib.suppress(BundleError):  # told of when it is made again
                check_fingerprint(self.take(name).state, fingerprint, self.directory)

    def take(self, name: str) -> FinishedPiece:
        """Read something that is among what is finished.

        Raises:
            BundleError: it is damaged.
        """
        return load_piece(self.finished[name])

    def keep(self, name: str, finished: FinishedPiece) -> None:
        """Write something that is finished, where anything is kept.

        Raises:
            InputError: it cannot be written.
        """
        if self.directory is not None:
            file = f"{_FINISHED}{name.replace(' ', '-')}{_SUFFIX}"
            self.finished[name] = save_piece(finished, self.directory / file)

    def clear(self) -> None:
        """Remove what other runs left: all but what was found, and what was half written.

        The first network's goes first: without it none of the others is resumed from.
        """
        if self.directory is None:
            return
        places = [self.directory, *sorted(self.directory.glob("network-*"))]
        kept = [self.place(number) for number in range(len(self.found))]
        for place in places:
            place.joinpath(FILE).with_suffix(HALF).unlink(missing_ok=True)
            if place not in kept:
                place.joinpath(FILE).unlink(missing_ok=True)
                if place != self.directory:
                    with contextlib.suppress(OSError):  # holds something else
                        place.rmdir()
        for path in self.directory.glob(f"{_FINISHED}*"):
            if path.suffix in (_SUFFIX, HALF) and path not in self.finished.values():
                path.unlink()

    def interrupted(
        self, path: Path | None = None, steps: int = 0, *, cause: str = ""
    ) -> TrainingInterrupted:
        """Return what a stop is answered with; path: of the checkpoint, written at that step.

        Without steps, no network was trained since the checkpoints were found. cause: which
        process was lost, where nobody asked to stop.
        """
        if not steps and self.found:
            path, steps = self.found[-1].path, int(self.found[-1].state["progress"]["steps"])
        kept: dict[str, Any] = {"directory": self.directory, "finished": tuple(self.finished)}
        if cause:
            return RankLostError(cause, path, steps, **kept)
        return TrainingInterrupted(path, steps, **kept)


def _name_of(path: Path) -> str:
    return path.name.removeprefix(_FINISHED).removesuffix(_SUFFIX).replace("-", " ")


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

    def save(place: Path) -> None:
        safetensors_torch.save_file(tensors, place, metadata=metadata)

    return write_whole(save, path)


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
    metadata, tensors = read_whole(path, "pt")
    check_format(metadata, path)
    check_hash(metadata, tensors, path)
    return Checkpoint(tensors, read_state(metadata, tensors, path), path)


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


def set_random_state(checkpoint: Checkpoint, device: torch.device) -> None:
    """Go on drawing where the checkpoint was written.

    Raises:
        BundleError: its random states are none.
    """
    try:
        torch.random.set_rng_state(checkpoint.tensors["random/cpu"])
        if device.type == "cuda" and "random/cuda" in checkpoint.tensors:
            torch.cuda.set_rng_state(checkpoint.tensors["random/cuda"], device)
    except (RuntimeError, TypeError) as error:
        what = f"is damaged: the random state: {reason_of(error)}."
        raise BundleError(Problem(str(checkpoint.path), what, HINT)) from None

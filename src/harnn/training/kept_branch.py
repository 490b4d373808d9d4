"""A branch that is finished, kept as it would stand in a model directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.branches import Branch, StoredModel, read_branch
from harnn.errors import BundleError, Problem
from harnn.training.kept import Arrays, Piece, kept
from harnn.training.task import Task, TrainedBranch


def kept_branch(
    task: Task,
    kind: str,
    make: Callable[[], TrainedBranch],
    *,
    check: Callable[[Branch], str] = lambda _: "",
    of: str = "",
) -> TrainedBranch:
    """Return a branch of that kind from the checkpoint, or make it and keep it with its summary.

    check: says what is wrong with the branch for these documents, or nothing. of: see
    :func:`harnn.training.kept.kept`.

    Raises:
        InputError: it cannot be written.
    """

    def pack(trained: TrainedBranch) -> Piece:
        parts = trained.branch.to_parts()
        files = {name: np.frombuffer(x, dtype=np.uint8) for name, x in parts.files.items()}
        arrays = {f"arrays/{name}": array for name, array in parts.arrays.items()}
        arrays |= {f"files/{name}": array for name, array in files.items()}
        return Piece(arrays, {"settings": parts.settings, "summary": trained.summary})

    def unpack(piece: Piece) -> TrainedBranch:
        branch = read_branch(kind, _stored(task, piece), task.taxonomy)
        problem = "there is no branch in it" if branch is None else check(branch)
        if branch is None or problem:
            raise BundleError(Problem(piece.where, f"is damaged: {problem}."))
        return TrainedBranch(branch=branch, summary=str(piece.values["summary"]))

    return kept(task, f"{kind.replace('_', ' ')} branch", make, pack=pack, unpack=unpack, of=of)


def _stored(task: Task, piece: Piece) -> StoredModel:
    """Return a branch as if it stood in a model directory.

    Raises:
        BundleError: there is none.
    """
    settings = piece.values.get("settings")
    if not isinstance(settings, dict) or not isinstance(piece.values.get("summary"), str):
        raise BundleError(Problem(piece.where, "is damaged: it tells of no branch."))
    assert task.checkpoints.directory is not None
    return StoredModel(
        task.checkpoints.directory,
        _under(piece.arrays, "arrays/"),
        settings,
        light=False,
        word_count=len(task.tokenizer),
        contents={name: x.tobytes() for name, x in _under(piece.arrays, "files/").items()},
    )


def _under(arrays: Arrays, start: str) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}

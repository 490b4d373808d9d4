"""What is finished is kept until the model is: taken from the checkpoint, or made and written.

Each thing has one file beside the networks' checkpoints, with the fingerprint of what the training
is made of and a SHA-256. Like them it goes when the finished model takes the directory's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from numpy.typing import NDArray

from harnn.branches.stored import check_finite
from harnn.errors import BundleError, InputError, Problem
from harnn.training.events import Stage
from harnn.training.finished_pieces import FinishedPiece

if TYPE_CHECKING:
    from harnn.training.task import Task

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]


class Piece(NamedTuple):
    """Something finished as it is kept."""

    arrays: Arrays
    values: Mapping[str, Any] = {}
    """For JSON."""
    where: str = ""
    """The file that it was read from, for messages."""


def kept(
    task: Task,
    name: str,
    make: Callable[[], T],
    *,
    pack: Callable[[T], Piece],
    unpack: Callable[[Piece], T],
    of: str = "",
) -> T:
    """Return what a stopped run had finished, or make it and keep it.

    name: a few words. of: what it is made of beside what the whole training is, as a hash. What is
    damaged, or refused by *unpack* with an InputError, is made again, and told of.

    Raises:
        InputError: it cannot be written.
    """
    if name in task.checkpoints.finished:
        try:
            found = _read(task, name, of, unpack)
        except InputError as damage:
            problem = damage.problems[0]
            again = str(Problem(problem.where, problem.what)).rstrip(".")
            task.listener(Stage(f"{name}: made again, because of what was kept: {again}"))
        else:
            task.listener(Stage(f"{name}: taken from the checkpoint"))
            return found
    made = make()
    if task.checkpoints.directory is not None:
        task.checkpoints.keep(name, _write(task, pack(made), of))
    return made


def _write(task: Task, piece: Piece, of: str) -> FinishedPiece:
    state = {"fingerprint": task.fingerprint, "of": of, "values": dict(piece.values)}
    return FinishedPiece(piece.arrays, state)


def _read(task: Task, name: str, of: str, unpack: Callable[[Piece], T]) -> T:
    """Raises:
    InputError: it is damaged, or of something else.
    """
    found = task.checkpoints.take(name)
    where = str(found.path)
    if (found.state["fingerprint"], found.state["of"]) != (task.fingerprint, of):
        raise BundleError(Problem(where, "was made of other documents."))
    check_finite(found.arrays, where)
    return unpack(Piece(found.arrays, found.state["values"], where))

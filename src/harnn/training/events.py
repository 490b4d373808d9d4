"""What is told while training goes on, and to whom: see docs/tracking.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from harnn.bundle import Bundle, EpochRow
from harnn.config import Config
from harnn.errors import CallableError, HarnnError
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, kw_only=True)
class Step:
    """Told after every optimiser step of a network or encoder."""

    epoch: int
    step: int
    """Steps done in all epochs."""
    steps: int
    """Steps of all epochs."""
    loss: float
    """Mean of this epoch so far."""
    documents_per_second: float
    learning_rate: float
    """Of this step, before factors of single parameters."""


@dataclass(frozen=True)
class Stage:
    """Told when something begins or has been found out that a user may want to know."""

    message: str
    remarks: tuple[str, ...] = ()
    """Its last lines, which tell what is remarkable in what was read."""

    @classmethod
    def of_reading(cls, what: str, remarks: Sequence[str]) -> Self:
        """Return what is told of what was read, with remarks on lines of their own."""
        return cls("\n".join([what, *remarks] if what else remarks), tuple(remarks))


@dataclass(frozen=True)
class Part:
    """Told before one of several trainings: a trial, a fold or a seed."""

    name: str
    """``trial-3``, ``fold-2``, ``seed-14``."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """Told once a training: documents are read, nothing is trained yet."""

    config: Config
    taxonomy: Taxonomy
    documents: Mapping[str, int]
    """Counts by split, see :attr:`harnn.Bundle.documents`."""
    contents: Mapping[str, str]
    """SHA-256 of what the documents say, by split."""


@dataclass(frozen=True)
class BranchStarted:
    """Told before a network or encoder is trained: the next steps and epochs are its own."""

    name: str
    """``network``, ``transformer``, ...; of several networks ``network-2``."""


@dataclass(frozen=True)
class BranchScored:
    """Told when a branch that has no epochs of its own is trained."""

    name: str
    auprc: float
    """Micro-AUPRC on the validation documents, 0 to 1."""
    seconds: float


@dataclass(frozen=True)
class Finished:
    """Told last: what the training made, which is not saved yet."""

    bundle: Bundle


Event = Step | EpochRow | Stage | Part | Started | BranchStarted | BranchScored | Finished
Listener = Callable[[Event], object]


class StopTraining(Exception):  # noqa: N818 (as StopIteration)
    """Raised by a listener to end a training at once; :func:`harnn.fit` lets it pass."""


def ignore(_event: Event) -> None:
    """Listen to nothing."""


def remarks_once(listener: Listener) -> Listener:
    """Return a listener that passes the same remarks on once: trainings on the same documents
    repeat them.
    """
    told: set[tuple[str, ...]] = set()

    def tell(event: Event) -> None:
        if isinstance(event, Stage) and event.remarks:
            if event.remarks in told:
                what = event.message.removesuffix("\n".join(event.remarks)).rstrip("\n")
                if what:
                    listener(Stage(what))
                return
            told.add(event.remarks)
        listener(event)

    return tell


def as_listener(given: Listener | Sequence[Listener]) -> Listener:
    """Return one listener that tells all, and says which of them failed.

    What it raises: :class:`StopTraining`, errors of harnn and whatever is no ``Exception``, such as
    ``KeyboardInterrupt``, as they are; else a CallableError.
    """
    listeners = (given,) if callable(given) else tuple(given)

    def tell(event: Event) -> None:
        for each in listeners:
            try:
                each(event)
            except (StopTraining, HarnnError, InterruptedError):
                raise
            except Exception as error:
                raise CallableError("listener", each, error) from error

    return tell

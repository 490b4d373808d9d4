"""What a tracker of trainings must do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

Plain = str | int | float | bool
State = Literal["finished", "stopped", "failed"]
"""``stopped``: by somebody, or because other trials were better; it may be gone on with."""


class Point(NamedTuple):
    """What some numbers belong to."""

    part: Literal["step", "epoch", "branch", "final"]
    branch: str = ""
    """Empty where they are the whole model's."""
    epoch: int | None = None
    step: int | None = None
    """Optimiser steps that the branch has done."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What is known of a training when it begins."""

    name: str
    """For people."""
    model: str
    """The directory that the model is to stand in, absolute; empty: it is not kept."""
    resume: bool
    """Whether the last run of this name and model that did not finish is gone on with."""
    settings: Mapping[str, Plain]
    """All settings, as ``training.epochs``."""
    data: Mapping[str, Plain] = field(default_factory=dict)
    """Sizes and hashes of documents and taxonomy, as ``data.train``."""


class Run(Protocol):
    """One training at a tracker. Whatever its methods raise ends the tracking, not the training."""

    def log(self, point: Point, numbers: Mapping[str, float]) -> None:
        """Keep some finite numbers by their names."""

    def end(self, state: State) -> None:
        """Say how it ended; nothing comes after."""


@runtime_checkable
class KeepsModel(Protocol):
    """A run that keeps the model too, where that is asked for."""

    def keep(self, directory: Path) -> None:
        """Copy a finished model; comes after the end."""


class Tracker(Protocol):
    """A place that keeps trainings."""

    def describe(self) -> str:
        """Say what it is and where, as ``CSV runs/a.csv``."""

    def check(self) -> None:
        """Look at all that can be known before any work is done.

        Raises:
            MissingExtraError: a package is not installed.
            InputError: the place cannot be written, or holds something else.
        """

    def begin(self, facts: RunFacts) -> Run:
        """Begin a run, or go on with one."""

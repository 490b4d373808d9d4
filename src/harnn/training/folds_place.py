"""The directory of a cross-validation: whose folds it holds, and what of them is finished."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harnn._files import check_replaceable
from harnn.bundle import CHECKPOINTS, marker_of
from harnn.errors import ConfigError, Problem, TrainingInterrupted
from harnn.evaluation.out_of_fold import (
    FOLDS,
    OUT_OF_FOLD,
    read_folds_json,
    write_folds_json,
)
from harnn.training.process import stops_at_once


class FoldsPlace:
    """Where the models of folds stand, if anywhere: ``fold-1``, ``fold-2``, ..."""

    def __init__(self, home: Path | None, folds: int, *, resume: bool, overwrite: bool) -> None:
        self.home = home
        self.resume = resume and home is not None
        self._numbers = range(folds)
        self._overwrite = overwrite
        self._finished: list[int] = []
        self._goes_on = self.resume
        """Whether what was there before belongs to these folds."""

    def of(self, number: int) -> Path | None:
        """Return the directory of a fold, counted from 0; None: nothing is kept."""
        return None if self.home is None else self.home / f"fold-{number + 1}"

    def check(self) -> None:
        """Refuse, before any work, a place that is neither gone on with nor overwritten.

        Raises:
            ConfigError: it holds folds.
            InputError: it holds something else, or cannot be written.
        """
        if self.home is None:
            return
        check_replaceable(self.home, FOLDS)
        if self._known() is not None and not (self.resume or self._overwrite):
            hint = "Go on with --resume, or start again with --overwrite."
            raise ConfigError(Problem(str(self.home), "holds folds already.", hint))

    def begin(self, made_by: dict[str, Any]) -> None:
        """Say in the directory whose folds it holds.

        Raises:
            ConfigError: it holds those of another training, and is not to be overwritten.
            InputError: it cannot be written.
        """
        if self.home is None:
            return
        known = self._known()
        same = known is not None and known.get("made_by") == made_by
        if known is not None and not (same or self._overwrite):
            what = "holds folds of other settings, taxonomy or documents."
            hint = "Choose another place, or replace them with --overwrite."
            raise ConfigError(Problem(str(self.home), what, hint))
        self._goes_on = self.resume and same
        self.home.mkdir(parents=True, exist_ok=True)
        if not same:
            (self.home / OUT_OF_FOLD).unlink(missing_ok=True)  # of models that are replaced now
        write_folds_json(self.home, {"made_by": made_by})

    def _known(self) -> dict[str, Any] | None:
        """Return what the directory says of its folds; None where it holds none yet.

        Raises:
            BundleError: it is damaged.
        """
        if self.home is None:
            return None
        known = read_folds_json(self.home)
        if known is not None and known.keys() == {"made_by"} and not any(self.home.glob("fold-*")):
            return None  # a run that was stopped before anything was finished
        return known

    def finished(self, number: int) -> None:
        """Note that the model of a fold stands in its directory."""
        self._finished.append(number)

    def end(self) -> None:
        """Remove the models of folds of an earlier training that had more of them."""
        for place in () if self.home is None else self.home.glob("fold-*"):
            number = place.name.removeprefix("fold-")
            more = number.isdecimal() and int(number) > len(self._numbers)
            if more and (place / marker_of(place)).exists():
                shutil.rmtree(place)

    @contextmanager
    def stops_told(self) -> Iterator[None]:
        """Let a stop, wherever it comes, say what is kept.

        Raises:
            TrainingInterrupted: a stop was asked for.
        """
        try:
            with stops_at_once():
                yield
        except KeyboardInterrupt:
            raise self._interrupted(TrainingInterrupted(None, 0)) from None
        except TrainingInterrupted as stop:
            raise self._interrupted(stop) from None

    def _interrupted(self, stop: TrainingInterrupted) -> TrainingInterrupted:
        return TrainingInterrupted(
            stop.checkpoint, stop.step, directory=self.home, finished=tuple(self._kept(stop))
        )

    def _kept(self, stop: TrainingInterrupted) -> Iterator[str]:
        """Yield what is finished; stop: of the fold in work, if one was."""
        for number in self._numbers:
            place = self.of(number)
            if place is None:
                return
            checkpoints = place / CHECKPOINTS
            stopped = stop.directory == checkpoints and bool(stop.checkpoint or stop.finished)
            if number in self._finished or (self._goes_on and (place / marker_of(place)).is_file()):
                yield f"fold {number + 1}"
            elif stopped or (self._goes_on and checkpoints.is_dir()):
                yield f"part of fold {number + 1}"

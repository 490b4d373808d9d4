"""The listener that tells trackers of trainings, and that no tracker can make fail."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harnn import __version__
from harnn.bundle import EpochRow
from harnn.config import Config
from harnn.errors import TrainingInterrupted
from harnn.tracking.tracker import KeepsModel, Plain, Point, Run, RunFacts, State, Tracker
from harnn.training import (
    BranchScored,
    BranchStarted,
    Event,
    Finished,
    Part,
    Started,
    Step,
)
from harnn.training.folds import numbers_of

MOST_STEPS = 500
"""Steps of a branch whose loss is kept: each, or evenly some."""
_COUNTED = ("epoch", "steps")


class Tracking:
    """Listens to one or several trainings; a context manager, in which they are made.

    What a tracker raises once trainings have begun ends this tracker alone: *warn* is told once,
    and :attr:`failures` says it in the end.
    """

    def __init__(
        self,
        trackers: Sequence[Tracker],
        *,
        name: str,
        model: str | Path | None = None,
        resume: bool = False,
        warn: Callable[[str], object] = lambda _: None,
    ) -> None:
        """name: of the runs; parts, such as trials, add their own. model: the directory that the
        model will stand in; None: none. resume: whether runs that did not finish are gone on with.
        """
        self._trackers = list(trackers)
        self._name, self._resume, self._warn = name, resume, warn
        self._model = "" if model is None else str(Path(model).absolute())
        self._runs: list[tuple[Tracker, Run]] = []
        self._finished: list[tuple[Tracker, Run]] = []
        """Of the training that finished last."""
        self._part, self._branch = "", ""
        self._began = 0.0
        self._state: State = "stopped"
        self.failures: list[str] = []
        """One sentence for each tracker that failed."""

    @property
    def places(self) -> list[str]:
        """Where trainings are kept, but for trackers that failed."""
        return [tracker.describe() for tracker in self._trackers]

    def check(self) -> None:
        """Look at all that can be known before any work is done.

        Raises:
            MissingExtraError, InputError: see :meth:`Tracker.check`.
        """
        for tracker in self._trackers:
            tracker.check()

    def keep(self, directory: str | Path) -> None:
        """Let trackers that keep models have that of the training that finished last, as it was
        saved.
        """
        for tracker, run in self._finished:
            if tracker in self._trackers and isinstance(run, KeepsModel):
                self._guarded(tracker, partial(run.keep, Path(directory)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, TrainingInterrupted):
            self._state = "failed"
        self._end()

    def __call__(self, event: Event) -> None:
        """Tell the trackers what they want to know of an event."""
        if isinstance(event, Part):
            self._end()
            self._part = event.name
        elif isinstance(event, Started):
            self._begin(event)
        elif isinstance(event, BranchStarted):
            self._branch = event.name
        elif isinstance(event, Step):
            every = max(1, event.steps // MOST_STEPS)
            if event.step % every == 0:
                self._log(
                    Point("step", self._branch, event.epoch, event.step),
                    {"step_loss": event.loss, "step_learning_rate": event.learning_rate},
                )
        elif isinstance(event, EpochRow):
            row = {k: v for k, v in event.to_dict().items() if k not in _COUNTED}
            self._log(Point("epoch", self._branch, event.epoch, event.steps), row)
        elif isinstance(event, BranchScored):
            numbers = {"auprc": event.auprc, "seconds": event.seconds}
            self._log(Point("branch", event.name), numbers)
        elif isinstance(event, Finished):
            self._log(Point("final"), dict(_final(numbers_of(event.bundle.report))))
            self._log(Point("final"), {"seconds": time.perf_counter() - self._began})
            self._state, self._finished = "finished", list(self._runs)
            self._end()

    def _begin(self, event: Started) -> None:
        self._end()
        self._began, self._branch = time.perf_counter(), ""
        facts = RunFacts(
            name=f"{self._name}/{self._part}" if self._part else self._name,
            model=self._model,
            resume=self._resume,
            settings=dict(flat_settings(event.config)),
            data=dict(_data(event)),
        )
        for tracker in tuple(self._trackers):
            self._guarded(tracker, partial(self._open, tracker, facts))

    def _open(self, tracker: Tracker, facts: RunFacts) -> None:
        self._runs.append((tracker, tracker.begin(facts)))

    def _log(self, point: Point, numbers: Mapping[str, float]) -> None:
        finite = {name: float(x) for name, x in numbers.items() if math.isfinite(x)}
        for tracker, run in tuple(self._runs):
            self._guarded(tracker, partial(run.log, point, finite))

    def _end(self) -> None:
        """End the run, if there is one, in the state that is known of it."""
        state, self._state = self._state, "stopped"
        for tracker, run in tuple(self._runs):
            self._guarded(tracker, partial(run.end, state))
        self._runs.clear()

    def _guarded(self, tracker: Tracker, act: Callable[[], object]) -> None:
        """Do something at a tracker; where that fails it is left out from now on."""
        try:
            act()
        except Exception as error:
            said = getattr(error, "strerror", None) or str(error)
            reason = said.strip().partition("\n")[0][:200] or type(error).__name__
            failure = f"{tracker.describe()}: tracking ended early: {reason.rstrip('.')}."
            self.failures.append(failure)
            self._trackers.remove(tracker)
            self._runs = [each for each in self._runs if each[0] is not tracker]
            self._warn(f"Warning: {failure} The training goes on.")


def flat_settings(config: Config) -> Iterator[tuple[str, Plain]]:
    """Yield all settings, as ``training.epochs``; lists with commas, what is not set empty."""
    for table, values in config.to_dict().items():
        for key, value in values.items():
            yield f"{table}.{key}", _plain(value)


def _plain(value: Any) -> Plain:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str | int | float | bool) else str(value)


def _data(event: Started) -> Iterator[tuple[str, Plain]]:
    yield "harnn", __version__
    yield "data.labels", len(event.taxonomy)
    yield "data.levels", event.taxonomy.depth
    yield "data.taxonomy.sha256", event.taxonomy.version
    for split, count in event.documents.items():
        yield f"data.{split}", count
    for split, content in event.contents.items():
        yield f"data.{split}.sha256", content


def _final(numbers: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a report under names without blanks: ``level_1_micro_f1``."""
    for name, number in numbers.items():
        yield re.sub(r"\W+", "_", name), number

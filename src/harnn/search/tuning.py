"""Try settings one training after the other, in a study on disk that is gone on with.

The search is Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), asked with
a seed of its own for each trial, so that a study that was stopped makes the same trials as one
that was not. A training is stopped early where the median of the others was better at that epoch.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harnn._display import counted
from harnn._files import is_sqlite, write_atomically
from harnn._optional import require
from harnn._settings_toml import settings_toml
from harnn.bundle import EpochRow
from harnn.config import Config
from harnn.data import Documents
from harnn.errors import CallableError, ConfigError, InputError, Problem, TrainingInterrupted
from harnn.metrics import Report
from harnn.search.space import Choice, Space
from harnn.search.trials import Best, State, Trial, best_of, shown_setting, trials_csv
from harnn.taxonomy import Taxonomy
from harnn.training import (
    Event,
    Listener,
    Part,
    Stage,
    StopTraining,
    as_listener,
    check_before,
    fit,
)
from harnn.training.events import ignore, remarks_once

STUDY = "study.sqlite3"
TRIALS = "trials.csv"
BEST = "best.toml"
IMPORTANCE = "importance.json"
CACHE = "cache"
_MADE_BY, _WHY = "made_by", "why"
_SEED_LIMIT = 2**32
_FIRST_TRIALS = 5
"""Finished before any is stopped early."""
_FIRST_EPOCHS = 2
_LAST_ERRORS = 3
"""Trials that fail one after the other: then no other will do."""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What came out of a study."""

    trials: tuple[Trial, ...]
    best: Best | None
    config: Config | None
    """The settings of the best trial; None: none finished."""
    space: Space | None = None
    """What was tried."""
    importance: Mapping[str, float] = field(default_factory=dict)
    """Of each setting, 0 to 1, together 1: the share of the scores' variance that it explains
    (fANOVA, Hutter et al., ICML 2014); empty with fewer than four finished trials."""


def tune(
    taxonomy: Taxonomy,
    train: Documents,
    valid: Documents | float,
    config: Config | None = None,
    *,
    space: Space,
    directory: str | Path,
    trials: int = 20,
    seconds: float | None = None,
    score: Callable[[Report], float] | None = None,
    unlabelled: Documents = (),
    resume: bool = False,
    listener: Listener | Sequence[Listener] = ignore,
) -> Tuned:
    """Train with one set of settings after the other, until there are so many trials.

    *directory* keeps the study, and what was found so far after each trial: ``trials.csv`` and
    ``best.toml`` (for ``harnn train --config``); in the end ``importance.json`` too. With *resume*
    it goes on: trials that are there count, and one that was stopped is made again. seconds: no
    trial begins after so much time; the one that runs is finished. score: what is to be high, of
    the report on the validation documents; None: ``training.score``. listener: as of
    :func:`harnn.fit`.

    Raises:
        ConfigError: the directory holds a study, and not *resume*, or one of other documents,
            settings or space; or every trial fails.
        MissingExtraError: Optuna is not installed.
        TrainingInterrupted: Ctrl-C; what is finished is kept.
        CallableError: *listener* or *score* failed.
        DocumentError, InputError, ...: see :func:`harnn.fit`.
    """
    config = config or Config()
    listener = remarks_once(as_listener(listener))
    optuna = require("optuna", purpose="Trying settings", extra="tune")
    labelled = [train, *([] if isinstance(valid, float) else [valid])]
    check_before(config, labelled, unlabelled=unlabelled, places=[Path(directory) / STUDY])
    home = Path(directory)
    if (home / STUDY).exists() and not resume:
        hint = "Go on with --resume, or choose another place."
        raise ConfigError(Problem(str(home), "holds a study already.", hint))
    made_by = {
        "documents": [_content(each) for each in (*labelled, unlabelled)],
        "held_out": valid if isinstance(valid, float) else None,
        "taxonomy": taxonomy.version,
        "settings": config.to_stored_dict(),
        "space": space.to_dict(),
    }
    home.mkdir(parents=True, exist_ok=True)
    with _study(optuna, home, made_by) as study:
        search = _Search(optuna, study, home, space, config, score)
        end = None if seconds is None else time.monotonic() + seconds
        while search.made < trials and (end is None or time.monotonic() < end):
            search.run(
                lambda settings, heard: (
                    fit(
                        taxonomy,
                        train,
                        valid,
                        settings,
                        unlabelled=unlabelled,
                        cache=home / CACHE,
                        listener=heard,
                    ).report
                ),
                listener,
                of=trials,
            )
        return search.finish()


class _Search:
    """A study, and what is written of it."""

    def __init__(
        self,
        optuna: Any,
        study: Any,
        home: Path,
        space: Space,
        config: Config,
        score: Callable[[Report], float] | None,
    ) -> None:
        self._optuna, self._study, self._home = optuna, study, home
        self._space, self._config = space, config
        self._score = score or (lambda report: float(getattr(report, config.training.score)))
        self._failed = 0

    @property
    def made(self) -> int:
        """Trials that finished or were stopped early."""
        return sum(trial.state != "failed" for trial in self._trials())

    def run(
        self, train: Callable[[Config, Listener], Report], listener: Listener, *, of: int
    ) -> None:
        """Make one trial.

        Raises:
            ConfigError: it failed, as those before it did.
            TrainingInterrupted: it was stopped, and will be made again.
        """
        optuna, study = self._optuna, self._study
        begun = len(study.get_trials(deepcopy=False))
        seed = (self._config.training.seed + begun) % _SEED_LIMIT
        study.sampler = optuna.samplers.TPESampler(seed=seed)
        trial = study.ask(_distributions(optuna, self._space))
        values = {name: self._value(name, value) for name, value in trial.params.items()}
        shown = ", ".join(f"{name}={shown_setting(value)}" for name, value in values.items())
        listener(Stage(f"trial {self.made + 1} of {of}: {shown}"))
        listener(Part(f"trial-{begun + 1}"))
        failed, pruned = optuna.trial.TrialState.FAIL, optuna.trial.TrialState.PRUNED
        try:
            settings = self._space.settings(values, self._config)
            watched = _Watched(trial, listener, self._config.training.score)
            worth = self._worth(train(settings, watched))
        except _Pruned:
            study.tell(trial, state=pruned)
            listener(Stage("stopped early: others were better at this epoch"))
        except ConfigError as error:  # settings that do not fit each other, or loss without bound
            trial.set_user_attr(_WHY, str(error))
            study.tell(trial, state=failed)
            listener(Stage(f"failed: {error}"))
            self._failed += 1
            if self._failed == _LAST_ERRORS:
                raise
            return
        except BaseException as error:
            trial.set_user_attr(_WHY, "stopped")
            study.tell(trial, state=failed)
            study.enqueue_trial(trial.params)
            self.write()
            if isinstance(error, KeyboardInterrupt | TrainingInterrupted):
                kept = [counted(self.made, "trial")] if self.made else []
                raise TrainingInterrupted(None, 0, directory=self._home, finished=kept) from None
            raise
        else:
            study.tell(trial, worth)
        self._failed = 0
        self.write()

    def _worth(self, report: Report) -> float:
        """Raises:
        CallableError: the score of one's own fails, or is no finite number.
        """
        try:
            found = float(self._score(report))
        except Exception as error:
            raise CallableError("score", self._score, error) from error
        if not math.isfinite(found):
            raise CallableError("score", self._score, f"returned {found!r}, expected a number.")
        return found

    def finish(self) -> Tuned:
        """Write what is known in the end, and return it."""
        tuned = self.write()
        importance = self._importance()
        if importance:
            self._write(IMPORTANCE, json.dumps(importance, indent=1) + "\n")
        return replace(tuned, importance=importance)

    def write(self) -> Tuned:
        """Write what is known by now but for the importance, and return it."""
        trials = tuple(self._trials())
        best = best_of(trials)
        config = None
        self._write(TRIALS, trials_csv(trials))
        if best is not None:
            config = self._space.settings(trials[best.number - 1].settings, self._config)
            about = f"## Trial {best.number} of {len(trials)}, score {best.score:.4f}.\n"
            self._write(BEST, about + settings_toml(config))
        return Tuned(trials=trials, best=best, config=config, space=self._space)

    def _write(self, name: str, text: str) -> None:
        with write_atomically(self._home / name) as file:
            file.write(text)

    def _trials(self) -> Iterator[Trial]:
        states = self._optuna.trial.TrialState
        names: dict[Any, State] = {
            states.COMPLETE: "finished",
            states.PRUNED: "pruned",
            states.FAIL: "failed",
        }
        ended = [each for each in self._study.get_trials(deepcopy=False) if each.state in names]
        for number, each in enumerate(ended, 1):
            yield Trial(
                number=number,
                state=names[each.state],
                score=each.value if names[each.state] != "failed" else None,
                seconds=each.duration.total_seconds() if each.duration else 0.0,
                settings={name: self._value(name, value) for name, value in each.params.items()},
                why=str(each.user_attrs.get(_WHY, "")),
            )

    def _value(self, name: str, value: Any) -> Any:
        """Return what a setting is where the study says a number or the place of a choice."""
        tried = self._space.tried[name]
        return tried.values[int(value)] if isinstance(tried, Choice) else value

    def _importance(self) -> dict[str, float]:
        finished = [trial for trial in self._trials() if trial.state == "finished"]
        if len(finished) < 4 or len({trial.score for trial in finished}) < 2:
            return {}
        seed = self._config.training.seed
        evaluator = self._optuna.importance.FanovaImportanceEvaluator(seed=seed)
        found = self._optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {name: float(value) for name, value in found.items()}


class _Pruned(StopTraining):
    """Others were better at this epoch."""


class _Watched:
    """A listener that tells a study the scores of the first network's epochs."""

    def __init__(self, trial: Any, listener: Listener, score: str) -> None:
        self._trial, self._listener, self._name = trial, listener, score
        self._last = 0

    def __call__(self, event: Event) -> None:
        self._listener(event)
        if not isinstance(event, EpochRow) or event.epoch != self._last + 1:
            return  # of another network, or gone on with
        self._last = event.epoch
        self._trial.report(float(getattr(event, self._name)), event.epoch)
        if self._trial.should_prune():
            raise _Pruned


@contextmanager
def _study(optuna: Any, home: Path, made_by: Mapping[str, Any]) -> Iterator[Any]:
    """Open the study of a directory, or begin one.

    Raises:
        ConfigError: it is of something else.
        InputError: the file is none of Optuna's.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    place = home / STUDY
    known = json.dumps(made_by, sort_keys=True)
    storage = None
    try:
        if place.exists() and place.stat().st_size and not is_sqlite(place):
            raise ValueError("it is no database of SQLite")
        storage = optuna.storages.RDBStorage(f"sqlite:///{place}")
        study = optuna.create_study(
            storage=storage,
            study_name="harnn",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(_FIRST_TRIALS, _FIRST_EPOCHS),
        )
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "Choose another --out."
        if storage is not None:
            storage.engine.dispose()
        raise InputError(
            Problem(str(place), f"is no study that can be read: {reason}.", hint)
        ) from None
    try:
        if study.user_attrs.get(_MADE_BY, known) != known:
            what = "holds a study of other documents, settings or things to try."
            raise ConfigError(Problem(str(home), what, "Choose another --out."))
        study.set_user_attr(_MADE_BY, known)
        for trial in study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # it was killed
            study.enqueue_trial(trial.params)
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _distributions(optuna: Any, space: Space) -> dict[str, Any]:
    """Return what Optuna draws from; of choices their place, since they may be lists."""
    kinds = optuna.distributions
    found: dict[str, Any] = {}
    for name, each in space.tried.items():
        if isinstance(each, Choice):
            found[name] = kinds.CategoricalDistribution(range(len(each.values)))
        elif each.whole:
            found[name] = kinds.IntDistribution(int(each.low), int(each.high), log=each.log)
        else:
            found[name] = kinds.FloatDistribution(each.low, each.high, log=each.log)
    return found


def _content(documents: Any) -> str:
    """Return a hash of files; of documents in memory nothing is known."""
    places = [documents] if isinstance(documents, str | Path) else documents
    if not isinstance(places, Sequence) or not all(isinstance(x, str | Path) for x in places):
        return ""
    digest = hashlib.sha256()
    for place in places:
        path = Path(place)
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        else:
            digest.update(str(place).encode())
    return digest.hexdigest()

"""What came out of trainings that were tried."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

State = Literal["finished", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One training with settings that were tried."""

    number: int
    """From 1."""
    state: State
    """``pruned``: stopped early, as others were better at that epoch; ``failed``: see why."""
    score: float | None
    """Of the validation documents, 0 to 1; of a pruned one the last epoch's; None: failed."""
    seconds: float
    settings: Mapping[str, Any]
    """By name, ``table.key``."""
    why: str = ""
    """It failed."""


class Best(NamedTuple):
    """The best of the trials."""

    number: int
    score: float


def shown_setting(value: Any) -> str:
    """Return what was tried of a setting, for people: numbers of three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def best_of(trials: Sequence[Trial]) -> Best | None:
    """Return the best finished trial, the first among equals; None: none finished."""
    found = [(t.score, -t.number) for t in trials if t.state == "finished" and t.score is not None]
    if not found:
        return None
    score, number = max(found)
    return Best(-number, score)


def trials_csv(trials: Sequence[Trial]) -> str:
    """Return a table with one line a trial."""
    names = list(dict.fromkeys(name for trial in trials for name in trial.settings))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["trial", "state", "score", "seconds", *names, "why"])
    for each in trials:
        score = "" if each.score is None else f"{each.score:.6f}"
        values = [each.settings.get(name, "") for name in names]
        table.writerow([each.number, each.state, score, f"{each.seconds:.1f}", *values, each.why])
    return text.getvalue()

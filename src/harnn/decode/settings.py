"""What may stand in ``decode.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np

from harnn._tables import shown
from harnn.config import Close, Strategy, TopOne
from harnn.errors import Problem, suggest


class Sizes(NamedTuple):
    """How many thresholds there must be, where that is known."""

    levels: int | None = None
    labels: int | None = None


_MOST_LABELS = 2**31 - 1
_NUMBERS = ("level_thresholds", "label_thresholds")
_CHOICES: dict[str, tuple[str, ...]] = {
    "strategy": get_args(Strategy),
    "top_1": get_args(TopOne),
    "close": get_args(Close),
}


def decoder_problems(
    settings: Any, keys: Sequence[str], *, where: str, sizes: Sizes | None = None
) -> list[Problem]:
    """Find all that is wrong with the settings of a decoder, of which *keys* are known."""
    if not isinstance(settings, Mapping):
        return [Problem(where, f"got {shown(settings)}, expected an object with a threshold.")]
    problems = [
        Problem(
            where,
            f"unknown key {shown(key)}; expected {', '.join(keys)}.",
            suggest(str(key)[:80], keys),
        )
        for key in settings
        if key not in keys
    ]
    if "threshold" not in settings:
        problems.append(Problem(where, "threshold is missing; expected a number from 0 to 1."))
    elif not _is_share(settings["threshold"]):
        found = shown(settings["threshold"])
        problems.append(Problem(where, f"threshold: got {found}, expected 0 to 1."))
    for name, choices in _CHOICES.items():
        if name in settings and settings[name] not in choices:
            what = f"{name}: got {shown(settings[name])}, expected one of {', '.join(choices)}."
            problems.append(Problem(where, what))
    for name, expected in zip(_NUMBERS, sizes or Sizes(), strict=True):
        problems += _thresholds_problems(settings.get(name), name, expected, where)
    top_k, confidence = settings.get("top_k"), settings.get("confidence")
    if top_k is not None and not (type(top_k) is int and 1 <= top_k <= _MOST_LABELS):
        what = f"top_k: got {shown(top_k)}, expected null or a whole number of at least 1."
        problems.append(Problem(where, what))
    if confidence is not None and not _is_share(confidence):
        what = f"confidence: got {shown(confidence)}, expected null or 0 to 1."
        problems.append(Problem(where, what))
    return problems


def _thresholds_problems(values: Any, name: str, expected: int | None, where: str) -> list[Problem]:
    if values is None:
        return []
    if not isinstance(values, Sequence) or isinstance(values, str):
        return [Problem(where, f"{name}: got {shown(values)}, expected null or a list of 0 to 1.")]
    wrong = []
    if not _are_shares(values):
        wrong = [(number, value) for number, value in enumerate(values) if not _is_share(value)]
    problems = [
        Problem(where, f"{name}[{number}]: got {shown(value)}, expected 0 to 1.")
        for number, value in wrong
    ]
    if expected is not None and len(values) != expected:
        what = f"{name}: got {len(values):,} numbers, expected {expected:,}."
        problems.append(Problem(where, what))
    return problems


def _are_shares(values: Sequence[Any]) -> bool:
    """Whether all are, found quickly: of 100,000 labels there are as many."""
    if not set(map(type, values)) <= {int, float}:
        return False
    try:
        array = np.asarray(values, dtype=np.float64)
    except OverflowError:  # a whole number of hundreds of digits
        return False
    return bool(((array >= 0) & (array <= 1)).all())


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1

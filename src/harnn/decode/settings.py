"""What may stand in ``decode.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from harnn.config import Close, Strategy, TopOne
from harnn.errors import Problem, suggest

_NUMBERS = ("level_thresholds", "label_thresholds")
_CHOICES: dict[str, tuple[str, ...]] = {
    "strategy": tuple(name for name in get_args(Strategy) if name != "auto"),
    "top_1": tuple(name for name in get_args(TopOne) if name != "auto"),
    "close": get_args(Close),
}
KEYS = (
    "threshold",
    "strategy",
    "level_thresholds",
    "label_thresholds",
    "top_k",
    "confidence",
    "top_1",
    "close",
)


def decoder_problems(
    settings: Any, *, where: str, labels: int | None = None, levels: int | None = None
) -> list[Problem]:
    """Find all that is wrong with the settings of a decoder for so many labels and levels."""
    if not isinstance(settings, Mapping):
        return [Problem(where, f"got {settings!r}, expected an object with a threshold.")]
    problems = [
        Problem(where, f"unknown key {key!r}; expected {', '.join(KEYS)}.", suggest(key, KEYS))
        for key in settings
        if key not in KEYS
    ]
    if "threshold" not in settings:
        problems.append(Problem(where, "threshold is missing; expected a number from 0 to 1."))
    elif not _is_share(settings["threshold"]):
        found = settings["threshold"]
        problems.append(Problem(where, f"threshold: got {found!r}, expected 0 to 1."))
    for name, choices in _CHOICES.items():
        if name in settings and settings[name] not in choices:
            what = f"{name}: got {settings[name]!r}, expected one of {', '.join(choices)}."
            problems.append(Problem(where, what))
    for name, expected in zip(_NUMBERS, (levels, labels), strict=True):
        problems += _thresholds_problems(settings.get(name), name, expected, where)
    top_k, confidence = settings.get("top_k"), settings.get("confidence")
    if top_k is not None and not (type(top_k) is int and top_k >= 1):
        what = f"top_k: got {top_k!r}, expected null or a whole number of at least 1."
        problems.append(Problem(where, what))
    if confidence is not None and not _is_share(confidence):
        what = f"confidence: got {confidence!r}, expected null or 0 to 1."
        problems.append(Problem(where, what))
    return problems


def _thresholds_problems(values: Any, name: str, expected: int | None, where: str) -> list[Problem]:
    if values is None:
        return []
    if not isinstance(values, Sequence) or isinstance(values, str):
        return [Problem(where, f"{name}: got {values!r}, expected null or a list of 0 to 1.")]
    wrong = [(number, value) for number, value in enumerate(values) if not _is_share(value)]
    problems = [
        Problem(where, f"{name}[{number}]: got {value!r}, expected 0 to 1.")
        for number, value in wrong
    ]
    if expected is not None and len(values) != expected:
        what = f"{name}: got {len(values):,} numbers, expected {expected:,}."
        problems.append(Problem(where, what))
    return problems


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1

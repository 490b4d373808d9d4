"""Acceptances as JSON files, which are believed nothing that does not follow from their counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from harnn._display import json_text, reason_of
from harnn._files import write_atomically
from harnn.acceptance.acceptance import Acceptance, LevelAcceptance, State
from harnn.acceptance.curve import MOST_POINTS, Curve, Reading
from harnn.acceptance.label_sets import LabelSets
from harnn.errors import ConfigError, InputError, Problem, cannot_read

FORMAT = 1
MOST_BYTES = 64 << 20
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Points = Annotated[list[list[float]], msgspec.Meta(max_length=MOST_POINTS)]


class _Level(msgspec.Struct, forbid_unknown_fields=True):
    level: _Count
    name: _Text
    labels: _Count
    target: _Share | None
    state: State
    cut: float | None
    points: _Points


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    model: _Hash
    taxonomy: _Hash
    options: dict[_Text, _Text | int | float | bool]
    reading: Reading
    documents: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    unanswered: _Count
    least_training: _Count
    never: list[_Text]
    levels: Annotated[list[_Level], msgspec.Meta(min_length=1, max_length=10_000)]
    sets: LabelSets | None


def to_json(acceptance: Acceptance) -> str:
    """Return an acceptance as the JSON text that :func:`from_json` reads."""
    sets = acceptance.sets
    plain = {
        "format": FORMAT,
        "model": acceptance.model_hash,
        "taxonomy": acceptance.taxonomy_hash,
        "options": dict(acceptance.options),
        "reading": acceptance.reading,
        "documents": acceptance.documents,
        "unanswered": acceptance.unanswered,
        "least_training": acceptance.least_training,
        "never": sorted(acceptance.never),
        "levels": [_level_to_dict(each) for each in acceptance.levels],
        "sets": None if sets is None else msgspec.to_builtins(sets),
    }
    return json_text(plain)


def from_json(text: str | bytes, *, where: str = "") -> Acceptance:
    """Read what :func:`to_json` wrote; where: it stands, for messages.

    Raises:
        ConfigError: it is something else, or its cuts do not follow from its counts.
    """
    try:
        found = msgspec.json.decode(text, type=_File)
        return _acceptance(found)
    except (ValueError, RecursionError, ConfigError) as error:  # msgspec's are ValueErrors
        what = f"is no acceptance, or damaged: {reason_of(error)}."
        raise ConfigError(Problem(where, what, "Make it with harnn acceptance.")) from None


def save_acceptance(acceptance: Acceptance, path: Path | str) -> None:
    """Write an acceptance to a file.

    Raises:
        InputError: it cannot be written.
    """
    with write_atomically(path) as file:
        file.write(to_json(acceptance) + "\n")


def load_acceptance(path: Path | str) -> Acceptance:
    """Read what :func:`save_acceptance` wrote.

    Raises:
        InputError: it cannot be read.
        ConfigError: it is something else, or too large.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        hint = "Make it with harnn acceptance."
        raise InputError(Problem(str(path), "no such file.", hint)) from None
    except OSError as error:
        raise InputError(cannot_read(path, error)) from None
    if len(content) > MOST_BYTES:
        raise ConfigError(Problem(str(path), f"has more than {MOST_BYTES:,} bytes."))
    return from_json(content, where=str(path))


def _level_to_dict(each: LevelAcceptance) -> dict[str, Any]:
    names = ("level", "name", "labels", "target", "state", "cut")
    return {name: getattr(each, name) for name in names} | {"points": each.curve.to_list()}


def _acceptance(found: _File) -> Acceptance:
    """Raises:
    ValueError, ConfigError: values do not fit each other.
    """
    if found.format != FORMAT:
        raise ValueError(f"expected format {FORMAT}, got {found.format}")
    if [each.level for each in found.levels] != list(range(1, len(found.levels) + 1)):
        raise ValueError("expected levels from 1 on")
    if found.sets is not None and len(found.sets.levels) != len(found.levels):
        raise ValueError("expected sets of as many levels")
    plain = Acceptance(
        model_hash=found.model,
        taxonomy_hash=found.taxonomy,
        options=found.options,
        reading=found.reading,
        documents=found.documents,
        unanswered=found.unanswered,
        least_training=found.least_training,
        never=frozenset(found.never),
        levels=tuple(_level(each, found.documents) for each in found.levels),
        sets=found.sets,
    )
    level_targets = {x.level: x.target for x in found.levels if x.target is not None}
    paused = {x.level for x in found.levels if x.state == "paused"}
    followed = plain.with_targets(level_targets).with_paused(paused)
    for each, told in zip(followed.levels, found.levels, strict=True):
        if (each.cut, each.state) != (told.cut, told.state):
            raise ValueError(f"the cut of level {each.level} does not follow from its points")
    return followed


def _level(each: _Level, documents: int) -> LevelAcceptance:
    return LevelAcceptance(
        level=each.level,
        name=each.name,
        labels=each.labels,
        curve=Curve.from_list(each.points, documents, each.level),
        target=None,
        state="no target",
        place=None,
    )

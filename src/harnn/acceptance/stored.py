"""Acceptances as JSON files, whose cuts are believed where they follow from their documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from harnn._display import json_text, reason_of
from harnn._files import write_atomically
from harnn.acceptance.acceptance import Acceptance, LevelAcceptance, State, make_levels
from harnn.acceptance.confidence import Judged
from harnn.acceptance.curve import Reading
from harnn.acceptance.label_sets import LabelSets
from harnn.errors import ConfigError, InputError, Problem, cannot_read, nothing_at

FORMAT = 1
MOST_BYTES = 256 << 20
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Level(msgspec.Struct, forbid_unknown_fields=True):
    level: _Count
    name: _Text
    labels: _Count
    target: _Share | None
    state: State
    cut: float | None


class _Document(msgspec.Struct, forbid_unknown_fields=True, array_like=True):
    first_wrong: _Count
    """The highest level with a wrong label; 0: none."""
    confidence: list[_Chance | None]
    """By level, from the top; None where it is not in question, at the end left out."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    model: _Hash
    taxonomy: _Hash
    options: dict[_Text, _Text | int | float | bool]
    reading: Reading
    unanswered: _Count
    least_training: _Count
    never: list[_Text]
    levels: Annotated[list[_Level], msgspec.Meta(min_length=1, max_length=10_000)]
    sets: LabelSets | None
    documents: Annotated[list[_Document], msgspec.Meta(min_length=1)]


def to_json(acceptance: Acceptance) -> str:
    """Return an acceptance as the JSON text that :func:`from_json` reads."""
    sets = acceptance.sets
    plain = {
        "format": FORMAT,
        "model": acceptance.model_hash,
        "taxonomy": acceptance.taxonomy_hash,
        "options": dict(acceptance.options),
        "reading": acceptance.reading,
        "unanswered": acceptance.judged.unanswered,
        "least_training": acceptance.least_training,
        "never": sorted(acceptance.never),
        "levels": [_level_to_dict(each) for each in acceptance.levels],
        "sets": None if sets is None else msgspec.to_builtins(sets),
        "documents": _rows(acceptance.judged),
    }
    return json_text(plain)


def from_json(text: str | bytes, *, where: str = "") -> Acceptance:
    """Read what :func:`to_json` wrote; where: it stands, for messages.

    Raises:
        ConfigError: it is something else, or its cuts do not follow from its documents.
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
        raise InputError(nothing_at(path, "no such file.", hint)) from None
    except OSError as error:
        raise InputError(cannot_read(path, error)) from None
    if len(content) > MOST_BYTES:
        raise ConfigError(Problem(str(path), f"has more than {MOST_BYTES:,} bytes."))
    return from_json(content, where=str(path))


def _level_to_dict(each: LevelAcceptance) -> dict[str, Any]:
    names = ("level", "name", "labels", "target", "state", "cut")
    return {name: getattr(each, name) for name in names}


def _rows(judged: Judged) -> list[list[Any]]:
    """Return the documents as lists, the surest first, so that their order says nothing."""
    depth = judged.right.shape[1]
    first_wrong = np.where(judged.right.all(axis=1), 0, depth + 1 - (~judged.right).sum(axis=1))
    keys = np.nan_to_num(judged.confidence, nan=2.0)
    order = np.lexsort((first_wrong, *-keys.T[::-1]))
    rows = []
    for row in order.tolist():
        sure = [None if x != x else float(str(x)) for x in judged.confidence[row]]
        while sure and sure[-1] is None:
            sure.pop()
        rows.append([int(first_wrong[row]), sure])
    return rows


def _judged(found: _File) -> Judged:
    """Raises:
    ValueError: documents of other levels, or confidences that rise.
    """
    depth = len(found.levels)
    if any(x.first_wrong > depth or len(x.confidence) > depth for x in found.documents):
        raise ValueError(f"expected documents on {depth} levels")
    confidence = np.full((len(found.documents), depth), np.nan, dtype=np.float32)
    for row, each in enumerate(found.documents):
        for level, sure in enumerate(each.confidence):
            confidence[row, level] = np.nan if sure is None else sure
    if found.unanswered > np.isnan(confidence).all(axis=1).sum():
        raise ValueError("expected documents without an answer")
    if (np.diff(confidence, axis=1) > 0).any():  # NaN compares false
        raise ValueError("expected confidences that never rise from a level to the next")
    first_wrong = np.array([x.first_wrong or depth + 1 for x in found.documents])
    right = np.arange(1, depth + 1) < first_wrong[:, np.newaxis]
    return Judged(confidence, right, found.unanswered)


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
    judged = _judged(found)
    names, sizes = [x.name for x in found.levels], [x.labels for x in found.levels]
    plain = Acceptance(
        model_hash=found.model,
        taxonomy_hash=found.taxonomy,
        options=found.options,
        reading=found.reading,
        judged=judged,
        least_training=found.least_training,
        never=frozenset(found.never),
        levels=make_levels(judged, names, sizes),
        sets=found.sets,
    )
    level_targets = {x.level: x.target for x in found.levels if x.target is not None}
    paused = {x.level for x in found.levels if x.state == "paused"}
    followed = plain.with_targets(level_targets).with_paused(paused)
    for each, told in zip(followed.levels, found.levels, strict=True):
        if (each.cut, each.state) != (told.cut, told.state):
            raise ValueError(f"the cut of level {each.level} does not follow from its documents")
    return followed

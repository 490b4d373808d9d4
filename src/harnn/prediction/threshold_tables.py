"""Thresholds as a table that people edit: written for a model, and read back for one.

A table has a column ``threshold`` and ``label`` (codes, or names that only one label has), or
``level`` (numbers from 1, the top). The other columns are for whoever chooses. What is left out, or
has no threshold, keeps its own.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._display import level_name
from harnn._tables import shown
from harnn.bundle import Bundle, ModelInfo
from harnn.config import DataConfig, Strategy
from harnn.data.fields import DocumentBuilder
from harnn.data.label_checker import LabelChecker
from harnn.data.log import Rejected
from harnn.data.reading import stream_rows
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import Taxonomy

By = Literal["label", "level"]
LABEL, LEVEL, THRESHOLD = "label", "level", "threshold"
LABEL_COLUMNS = (
    LABEL,
    LEVEL,
    "name",
    "training",
    THRESHOLD,
    "validation",
    "precision",
    "recall",
    "f1",
)
"""``training``: documents with the label; ``validation``: likewise; the others are of those, as the
model chose when it was made."""
LEVEL_COLUMNS = (LEVEL, "name", "labels", THRESHOLD, "precision", "recall", "f1")
_HINT = "harnn thresholds writes such a table."
Given = Mapping[str, float] | Mapping[int, float] | str | Path
"""Thresholds by labels or by levels, or the place of a table."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnThresholds:
    """What each label must reach, as somebody wants it."""

    values: NDArray[np.float32]
    """(C,)"""
    given: int
    """Labels, or levels, that were given a threshold."""
    of: int
    """Labels, or levels, that there are."""
    by: By

    def describe(self) -> str:
        """Say for how many the model keeps its own, or nothing where all are given."""
        if self.given == self.of:
            return ""
        verb = (
            "keeps its own threshold" if self.of - self.given == 1 else "keep their own threshold"
        )
        return f"{self.of - self.given:,} of {self.of:,} {self.by}s {verb}."

    def as_option(self) -> tuple[float, ...]:
        """Return them as the option ``thresholds``."""
        return tuple(map(float, map(str, self.values)))


def write_thresholds(
    model: Bundle | ModelInfo, by: By = "label", strategy: Strategy | None = None
) -> str:
    """Return a table (CSV) of the thresholds that a model decides with.

    strategy: ``threshold``, ``level`` or ``label``; None: that in use, or where scores alone do not
    decide what was tuned for each label. By level, a threshold is that of all its labels.

    Raises:
        ConfigError: the strategy has none, or its thresholds differ within a level.
    """
    cuts = model.decoder.own_thresholds(model.taxonomy.hierarchy, strategy)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(LABEL_COLUMNS if by == "label" else LEVEL_COLUMNS)
    table.writerows(_labels(model, cuts) if by == "label" else _levels(model, cuts))
    return text.getvalue()


def read_thresholds(given: Given, model: Bundle | ModelInfo) -> OwnThresholds:
    """Return thresholds of labels or levels, by a mapping or a table, for a model.

    A mapping has codes or names of labels, or numbers of levels. Tables are CSV and TSV in any of
    their forms, spreadsheets, Parquet and JSON lines; a decimal comma is a point.

    Raises:
        ConfigError: unknown labels or levels, one twice, or numbers out of range; all of them.
        DocumentError: the table cannot be read.
        MissingExtraError: what reads it is not installed.
    """
    problems: list[Problem] = []
    if isinstance(given, Mapping):
        entries = [_Entry("", key, value) for key, value in given.items()]
    else:
        entries, problems = _read(Path(given))
    if problems and not entries:
        raise ConfigError(problems)
    by = _kind_of(entries, given)
    taxonomy = model.taxonomy
    find = _Labels(taxonomy) if by == "label" else _Levels(taxonomy)
    found: dict[int, float] = {}
    places: dict[int, str] = {}
    for entry in entries:
        place, wrong = find(entry)
        if wrong is None and place in places:
            first = f", first at {places[place]}" if places[place] else ""
            wrong = Problem(entry.where, f"{by} {shown(entry.key)} is there twice{first}.")
        if wrong is not None:
            problems.append(wrong)
            continue
        places[place] = entry.where
        number = _number(entry.value)
        if number is not None and not 0 <= number <= 1:
            what = f"{by} {shown(entry.key)}: got {shown(entry.value)}, expected 0 to 1."
            problems.append(Problem(entry.where, what))
        elif number is not None:
            found[place] = number
    if problems:
        raise ConfigError(problems)
    values = model.decoder.own_thresholds(taxonomy.hierarchy).copy()
    for place, number in found.items():
        if by == "label":
            values[place] = number
        else:
            values[taxonomy.hierarchy.levels == place] = number
    of = len(taxonomy) if by == "label" else taxonomy.depth
    return OwnThresholds(values, len(found), of, by)


class _Entry(NamedTuple):
    where: str
    """File and line; empty: of a mapping."""
    key: Any
    value: Any
    by: By | None = None
    """As the table says it."""


class _Labels:
    """Finds columns of labels."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._checker, self._index = LabelChecker(taxonomy), taxonomy.index

    def __call__(self, entry: _Entry) -> tuple[int, Problem | None]:
        label = str(entry.key)
        code = label if label in self._index else self._checker.code_of(label)
        if code:
            return self._index[code], None
        return -1, Problem(entry.where, *self._checker.describe(label))


class _Levels:
    """Finds levels by their numbers."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._depth = taxonomy.depth

    def __call__(self, entry: _Entry) -> tuple[int, Problem | None]:
        number = _number(entry.key)
        if number is not None and number.is_integer() and 1 <= number <= self._depth:
            return int(number), None
        what = f"got the level {shown(entry.key)}, expected 1 to {self._depth}."
        return -1, Problem(entry.where, what)


def _number(value: Any) -> float | None:
    """Return a number as tables have it, NaN where it is none; None where there is nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | np.number):
        return math.nan
    text = str(value).strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return math.nan


def _kind_of(entries: list[_Entry], given: Given) -> By:
    """Raises:
    ConfigError: there is nothing, or labels and levels are mixed.
    """
    kinds = {entry.by or ("level" if isinstance(entry.key, int) else "label") for entry in entries}
    if len(kinds) == 1:
        return "level" if kinds == {"level"} else "label"
    where = "thresholds" if isinstance(given, Mapping) else str(given)
    what = "mixes labels and levels." if kinds else "has no thresholds."
    raise ConfigError(Problem(where, what))


def _read(path: Path) -> tuple[list[_Entry], list[Problem]]:
    """Return the rows of a table, and what is wrong with others.

    Raises:
        ConfigError: it has other columns, or nothing.
        DocumentError: the file cannot be read.
    """
    where = str(path)
    if path.is_file() and not path.stat().st_size:
        raise ConfigError(Problem(where, "is empty.", _HINT))
    entries, problems = _rows(path, "label")
    if entries or not problems:
        return entries, problems
    by_level = _rows(path, "level")
    if by_level[0] or by_level[1] == problems:
        return by_level
    what = f"has not the columns {THRESHOLD} and {LABEL}, or {THRESHOLD} and {LEVEL}."
    raise ConfigError(Problem(where, what, _HINT))


def _rows(path: Path, by: By) -> tuple[list[_Entry], list[Problem]]:
    entries: list[_Entry] = []
    problems: list[Problem] = []
    # What a table must have stands where documents have their ids and texts.
    table = DataConfig(id_field=by, text_fields=(THRESHOLD,))
    for item in stream_rows(path, DocumentBuilder(table, labelled=False)):
        if isinstance(item, Rejected):
            problems += item.problems
            continue
        where, content = item.file.at(item.row.line), item.row.content
        key = content.get(by)
        if key is None or not str(key).strip():
            problems.append(Problem(where, f"has nothing in {by!r}."))
        else:
            entries.append(_Entry(where, str(key).strip(), content.get(THRESHOLD), by))
    return entries, problems


def _labels(model: Bundle | ModelInfo, cuts: NDArray[np.float32]) -> Iterator[Iterable[Any]]:
    taxonomy, quality = model.taxonomy, model.quality
    levels = taxonomy.hierarchy.levels
    for column, code in enumerate(taxonomy.codes):
        worth: tuple[Any, ...] = ("", "", "", "")
        if quality is not None:
            counts = quality.counts
            hits, predicted, true = (
                int(x[column]) for x in (counts.hits, counts.predicted, counts.true)
            )
            worth = (
                true,
                _share(hits, predicted),
                _share(hits, true),
                _share(2 * hits, predicted + true),
            )
        yield (
            code,
            levels[column],
            taxonomy.names[column],
            model.label_counts[column],
            cuts[column],
            *worth,
        )


def _levels(model: Bundle | ModelInfo, cuts: NDArray[np.float32]) -> Iterator[Iterable[Any]]:
    """Raises:
    ConfigError: thresholds differ within a level.
    """
    levels = model.taxonomy.hierarchy.levels
    for level in model.report.levels:
        own = np.unique(cuts[levels == level.level])
        if len(own) > 1:
            what = "the model has a threshold for each label, so there is none for a level."
            hint = "Write them by label, or those of another strategy: level or threshold."
            raise ConfigError(Problem("by", what, hint))
        name = level_name(level.name, level.level)
        numbers = (level.micro_precision, level.micro_recall, level.micro_f1)
        yield (level.level, name, level.labels, own[0], *(f"{x:.4f}" for x in numbers))


def _share(part: int, whole: int) -> str:
    """Return a share of four digits, nothing where it is one of nothing."""
    return f"{part / whole:.4f}" if whole else ""

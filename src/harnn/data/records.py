"""Index records: the original HARNN format, for any number of levels.

A record holds one list of whole numbers per level, local to the level and counted from 0,
and ``labels``: the same numbers, each level moved up by the sizes of all levels before it::

    {"id": "1", "title": ["a"], "abstract": ["b"], "section": [2], "group": [5], "labels": [2, 14]}

Here ``section`` has 9 labels, so ``group`` begins at 9. Source of the format:
Huang et al., "Hierarchical Multi-label Text Classification", CIKM 2019, and its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.columns import list_names
from harnn.errors import Problem

_CODE_SEPARATOR = ":"


def index_code(level: str, index: int) -> str:
    """Return the label that stands for *index* of *level*, such as ``section:5``."""
    return f"{level}{_CODE_SEPARATOR}{index}"


def split_index_code(code: str) -> tuple[str, int]:
    """Return level and index of a label made by :func:`index_code`."""
    level, _, index = code.rpartition(_CODE_SEPARATOR)
    return level, int(index)


@dataclass(slots=True)
class _Level:
    """What the records read so far say about one level."""

    name: str
    offset: int | None = None
    offset_from: str = ""
    largest: int = -1
    largest_from: str = ""


class IndexLayout:
    """Learn levels and offsets from index records and hold later records to them.

    The first record names the levels; the first one with a label of a level fixes its offset.
    """

    def __init__(self, config: DataConfig) -> None:
        self._labels_field = config.labels_field
        self._no_levels = {config.id_field, config.labels_field, "text", "title", "abstract"}
        self._no_levels |= set(config.text_fields)
        self._levels: list[_Level] = []
        self._first = ""

    @property
    def level_names(self) -> tuple[str, ...]:
        """Return the levels from the top; empty before the first record."""
        return tuple(level.name for level in self._levels)

    def offset(self, level: int) -> int | None:
        """Return where *level* (from 0) begins among all labels, None where nothing tells."""
        return self._levels[level].offset

    def largest(self, level: int) -> int:
        """Return the largest index seen of *level* (from 0), -1 where there is none."""
        return self._levels[level].largest

    def recognises(self, content: Mapping[str, Any]) -> bool:
        """Tell whether *content* is an index record."""
        if "text" in content or not _are_indices(content.get(self._labels_field)):
            return False
        fields = self._level_fields(content)
        if any(fields.values()):
            return True
        return bool(fields) and set(fields) <= set(self.level_names)

    def read_labels(self, content: Mapping[str, Any], where: str) -> tuple[list[str], list[str]]:
        """Return the labels of an index record, and what is wrong with it."""
        fields = self._level_fields(content)
        if not self._levels:
            self._levels = [_Level(name) for name in fields]
            self._first = where
        if set(fields) != set(self.level_names):
            found = list_names(fields, quoted=False)
            expected = list_names(self.level_names, quoted=False)
            return [], [f"has the levels {found}, expected {expected} as in {self._first}."]
        levels = [fields[name] for name in self.level_names]
        faults = self._check_offsets(levels, content[self._labels_field], where)
        if faults:
            return [], faults
        codes = [
            index_code(level.name, index)
            for level, indices in zip(self._levels, levels, strict=True)
            for index in indices
        ]
        return codes, []

    def take_late_problems(self) -> list[Problem]:
        """Return, once, indices out of range that were read before the range was known."""
        problems = []
        for number, level in enumerate(self._levels):
            end = self._find_end(number)
            if end is not None and level.largest >= end:
                what = self._out_of_range(number, level.largest, end)
                problems.append(Problem(level.largest_from, what))
                level.largest = end - 1
        return problems

    def _level_fields(self, content: Mapping[str, Any]) -> dict[str, list[int]]:
        return {
            name: value
            for name, value in content.items()
            if name not in self._no_levels and _are_indices(value)
        }

    def _check_offsets(
        self, levels: Sequence[list[int]], labels: list[int], where: str
    ) -> list[str]:
        """Return what is wrong with ``labels``, and learn from it where nothing is."""
        count = sum(len(indices) for indices in levels)
        if len(labels) != count:
            return [f"'labels' has {len(labels)} numbers, expected {count} as in the levels."]
        faults: list[str] = []
        offsets: list[int | None] = []
        position = 0
        for number, indices in enumerate(levels):
            part = labels[position : position + len(indices)]
            position += len(indices)
            offset, fault = self._find_offset(number, indices, part)
            offsets.append(offset)
            faults += [fault] if fault else []
        if not faults:
            self._learn(levels, offsets, where)
            faults = self._check_ranges(levels)
        return faults

    def _find_offset(
        self, number: int, indices: list[int], part: list[int]
    ) -> tuple[int | None, str]:
        if not indices:
            return None, ""
        level = self._levels[number]
        if min(indices) < 0:
            return None, f"{level.name!r} has the index {min(indices)}, expected 0 or more."
        found = {label - index for index, label in zip(sorted(indices), sorted(part), strict=True)}
        if len(found) > 1:
            what = f"'labels' has {shown(part)} where {level.name!r} has {shown(indices)}"
            return None, f"{what}, expected the same numbers plus one offset."
        offset = found.pop()
        if number == 0 and offset != 0:
            return None, f"the offset of {level.name!r} is {offset}, expected 0 for the top level."
        if level.offset is not None and offset != level.offset:
            expected = f"expected {level.offset} as in {level.offset_from}."
            return None, f"the offset of {level.name!r} is {offset}, {expected}"
        return offset, ""

    def _learn(
        self, levels: Sequence[list[int]], offsets: Sequence[int | None], where: str
    ) -> None:
        for level, offset in zip(self._levels, offsets, strict=True):
            if level.offset is None and offset is not None:
                level.offset, level.offset_from = offset, where
        for number, (level, indices) in enumerate(zip(self._levels, levels, strict=True)):
            largest = max(indices, default=-1)
            end = self._find_end(number)
            if largest > level.largest and (end is None or largest < end):
                level.largest, level.largest_from = largest, where

    def _check_ranges(self, levels: Sequence[list[int]]) -> list[str]:
        faults = []
        for number, indices in enumerate(levels):
            end = self._find_end(number)
            if indices and end is not None and max(indices) >= end:
                faults.append(self._out_of_range(number, max(indices), end))
        return faults

    def _find_end(self, number: int) -> int | None:
        """Return the most labels that level *number* can have, by the offset after it."""
        start = self._levels[number].offset
        if start is None:
            return None
        return next(
            (
                lower.offset - start
                for lower in self._levels[number + 1 :]
                if lower.offset is not None
            ),
            None,
        )

    def _out_of_range(self, number: int, index: int, end: int) -> str:
        name = self._levels[number].name
        return (
            f"{name!r} has the index {index}, expected less than {end} by the offsets of 'labels'."
        )


def _are_indices(value: object) -> bool:
    """Tell whether *value* is a list of whole numbers; an empty list is."""
    return isinstance(value, list) and all(type(item) is int for item in value)

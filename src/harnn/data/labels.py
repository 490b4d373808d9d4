"""The labels of a row: one field of them, several, or one field a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from harnn.config import DataConfig
from harnn.data.columns import list_names, suggest_labels
from harnn.data.json_rows import name_type
from harnn.data.label_cells import read_label_cell

Fault = tuple[str, str]
"""What is wrong with a row, and a hint."""

LEVEL_SEPARATOR = " > "
"""Between the labels of a path."""

_LONGEST_SHOWN = 80
_LARGEST_CODE = 10**15


def read_labels(
    content: Mapping[str, Any],
    config: DataConfig,
    faults: list[Fault],
    *,
    required: bool,
    in_cells: bool = False,
) -> tuple[str, ...] | None:
    """Return the labels as strings; None where there are none and none are required.

    in_cells: the row is of a table, where several labels can share a cell, a code that is written
    in digits may be a number, and an empty cell holds no labels, whatever stands for it.
    """
    names = config.label_columns
    given: dict[str, object] = {}
    for name in names:
        value = content.get(name)
        if in_cells and name in content:
            given[name] = [] if value is None else _read_cell(value, config)
        elif value is not None:
            given[name] = value
    if not given:
        if required:
            hint = "" if any(n in content for n in names) else suggest_labels(content, names[0])
            faults.append((f"has no labels, expected a list in {list_names(names)}.", hint))
        return None
    if config.level_fields:
        return _read_levels(given, faults)
    labels: list[str] = []
    for name, value in given.items():
        if config.label_fields and type(value) in (str, int):
            value = [value]
        if not isinstance(value, list):
            expected = "expected a list of strings."
            faults.append((f"{name!r} is {name_type(value)}, {expected}", _as_list(value)))
            return None
        labels += _read_list(name, value, faults)
    return tuple(dict.fromkeys(filter(None, labels))) if config.label_fields else tuple(labels)


def _read_cell(value: object, config: DataConfig) -> object:
    """Return the labels of one cell of a table as a list, where it can hold any."""
    if isinstance(value, list):
        return [int(label) if _is_whole(label) else label for label in value]
    if not isinstance(value, str):
        if not _is_whole(value):
            return value
        value = int(value)
    separator = "" if config.level_fields else config.label_separator
    return read_label_cell(str(value), separator)


def _read_levels(given: Mapping[str, object], faults: list[Fault]) -> tuple[str, ...]:
    """Return the one label whose path is given, a label a level; none where all are empty."""
    path: list[str] = []
    for name, value in given.items():
        labels = value if isinstance(value, list) else [value]
        if len(labels) > 1:
            faults.append((f"{name!r} holds {len(labels):,} labels, expected one a level.", ""))
            return ()
        path += [label for label in _read_list(name, labels, faults) if label.strip()]
    return (LEVEL_SEPARATOR.join(path),) if path else ()


def _read_list(name: str, labels: Sequence[object], faults: list[Fault]) -> list[str]:
    read: list[str] = []
    for number, label in enumerate(labels, start=1):
        if isinstance(label, str):
            read.append(label)
        elif type(label) is int:
            read.append(str(label))
        else:
            found = f"{name!r} holds {name_type(label)} at position {number}"
            hint = f'Write "{label:.0f}".' if _is_whole(label) else ""
            faults.append((f"{found}, expected strings or whole numbers.", hint))
    return read


def _as_list(value: object) -> str:
    """Return how to write a label that stands alone, where a list is expected."""
    if _is_whole(value):
        return f'Write ["{value:.0f}"].'
    is_short = isinstance(value, str) and '"' not in value and len(value) <= _LONGEST_SHOWN
    return f'Write ["{value}"].' if is_short else ""


def _is_whole(value: object) -> TypeGuard[float]:
    """Tell whether *value* is a number that other programs make of a code."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _LARGEST_CODE and value == int(value)

"""Names and other texts of labels, from a table beside the taxonomy.

The header names the columns: ``label``, and any of ``level``, ``name``, ``description``,
``alternatives`` (separated by ``|``) and ``notation`` in any order. Cells missing at the end of a
line are empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError, suggest
from harnn.taxonomy.graph import MOST_PROBLEMS, Layout, gathered, shorten
from harnn.taxonomy.near_labels import NearLabels
from harnn.taxonomy.text_files import content_lines, read_text

LABEL_COLUMNS = ("label", "level", "name", "description", "alternatives", "notation")
BETWEEN_ALTERNATIVES = "|"


class LabelTexts(NamedTuple):
    """Texts by code."""

    names: dict[str, str]
    descriptions: dict[str, str]
    alternatives: dict[str, tuple[str, ...]]
    notations: dict[str, str]


def read_labels(
    path: Path, layout: Layout, encoding: str | None = None, notes: list[str] | None = None
) -> LabelTexts:
    """Read a table of labels; encoding and notes: see :func:`read_text`.

    Raises:
        TaxonomyError: unknown columns, unknown or repeated labels, levels that contradict the
            taxonomy.
    """
    lines = content_lines(read_text(path, encoding, notes))
    number, header = next(lines, (0, ""))
    if not header:
        raise TaxonomyError(Problem(str(path), "is empty, expected a header and labels."))
    columns = [cell.strip().lower() for cell in header.split("\t")]
    wrong = islice(_header_problems(columns), MOST_PROBLEMS)
    problems = [Problem(f"{path}:{number}", what, hint) for what, hint in wrong]
    if problems:
        raise gathered(str(path), problems)
    near = NearLabels(layout.codes)
    level_of = dict(zip(layout.codes, layout.levels.tolist(), strict=True))
    first_line: dict[str, int] = {}
    found: dict[str, dict[str, str]] = {column: {} for column in LABEL_COLUMNS[2:]}
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        row = dict(zip(columns, cells, strict=False))
        what = _row_problem(cells, columns, row, level_of)
        label = row.get("label", "")
        if not what and first_line.setdefault(label, number) != number:
            what = f"label {label!r} was already given in line {first_line[label]}."
        if what:
            unknown = label not in level_of and len(problems) < SHOWN_PROBLEMS
            hint = near.suggest(label) if unknown and label else ""
            problems.append(Problem(f"{path}:{number}", shorten(what), hint))
            if len(problems) == MOST_PROBLEMS:
                raise gathered(str(path), problems)
            continue
        for kind, texts in found.items():
            if row.get(kind):
                texts[label] = row[kind]
    if problems:
        raise TaxonomyError(problems)
    return LabelTexts(
        found["name"],
        found["description"],
        {code: split_alternatives(cell) for code, cell in found["alternatives"].items()},
        found["notation"],
    )


def split_alternatives(cell: str) -> tuple[str, ...]:
    """Return the names in a cell, each once."""
    names = (name.strip() for name in cell.split(BETWEEN_ALTERNATIVES))
    return tuple(dict.fromkeys(name for name in names if name))


def _header_problems(columns: list[str]) -> Iterator[tuple[str, str]]:
    expected = ", ".join(LABEL_COLUMNS)
    seen: set[str] = set()
    for column in columns:
        if column not in LABEL_COLUMNS:
            what = f"unknown column {column!r}; expected a header of {expected}."
            yield shorten(what), suggest(column, LABEL_COLUMNS)
        elif column in seen:
            yield f"column {column!r} is named twice.", ""
        seen.add(column)
    if "label" not in columns:
        yield "the header has no column 'label'.", ""


def _row_problem(
    cells: list[str], columns: list[str], row: Mapping[str, str], level_of: Mapping[str, int]
) -> str:
    if len(cells) > len(columns):
        return f"found {len(cells)} columns, expected {len(columns)}: {', '.join(columns)}."
    label, level = row.get("label", ""), row.get("level", "")
    if not label:
        return "empty label."
    if label not in level_of:
        return f"label {label!r} is not in the taxonomy."
    if level and not (level.isascii() and level.isdigit()):
        return f"level of {label!r}: got {level!r}, expected a whole number."
    # Not as numbers: Python refuses those of thousands of digits.
    if level and (level.lstrip("0") or "0") != str(level_of[label]):
        return f"level of {label!r}: got {level}, but it stands on level {level_of[label]}."
    return ""

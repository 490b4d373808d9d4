"""A mapping as a table that people edit.

========== ====================================================================================
column     meaning
========== ====================================================================================
check      ``?``: a guess that nobody has looked at yet
old        code in the old edition; empty: the new label was added
new        code in the new edition; empty: the old label was retired
kind       what happened, in words; not read
certainty  0 to 1; without ``?`` whatever is not sure counts as 1, because somebody looked
found_by   how it was found; empty: a person says so
old_name   not read
new_name   not read
note       anything, in one line
========== ====================================================================================

Several lines of one old code split it, several of one new code merge. What goes without saying
(the same code, and nothing else became of it) has no line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from harnn._delimited import (
    Line,
    Record,
    read_csv,
    read_tsv,
    separator_told,
    tell_delimiter,
)
from harnn._display import encodable
from harnn._files import write_atomically
from harnn._places import check_suffix
from harnn._tables import shown
from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError, suggest
from harnn.taxonomy.editions.changes import TaxonomyDiff
from harnn.taxonomy.editions.diff import links_by_kind
from harnn.taxonomy.editions.links import SURE, LabelMapping, Link, Way
from harnn.taxonomy.graph import MOST_PROBLEMS, gathered, shorten
from harnn.taxonomy.text_files import read_text

SUFFIXES = (".csv", ".tsv")
COLUMNS = (
    "check",
    "old",
    "new",
    "kind",
    "certainty",
    "found_by",
    "old_name",
    "new_name",
    "note",
)
_NEEDED = ("old", "new")
_WAYS: tuple[Way, ...] = get_args(Way)
_GUESS = "?"
_LONGEST_ROW = 1 << 20
_BREAKS = re.compile(r"[\t\r\n]+")


def write_mapping(diff: TaxonomyDiff, path: Path | str) -> int:
    """Write what became of labels, and return the number of lines; ``.csv`` or ``.tsv``.

    Raises:
        ConfigError: another suffix.
        InputError: the file cannot be written.
    """
    path = Path(path)
    check_suffix(path, SUFFIXES)
    rows = list(_rows(diff))
    text = io.StringIO()
    if path.suffix.lower() == ".csv":
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    else:
        text.writelines("\t".join(row) + "\n" for row in [COLUMNS, *rows])
    with write_atomically(path) as file:
        file.write(encodable(text.getvalue()))
    return len(rows)


def _rows(diff: TaxonomyDiff) -> Iterator[Sequence[str]]:
    kinds = links_by_kind(diff)
    several = {
        code
        for change in diff.changes
        if len(change.old) != 1 or len(change.new) != 1
        for code in (*change.old, *change.new)
    }
    for link in diff.links:
        plain = link == Link(link.old, link.old, "code")
        if plain and link.old not in several:
            continue
        yield [
            "" if link.is_sure else _GUESS,
            link.old,
            link.new,
            kinds.get((link.old, link.new), ""),
            f"{link.certainty:.2f}",
            link.found_by,
            _name(diff.old.names, diff.old.index, link.old),
            _name(diff.new.names, diff.new.index, link.new),
            _BREAKS.sub(" ", link.note),
        ]


def _name(names: Sequence[str], index: Mapping[str, int], code: str) -> str:
    return _BREAKS.sub(" ", names[index[code]]) if code else ""


def read_mapping(path: Path | str) -> LabelMapping:
    """Read a table; what its codes are is checked by :func:`harnn.taxonomy.diff_taxonomies`.

    Only the columns ``old`` and ``new`` must be there.

    Raises:
        ConfigError: another suffix.
        TaxonomyError: every line that cannot be read.
    """
    path = Path(path)
    check_suffix(path, SUFFIXES)
    records = _records(path)
    header = next(records, None)
    if header is None:
        raise TaxonomyError(Problem(str(path), "is empty, expected a header and lines."))
    names = [cell.strip().lower() for cell in header.cells]
    problems = [Problem(f"{path}:{header.line}", *each) for each in _header_problems(names)]
    if problems:
        raise TaxonomyError(problems)
    links = []
    for record in records:
        where = f"{path}:{record.line}"
        what = record.what
        if not what and len(record.cells) > len(names):
            what = f"has {len(record.cells):,} cells, expected {len(names):,}."
        if what:
            problems.append(Problem(where, what, record.hint))
        elif any(cell.strip() for cell in record.cells):
            row = dict(zip(names, record.cells, strict=False))
            links.append(_read_row(row, where, problems))
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise gathered(str(path), problems)
    return LabelMapping(tuple(links))


def _records(path: Path) -> Iterator[Record]:
    text = read_text(path)
    lines = [Line(n, f"{line}\n".encode()) for n, line in enumerate(text.split("\n"), start=1)]
    told = separator_told(lines[0])
    lines = lines[1:] if told else lines
    while lines and not lines[0].data.strip():
        del lines[0]
    if not lines:
        return
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    delimiter = told or tell_delimiter(lines[0], _is_header, usual)
    is_plain = path.suffix.lower() == ".tsv" and delimiter == "\t"
    yield from read_tsv(lines, delimiter) if is_plain else read_csv(lines, delimiter, _LONGEST_ROW)


def _is_header(cells: Sequence[str]) -> bool:
    return set(_NEEDED) <= {cell.strip().lower() for cell in cells}


def _header_problems(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    expected = ", ".join(COLUMNS)
    for name in dict.fromkeys(names):
        if name and name not in COLUMNS:
            what = f"unknown column {shown(name)}; expected a header of {expected}."
            yield shorten(what), suggest(name, COLUMNS)
        elif name and names.count(name) > 1:
            yield f"column {name!r} is named twice.", ""
    for name in _NEEDED:
        if name not in names:
            yield f"the header has no column {name!r}.", ""


def _read_row(row: Mapping[str, str], where: str, problems: list[Problem]) -> Link:
    cells = {name: cell.strip() for name, cell in row.items()}
    check, told, way = (cells.get(name, "") for name in ("check", "certainty", "found_by"))
    if check not in ("", _GUESS):
        what = f"'check': got {shown(check)}, expected ? or nothing."
        problems.append(Problem(where, what, "Remarks stand in 'note'."))
    if way and way not in _WAYS:
        hint = suggest(way, _WAYS) if len(problems) < SHOWN_PROBLEMS else ""
        what = f"'found_by': got {shown(way)}, expected nothing or one of {', '.join(_WAYS)}."
        problems.append(Problem(where, what, hint))
    certainty = _read_certainty(told, where, problems)
    if not check and certainty < SURE:  # somebody took the question mark away
        way, certainty = "mapping", 1.0
    found: Way = next((known for known in _WAYS if known == way), "mapping")
    return Link(
        row["old"].strip(), row["new"].strip(), found, certainty, cells.get("note", ""), where
    )


def _read_certainty(text: str, where: str, problems: list[Problem]) -> float:
    if not text:
        return 1.0
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if 0 <= value <= 1:
        return round(value, 2)
    what = f"'certainty': got {shown(text)}, expected 0 to 1."
    problems.append(Problem(where, what))
    return 1.0

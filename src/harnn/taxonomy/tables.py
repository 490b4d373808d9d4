"""Taxonomies as tables: CSV, TSV, sheets and data frames.

A header names the columns (see :mod:`harnn.taxonomy.table_columns`); it may stand below a few
other lines. A table holds one of three things:

- **Child and parent**, a row each. An empty parent, ``ROOT``, and ``0``, ``-1`` or ``null`` where
  no label is called so, are the top. Several parents stand in several rows, or in one cell between
  ``;``, ``|`` or commas. A parent that is no code is looked up, see
  :mod:`harnn.taxonomy.table_parents`.
- **A column a level.** Codes may stand beside the names; without them a label is known by its
  path (code ``A > B``). Rows may end early. Cells that are empty at the beginning of a row mean
  *as above*; an empty cell between two others is refused.
- **A path in one column**, as lines of path strings; with a column of codes these are the codes.

Two columns without a header are child and parent where that fits, and one column holds paths.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harnn import _frames
from harnn._cells import cell_text
from harnn._delimited import Line, read_csv, read_tsv, separator_told, tell_delimiter
from harnn._display import with_name
from harnn._spreadsheets import read_sheet
from harnn.errors import InputError, Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT, Draft, label_problem
from harnn.taxonomy.label_tables import split_alternatives
from harnn.taxonomy.options import ROLES, ReadingOptions
from harnn.taxonomy.paths import (
    Identified,
    draft_from_path_file,
    draft_from_paths,
    draft_with_identifiers,
    told_separator,
)
from harnn.taxonomy.table_columns import Columns, chosen_columns, find_columns
from harnn.taxonomy.table_parents import Parents

_HEADER_ROWS = 10
"""Rows in which the header is looked for."""
_LABELS_OF_A_REMARK = 10
"""Of so many labels at the top one may be a remark, and of fewer one."""
_SHOWN_REMARKS = 3
_LONGEST_ROW = 1 << 24
_LONGEST_EXAMPLE = 200
_HINT = (
    "Name them: columns={'child': ..., 'parent': ...} (--column child=... --column parent=...), "
    f"or any of {', '.join(ROLES[2:])}."
)
_FILL = "Fill it in, or empty what is above it too, which means as in the row before."


class Row(NamedTuple):
    """A row that holds anything, and its number."""

    number: int
    cells: list[str]


def draft_from_sheet(path: Path, options: ReadingOptions) -> Draft:
    """Read one sheet of a workbook.

    Raises:
        TaxonomyError: every problem found; it cannot be read.
        MissingExtraError: the extra ``tables`` is not installed.
    """
    try:
        rows = [_tidy(*row) for row in read_sheet(path, options.sheet or "")]
    except InputError as error:
        raise TaxonomyError(error.problems) from None
    return _draft(rows, str(path), "line", options)


def draft_from_delimited(text: str, source: str, options: ReadingOptions, usual: str) -> Draft:
    """Read CSV or TSV; usual: what separates the cells where the header leaves it open.

    Raises:
        TaxonomyError: every problem found, with its line.
    """
    lines = [
        Line(number, f"{line}\n".encode()) for number, line in enumerate(text.split("\n"), start=1)
    ]
    while lines and (not lines[0].data.strip() or lines[0].data.startswith(b"#")):
        del lines[0]
    delimiter = separator_told(lines[0]) if lines else ""
    lines = lines[1:] if delimiter else lines

    def fits(cells: Sequence[str]) -> bool:
        named = set(options.columns.values())
        return (bool(named) and named <= set(cells)) or find_columns(cells).suffices

    told = (tell_delimiter(head, fits, "") for head in lines[:_HEADER_ROWS])
    delimiter = delimiter or next((mark for mark in told if mark), usual)
    records = (
        read_tsv(lines, delimiter)
        if delimiter == "\t"
        else read_csv(lines, delimiter, _LONGEST_ROW)
    )
    rows, draft = [], Draft(source)
    for record in records:
        if record.what:
            draft.refuse(record.line, record.what, record.hint)
        elif len(record.cells) > 1 or not record.cells[0].startswith("#"):
            rows.append(_tidy(record.line, record.cells))
    if draft.problems:
        raise TaxonomyError(problem for _, problem in draft.problems)
    return _draft(rows, source, "line", options)


def draft_from_frame(frame: Any, options: ReadingOptions) -> Draft:
    """Read a data frame of pandas, Polars or Arrow.

    Raises:
        TaxonomyError: every problem found, with the number of its row, from 1; no frame.
    """
    if not _frames.is_frame(frame):
        what = f"got {type(frame).__name__}, expected a data frame of pandas, Polars or pyarrow."
        raise TaxonomyError(Problem("", what))
    try:
        header = _frames.column_names(frame)
        rows = [
            _tidy(number, [_cell(row[name]) for name in header])
            for number, row in enumerate(_frames.read_rows(frame), start=1)
        ]
    except InputError as error:
        raise TaxonomyError(error.problems) from None
    return _draft([Row(0, header), *rows], "", "row", options)


def has_header(cells: Sequence[str]) -> bool:
    """Tell whether cells are surely a header from which a table can be read."""
    return ROOT not in cells and find_columns(cells).are_sure


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(cell_text(part) for part in value)
    return cell_text(value)


def _tidy(number: int, cells: Iterable[str]) -> Row:
    return Row(number, [" ".join(cell.split()) for cell in cells])


def _draft(rows: Sequence[Row], source: str, unit: str, options: ReadingOptions) -> Draft:
    rows = [row for row in rows if any(row.cells)]
    if not rows:
        raise TaxonomyError(Problem(source, "holds no labels."))
    notes: list[str] = []
    found = _find_header(rows, source, options, notes)
    if found is None:
        draft = _draft_without_header(rows, source, options)
    else:
        at, columns = found
        table = _Table(rows[at + 1 :], columns, source, unit)
        draft = table.draft(options)
        draft.notes += _remarks(draft, rows[at + 1 :])
    draft.notes[:0] = notes
    return draft


def _find_header(
    rows: Sequence[Row], source: str, options: ReadingOptions, notes: list[str]
) -> tuple[int, Columns] | None:
    """Return where the header stands and what it says; None where there is none.

    Raises:
        TaxonomyError: columns are named that no header has.
    """
    heads = rows[:_HEADER_ROWS]
    if options.columns:
        wanted = {
            name.strip()
            for role, names in options.columns.items()
            for name in (names.split(",") if role == "levels" else [names])
        }
        at = max(range(len(heads)), key=lambda at: len(wanted & set(heads[at].cells)))
        columns = chosen_columns(heads[at].cells, options.columns, source)
        if not (columns.suffices or len(columns.levels) == 1):
            what = "child and parent, path, or levels are needed."
            raise TaxonomyError(Problem("columns", what))
    else:
        told = ((at, find_columns(head.cells)) for at, head in enumerate(heads))
        at, columns = next(((at, found) for at, found in told if found.suffices), (-1, Columns()))
        if at < 0:
            return None
    if at:
        notes.append(f"{'1 row' if at == 1 else f'{at:,} rows'} above the header left out.")
    return at, columns


def _remarks(draft: Draft, rows: Sequence[Row]) -> Iterator[str]:
    """Yield which *rows* may be no labels, but remarks below or above a table: those with one cell,
    few, that make a label at the top with nothing below it, where others have labels below them.
    """
    single = {row.number for row in rows if sum(map(bool, row.cells)) == 1}
    tops: dict[str, int] = {}
    for child, parent, place in zip(draft.children, draft.parents, draft.places, strict=True):
        if parent == ROOT:
            tops.setdefault(child, place)
    above = {*draft.parents}
    lonely = [code for code, place in tops.items() if code not in above and place in single]
    most = max(1, len(tops) // _LABELS_OF_A_REMARK)
    if len(lonely) > most or not above & tops.keys():
        return
    for code in lonely[:_SHOWN_REMARKS]:
        name = with_name(code, draft.names.get(code, code))
        what = f"{name} is a label at the top with nothing below it, unlike others."
        yield f"{draft.where(tops[code])}: {what} If it is a remark, take the row out."
    if len(lonely) > _SHOWN_REMARKS:
        yield f"... and {len(lonely) - _SHOWN_REMARKS:,} more such labels."


def _draft_without_header(rows: Sequence[Row], source: str, options: ReadingOptions) -> Draft:
    width = max(len(row.cells) for row in rows)
    full = [row for row in rows if len(row.cells) == 2 and all(row.cells)]
    firsts = {row.cells[0] for row in rows}
    if len(full) == len(rows) and all(
        row.cells[1] in firsts or row.cells[1] == ROOT for row in rows
    ):
        draft = Draft(source)
        for number, (child, parent) in full:
            draft.add(child, parent, number)
        return draft
    if width == 1:
        lines = [(row.number, row.cells[0]) for row in rows]
        return draft_from_path_file(lines, source, options.separator)
    shown = ", ".join(repr(cell[:40]) for cell in rows[0].cells[:12])
    what = f"no header tells what the columns hold; the first row is {shown}."
    raise TaxonomyError(Problem(f"{source}:{rows[0].number}", what, _how_to_name(rows[0].cells)))


def _how_to_name(cells: Sequence[str]) -> str:
    """Return how columns are named, with those of the first row as an example of levels."""
    names = ",".join(cell for cell in cells if cell and "," not in cell)
    example = ""
    if len(names) <= _LONGEST_EXAMPLE:
        option = shlex.quote(f"levels={names}")
        example = f" A column a level: columns={{'levels': {names!r}}} (--column {option})."
    return f"{_HINT}{example}"


class _Table:
    """Rows below a header."""

    def __init__(self, rows: Sequence[Row], columns: Columns, source: str, unit: str) -> None:
        self._rows = rows
        self._columns = columns
        self._source = source
        self._unit = unit
        self._named: dict[str, tuple[str, int]] = {}  # code -> its name and where it was given

    def draft(self, options: ReadingOptions) -> Draft:
        columns = self._columns
        if columns.child is not None and columns.parent is not None:
            return self._pairs(columns.child, columns.parent)
        if columns.path is not None:
            return self._paths(columns.path, options)
        return self._levels()

    def _text(self, row: Row, column: int | None) -> str:
        return row.cells[column] if column is not None and column < len(row.cells) else ""

    # --- child and parent -----------------------------------------------------------------------

    def _pairs(self, child_column: int, parent_column: int) -> Draft:
        draft = Draft(self._source, self._unit)
        codes: set[str] = set()
        for row in self._rows:
            code = self._text(row, child_column)
            codes.add(code)
            what = label_problem(code)
            if what:
                draft.refuse(row.number, what)
                continue
            name = self._text(row, self._columns.name)
            if name:
                self._take_name(draft, row.number, code, name)
            self._take_texts(draft, row, code)
        given = [(row, self._text(row, parent_column)) for row in self._rows]
        parents = Parents(codes, [parent for _, parent in given], draft.names)
        for row, parent in given:
            code = self._text(row, child_column)
            if not label_problem(code):
                found, what = parents.read(parent)
                if what:
                    draft.refuse(row.number, what, "Write its code.")
                    draft.mentioned.add(code)
                for each in found:
                    draft.add(code, each, row.number)
        draft.notes += parents.notes()
        nameless = [row for row in self._rows if not self._text(row, self._columns.name)]
        if draft.names and nameless:
            first = nameless[0]
            rows = "1 row has" if len(nameless) == 1 else f"{len(nameless):,} rows have"
            draft.notes.append(
                f"{rows} no name, as others have; the first is {self._unit} {first.number}: "
                f"{self._text(first, child_column)[:80]!r}."
            )
        return draft

    def _take_texts(self, draft: Draft, row: Row, code: str) -> None:
        """Take the description and the other names of a row, for its label."""
        description = self._text(row, self._columns.description)
        if description:
            draft.descriptions.setdefault(code, description)
        others = split_alternatives(self._text(row, self._columns.alternatives).replace(";", "|"))
        if others:
            known = draft.alternatives.get(code, ())
            draft.alternatives[code] = tuple(dict.fromkeys((*known, *others)))

    def _take_name(self, draft: Draft, number: int, code: str, name: str) -> None:
        first, place = self._named.setdefault(code, (name, number))
        if first != name:
            what = f"{code!r} is called {name!r} here and {first!r} in {draft.unit} {place}."
            draft.refuse(number, what)
        draft.names[code] = first

    # --- paths ----------------------------------------------------------------------------------

    def _paths(self, path_column: int, options: ReadingOptions) -> Draft:
        rows = [row for row in self._rows if self._text(row, path_column)]
        paths = [self._text(row, path_column) for row in rows]
        if not paths:
            raise TaxonomyError(Problem(self._source, "holds no labels."))
        notes: list[str] = []
        separator = options.separator
        if separator is None:
            separator = told_separator(paths, self._source, notes)
        draft = self._drafted(rows, paths, separator)
        draft.notes += notes
        if len(rows) < len(self._rows):
            count = len(self._rows) - len(rows)
            draft.notes.append(f"{'1 row' if count == 1 else f'{count:,} rows'} without a path.")
        return draft

    def _drafted(self, rows: Sequence[Row], paths: Sequence[str], separator: str) -> Draft:
        """Read one path a row, known by its code where there is a column of codes."""
        codes = [self._text(row, self._columns.child) for row in rows]
        numbers = [row.number for row in rows]
        if any(codes) and self._columns.child != self._columns.path:
            known = Identified(list(zip(numbers, codes, paths, strict=True)), separator)
            draft = draft_with_identifiers(known, self._source)
        else:
            draft = draft_from_paths(
                zip(numbers, paths, strict=True), separator, source=self._source, unit=self._unit
            )
            joint = " > " if separator == "\t" else separator
            parts = (path.split(separator) if separator else [path] for path in paths)
            codes = [joint.join(part.strip() for part in each) for each in parts]
        draft.unit = self._unit
        for row, code in zip(rows, codes, strict=True):
            if code in draft.names:
                self._take_texts(draft, row, code)
        return draft

    # --- a column a level -----------------------------------------------------------------------

    def _levels(self) -> Draft:
        filled = list(self._filled())
        draft = Draft(self._source, self._unit)
        for row, _, problem in filled:
            if problem:
                draft.refuse(row.number, problem)
        if draft.problems:
            raise TaxonomyError(problem for _, problem in draft.problems)
        above = sum(
            bool(steps) and not self._text(row, self._columns.levels[0][0])
            for row, steps, _ in filled
        )
        if any(codes is not None for _, codes in self._columns.levels):
            draft = self._coded_levels(draft, filled)
        else:
            rows = [row for row, steps, _ in filled if steps]
            paths = ["\t".join(name for name, _ in steps) for _, steps, _ in filled if steps]
            draft = self._drafted(rows, paths, "\t")
        if above:
            count = "1 row begins" if above == 1 else f"{above:,} rows begin"
            draft.notes.append(f"{count} with empty cells, read as those above.")
        draft.level_names = self._columns.level_names
        return draft

    def _filled(self) -> Iterator[tuple[Row, list[tuple[str, str]], str]]:
        """Yield each row, its names and codes from the top, and what is wrong with it."""
        last: list[tuple[str, str]] = []
        for row in self._rows:
            steps = [
                (self._text(row, names) or self._text(row, codes), self._text(row, codes))
                for names, codes in self._columns.levels
            ]
            while steps and not steps[-1][0]:
                steps.pop()
            lead = next((at for at, (name, _) in enumerate(steps) if name), 0)
            if lead > len(last):
                yield row, [], f"no row above tells level {len(last) + 1}, which is empty here."
                continue
            gap = next((at for at in range(lead, len(steps)) if not steps[at][0]), None)
            if gap is not None:
                below = next(name for name, _ in steps[gap:] if name)
                what = f"level {gap + 1} is empty between {steps[gap - 1][0]!r} and {below!r}."
                yield row, [], f"{what} {_FILL}"
                continue
            if steps:
                last = [*last[:lead], *steps[lead:]]
                steps = list(last)
            yield row, steps, ""

    def _coded_levels(
        self, draft: Draft, filled: Iterable[tuple[Row, list[tuple[str, str]], str]]
    ) -> Draft:
        linked: set[tuple[str, str]] = set()
        for row, steps, _ in filled:
            parent = ROOT
            for name, code in steps:
                if not code:
                    draft.refuse(row.number, f"{name!r} has no code, as others have.")
                    draft.mentioned.add(name)
                    break
                self._take_name(draft, row.number, code, name)
                if (code, parent) not in linked:
                    linked.add((code, parent))
                    draft.add(code, parent, row.number)
                parent = code
            else:
                if steps:
                    self._take_texts(draft, row, steps[-1][1])
        return draft

"""Rows out of CSV and TSV: where the header is, what separates the cells, what a row holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from harnn._delimited import (
    Line,
    Record,
    delimiters_inside,
    read_csv,
    read_tsv,
    separator_told,
    tell_delimiter,
)
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.columns import (
    Wanted,
    find_missing_columns,
    list_names,
    match_columns,
    settle_columns,
)
from harnn.data.files import DocumentFile
from harnn.data.label_cells import read_label_cell
from harnn.data.lines import Lines
from harnn.data.log import ReadingLog, Rejected
from harnn.data.rows import Row, reject
from harnn.data.short_texts import peek_short_texts, read_short_texts
from harnn.errors import Problem

MANY_LINES = 100
"""A row of so many lines is worth a look."""

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_QUOTED_TSV = "Name the file .csv to have it read with quotation marks; tabs are found there too."


@dataclass(slots=True)
class Table:
    """What is known of a table once its header is read."""

    file: DocumentFile
    columns: list[str]
    """Their names up to the last that has one."""
    width: int
    """Columns with those at the end that have no name."""
    quotes: bool
    log: ReadingLog
    more_labels: str = ""
    """The last column, where those without a name after it hold more labels."""
    label_separator: str = ""
    warned: bool = False

    def read(self, record: Record) -> Row | Rejected | None:
        """Return the document's fields, what is wrong with them, or None of an empty row."""
        if record.what:
            return reject(self.file, record.line, record.what, record.hint)
        cells, count = record.cells, len(self.columns)
        if not any(cells):
            return None
        if record.inner:
            self._look_at_lines(record)
        elif not self.quotes and not self.warned:
            self._look_at_quotes(record)
        if len(cells) < count or any(cells[self.width if self.more_labels else count :]):
            return reject(self.file, record.line, *self._describe_width(cells))
        content: dict[str, Any] = {k: v for k, v in zip(self.columns, cells, strict=False) if k}
        if self.more_labels and any(cells[count:]):
            labels = [read_label_cell(cell, self.label_separator) for cell in cells[count - 1 :]]
            content[self.more_labels] = [label for each in labels for label in each]
        return Row(record.line, content, lines=1 + len(record.inner))

    def _describe_width(self, cells: Sequence[str]) -> tuple[str, str]:
        count = len(self.columns)
        if count < len(cells) <= self.width:
            number = next(n for n, cell in enumerate(cells, start=1) if n > count and cell)
            return f"has a value in column {number}, which has no name.", ""
        names = list_names(self.columns, quoted=False)
        hint = ""
        if not self.quotes and any('"' in (cell[:1], cell[-1:]) for cell in cells):
            hint = f"TSV does not quote: a cell cannot span lines. {_QUOTED_TSV}"
        found = "1 cell" if len(cells) == 1 else f"{len(cells):,} cells"
        return f"has {found}, expected {count:,} ({names}).", hint

    def _look_at_lines(self, record: Record) -> None:
        """Warn of a row that may have swallowed others, or that is very long."""
        last = record.line + len(record.inner)
        what = ""
        if self.width > 2 and set(record.inner) == {self.width - 1}:
            what = f"a quoted cell holds lines up to {last:,} that look like rows of their own."
        elif len(record.inner) >= MANY_LINES:
            what = f"a quoted cell spans {len(record.inner) + 1:,} lines, up to {last:,}."
        if what:
            hint = "Is a quotation mark not closed?"
            self.log.warn(Problem(self.file.at(record.line), what, hint))

    def _look_at_quotes(self, record: Record) -> None:
        """Warn once of cells in quotation marks that TSV does not have."""
        if any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in record.cells):
            what = "has a cell in quotation marks; TSV does not quote, so they belong to the text."
            self.log.warn(Problem(self.file.at(record.line), what, _QUOTED_TSV))
            self.warned = True


def read_delimited(file: DocumentFile, lines: Lines, wanted: Wanted) -> Iterator[Row | Rejected]:
    """Read CSV or TSV; the first row names the columns, but in TSV of Annif, which has none.

    The cells are separated by what a line ``sep=;`` says, by ``data.delimiter``, or, in CSV, by
    the one character that gives the columns a document needs.
    """
    config = wanted.config
    first, delimiter = _pass_separator_line(lines)
    if first is None:
        return
    seen = [first]
    if file.format == "tsv" and not delimiter:
        are_short, seen = peek_short_texts(first, lines)
        if are_short:
            yield from read_short_texts(file, chain(seen, lines), config)
            return
    delimiter = config.chosen_delimiter or delimiter
    if not delimiter:
        delimiter = _tell_delimiter(file, first, wanted)
    is_csv, every = file.format == "csv", chain(seen, lines)
    limit = config.line_limit
    records = read_csv(every, delimiter, limit) if is_csv else read_tsv(every, delimiter)
    header = next(records)
    if header.what:
        problem = Problem(file.at(header.line), header.what, header.hint)
        yield Rejected((problem,), whole_file=True)
        return
    table = open_table(file, header, wanted, quotes=is_csv)
    if isinstance(table, list):
        better = _hint_at_delimiter(file, first, config)
        if better:
            table = [Problem(table[0].where, table[0].what, better)]
        yield Rejected(tuple(table), whole_file=True)
        return
    for record in records:
        row = table.read(record)
        if row is not None:
            yield row


def open_table(
    file: DocumentFile, header: Record, wanted: Wanted, *, quotes: bool
) -> Table | list[Problem]:
    """Return what reads the rows under a header, or what is wrong with the header.

    quotes: whether cells may be quoted, and need no remark where they are.
    """
    where, config, log = file.at(header.line), wanted.config, wanted.log
    columns = [name.strip() for name in header.cells]
    names, problems = settle_columns(columns, where, wanted)
    if problems:
        return problems
    width = len(names)
    while names and not names[-1]:
        names.pop()
    table = Table(file, names, width, quotes, log, label_separator=config.label_separator)
    if width > len(names) and names[-1] in config.label_columns and not config.level_fields:
        table.more_labels = names[-1]
        if wanted.labelled is not False:
            numbers = f"{len(names) + 1}" + (f" to {width}" if width > len(names) + 1 else "")
            what = f"the table has columns without a name: {numbers} read as more of"
            log.warn(Problem(where, f"{what} {shown(names[-1])}."))
    return table


def _pass_separator_line(lines: Lines) -> tuple[Line | None, str]:
    """Return the line of the header, and what a line ``sep=;`` before it says."""
    first = next((line for line in lines if line.data.strip()), None)
    told = separator_told(first) if first is not None else ""
    if not told:
        return first, ""
    return next((line for line in lines if line.data.strip()), None), told


def _tell_delimiter(file: DocumentFile, header: Line, wanted: Wanted) -> str:
    """Return what separates the cells, where the header leaves no doubt; else what is usual."""
    usual = _DELIMITERS[file.format]
    if file.format == "tsv" or header.what:
        return usual

    def fits(names: Sequence[str]) -> bool:
        matches = match_columns(names, wanted.config)
        names = [matches.get(name, name) for name in names]
        return not find_missing_columns(names, wanted.config, labelled=wanted.labelled)

    return tell_delimiter(header, fits, usual)


def _hint_at_delimiter(file: DocumentFile, header: Line, config: DataConfig) -> str:
    """Return the option for a table of one column in which another delimiter stands."""
    usual = config.chosen_delimiter or _DELIMITERS[file.format]
    inside = delimiters_inside(header)
    if usual in inside or len(inside) != 1 or (file.format == "csv" and not config.delimiter):
        return ""
    what = "tabs" if inside[0] == "\t" else repr(inside[0])
    value = "tab" if inside[0] == "\t" else repr(inside[0])
    option = f"data.delimiter={value} (--delimiter {value})"
    return f"The cells seem to be separated by {what}: set {option}."

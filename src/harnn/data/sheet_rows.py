"""Rows out of spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator

from harnn._delimited import Record
from harnn._spreadsheets import SpreadsheetError, read_sheet
from harnn.data.columns import Wanted
from harnn.data.files import DocumentFile, UnreadableFileError
from harnn.data.log import Rejected
from harnn.data.rows import Row
from harnn.data.table_rows import open_table


def read_sheet_rows(file: DocumentFile, wanted: Wanted) -> Iterator[Row | Rejected]:
    """Read one sheet; its first row that holds anything names the columns.

    A row has the number that the program shows. See :func:`harnn._spreadsheets.read_sheet`.

    Raises:
        MissingExtraError: without the extra ``tables``.
        UnreadableFileError: it is no spreadsheet, or has no such sheet.
    """
    rows = read_sheet(file.path, wanted.config.sheet, shown=file.name)
    try:
        header = next(rows, None)
        if header is None:
            return
        left = next(n for n, cell in enumerate(header.cells) if cell)  # columns before the table
        names = Record(header.number, header.cells[left:])
        table = open_table(file, names, wanted, quotes=True)
        if isinstance(table, list):
            yield Rejected(tuple(table), whole_file=True)
            return
        for number, cells in rows:
            row = table.read(Record(number, cells[left:]))
            if row is not None:
                yield row
    except SpreadsheetError as error:
        raise UnreadableFileError(error.problems[0].what, error.problems[0].hint) from None

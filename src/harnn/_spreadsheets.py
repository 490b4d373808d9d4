"""Rows of one sheet of a spreadsheet: XLSX, XLSM, XLSB, XLS and ODS, through calamine.

calamine holds the whole sheet in memory, with every cell between its first and its last: that
happens in a process of its own (:mod:`harnn._spreadsheet_rows`) with a bound on its memory where
the system has one (Linux, macOS), so that no file can take more. Rows arrive here one by one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harnn._display import printable
from harnn._optional import require
from harnn.errors import InputError, Problem, suggest

EXTENSIONS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MEMORY = 2 << 30
"""Bytes that reading one spreadsheet may take."""

_SHOWN_SHEETS = 12
_PROGRAM = Path(__file__).with_name("_spreadsheet_rows.py")


class SpreadsheetError(InputError):
    """A spreadsheet cannot be read; holds one problem."""

    noun = "spreadsheet"


class SheetRow(NamedTuple):
    """A row that holds anything: its number as the program shows it, from 1, and its cells."""

    number: int
    cells: list[str]
    """As text, see :func:`harnn._cells.cell_text`; nothing where a cell is empty."""


def read_sheet(
    path: Path, sheet: str = "", *, shown: str = "", memory: int = MEMORY
) -> Iterator[SheetRow]:
    """Yield the rows of one sheet.

    sheet: its name, or else its number from 1; empty: the first. shown: the name of the file in
    messages. A percentage is the number that the sheet holds, 0.1 for 10%, and of merged cells the
    first has the value.

    Raises:
        SpreadsheetError: damaged, locked, too large, or it has no such sheet.
        MissingExtraError: without the extra ``tables``.
    """
    shown = shown or printable(str(path))
    require("python_calamine", extra="tables", purpose=f"Reading {shown}")
    command = [sys.executable, str(_PROGRAM), str(path), sheet, str(memory)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdout is not None
        try:
            for line in program.stdout:
                told: Any = json.loads(line)
                if isinstance(told, list):
                    yield SheetRow(*told)
                elif "error" in told:
                    raise SpreadsheetError(Problem(shown, told["error"]))
                elif not _has_sheet(told["sheets"], sheet):
                    raise SpreadsheetError(_no_such_sheet(shown, told["sheets"], sheet))
            if program.wait() != 0:
                what = f"is damaged, or takes more than {memory >> 20:,} MiB of memory to read."
                raise SpreadsheetError(Problem(shown, what, "Save the sheet as CSV."))
        finally:
            program.kill()


def _has_sheet(names: list[str], sheet: str) -> bool:
    is_number = sheet.isascii() and sheet.isdigit()
    return not sheet or sheet in names or (is_number and 0 < int(sheet) <= len(names))


def _no_such_sheet(shown: str, names: list[str], sheet: str) -> Problem:
    listed = ", ".join(repr(name) for name in names[:_SHOWN_SHEETS])
    more = ", ..." if len(names) > _SHOWN_SHEETS else ""
    return Problem(shown, f"has no sheet {sheet!r}, found {listed}{more}.", suggest(sheet, names))

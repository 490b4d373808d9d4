"""The program that reads one sheet for :mod:`harnn._spreadsheets`, in a process of its own.

Arguments: file, sheet (a name, or a number from 1; empty: the first), bytes of memory at most.
Lines of JSON come out: first ``{"sheets": [...]}``, then one list ``[number, cells]`` a row that
holds anything, or ``{"error": ...}``. A sheet is in memory as a whole, and a few kilobytes can hold
one that is larger than any memory: this process then ends, and not the one that wants the rows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

if not __package__:  # started by its path, of a package that need not be installed
    sys.path[0] = str(Path(__file__).parents[1])

from harnn._cells import cell_text


def main(path: str, sheet: str, memory: int) -> None:
    """Write the rows of a sheet to standard output."""
    import python_calamine

    _limit_memory(memory)
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        names = book.sheet_names
        _write({"sheets": names})
        place = _find_sheet(names, sheet)
        if place is None:
            return
        rows = book.get_sheet_by_index(place)
        left = rows.start[1] if rows.start else 0
        for number, row in enumerate(rows.iter_rows(), start=1):  # from the top, not from the left
            cells = [cell_text(value) for value in row]
            if any(cells):
                _write([number, [""] * left + cells])
    except python_calamine.PasswordError:
        _write({"error": "is locked with a password."})
    except MemoryError:
        raise
    except Exception as error:
        _write({"error": f"is damaged or no spreadsheet ({' '.join(str(error).split())})."})


def _find_sheet(names: list[str], sheet: str) -> int | None:
    if sheet in names or not sheet:
        return names.index(sheet) if sheet else 0 if names else None
    number = int(sheet) if sheet.isascii() and sheet.isdigit() else 0
    return number - 1 if 0 < number <= len(names) else None


def _limit_memory(most: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, ValueError, OSError):  # a system without such limits
        return


def _write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

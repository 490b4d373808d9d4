"""Sheets of spreadsheets: what their cells say, and what they may take."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from harnn._spreadsheets import SheetRow, SpreadsheetError, read_sheet


@pytest.fixture
def book(tmp_path: Path) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Tickets"
    sheet.append([])
    sheet.append([None, "id", "when", "share", "sure"])
    sheet.append([None, 12, datetime.datetime(2024, 1, 2), 0.1, True])
    sheet.append([])
    sheet.append([None, None, datetime.datetime(2024, 1, 2, 3, 4), 1.5, False])
    made.create_sheet("2").append(["the sheet of that name"])
    made.create_sheet("Empty")
    path = tmp_path / "book.xlsx"
    made.save(path)
    return path


def test_cells_are_text_and_rows_have_the_numbers_that_the_program_shows(book: Path) -> None:
    assert list(read_sheet(book)) == [
        SheetRow(2, ["", "id", "when", "share", "sure"]),
        SheetRow(3, ["", "12", "2024-01-02", "0.1", "TRUE"]),
        SheetRow(5, ["", "", "2024-01-02 03:04:00", "1.5", "FALSE"]),
    ]


@pytest.mark.parametrize(("sheet", "rows"), [("Tickets", 3), ("1", 3), ("2", 1), ("3", 0)])
def test_a_sheet_by_name_or_else_by_number(book: Path, sheet: str, rows: int) -> None:
    assert len(list(read_sheet(book, sheet))) == rows


def test_no_such_sheet(book: Path) -> None:
    with pytest.raises(SpreadsheetError) as caught:
        list(read_sheet(book, "Ticket", shown="book.xlsx"))
    assert str(caught.value) == (
        "book.xlsx: has no sheet 'Ticket', found 'Tickets', '2', 'Empty'. Did you mean 'Tickets'?"
    )


def test_what_is_no_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"id,text\n")
    with pytest.raises(SpreadsheetError, match="is damaged or no spreadsheet"):
        list(read_sheet(path))


def test_two_far_cells_take_no_memory_here(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active["A1"] = "x"
    made.active["XFD1048576"] = "y"
    path = tmp_path / "book.xlsx"
    made.save(path)
    with pytest.raises(SpreadsheetError) as caught:
        list(read_sheet(path, shown="book.xlsx"))
    assert str(caught.value) == (
        "book.xlsx: is damaged, or takes more than 2,048 MiB of memory to read. "
        "Save the sheet as CSV."
    )


def test_a_cell_of_half_a_gigabyte_takes_no_memory_here(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                cell = b'<row r="9"><c r="A9" t="inlineStr"><is><t>%s</t></is></c></row>'
                data = data.replace(b"</sheetData>", cell % (b"a" * (1 << 27)) + b"</sheetData>")
            new.writestr(name, data)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(SpreadsheetError, match="takes more than 192 MiB of memory"):
        list(read_sheet(path, memory=192 << 20))


def test_who_stops_early_leaves_no_process_behind(book: Path) -> None:
    rows = read_sheet(book)
    assert next(rows).number == 2
    rows.close()  # type: ignore[attr-defined]

"""Documents out of spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, read_documents, read_labelled
from harnn.errors import DocumentError
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges([("12", "ROOT"), ("Food", "ROOT"), ("Soup", "Food")])
ROWS: list[list[Any]] = [
    ["id", "Title", "Body", "labels"],
    [7, "one", "hot\nsoup", "Soup; 12"],
    [8, "two", "bread", 12],
]


def write(path: Path, rows: list[list[Any]], *, left: int = 0, above: int = 0) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Tickets")
    for _ in range(above):
        sheet.append([])
    for row in rows:
        sheet.append([None] * left + row)
    book.save(path)
    return path


@pytest.mark.parametrize(("left", "above"), [(0, 0), (2, 3)])
def test_a_sheet_is_a_table_wherever_it_stands(tmp_path: Path, left: int, above: int) -> None:
    path = write(tmp_path / "d.xlsx", ROWS, left=left, above=above)
    for sheet in ("Tickets", "2"):
        config = DataConfig(sheet=sheet, text_fields=("Title", "Body"))
        assert list(read_documents(path, config)) == [
            Document(
                "7",
                {"Title": "one", "Body": "hot\nsoup"},
                ("Soup", "12"),
                f"{path}:{2 + above}",
            ),
            Document("8", {"Title": "two", "Body": "bread"}, ("12",), f"{path}:{3 + above}"),
        ]


def test_errors_name_the_row_that_the_program_shows(tmp_path: Path) -> None:
    path = write(tmp_path / "d.xlsx", [["text", "labels"], ["a", "Soup"], [None, 1], ["c", "Soop"]])
    config = DataConfig(sheet="Tickets")
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, config, TAXONOMY))
    assert [str(problem) for problem in caught.value.problems] == [
        f"{path}:3: unknown label '1'.",
        f"{path}:4: unknown label 'Soop'. Did you mean 'Soup'?",
    ]


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("", "holds no documents."),
        ("Tikets", "has no sheet 'Tikets', found 'Notes', 'Tickets'. Did you mean 'Tickets'?"),
        ("3", "has no sheet '3', found 'Notes', 'Tickets'."),
    ],
)
def test_sheets_that_are_not_there(tmp_path: Path, sheet: str, message: str) -> None:
    path = write(tmp_path / "d.xlsx", ROWS)
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, DataConfig(sheet=sheet)))
    assert str(caught.value) == f"{path}: {message}"


def test_what_is_no_spreadsheet_is_one_sentence(tmp_path: Path) -> None:
    for name in ("d.xlsx", "d.ods", "d.xls"):
        path = tmp_path / name
        path.write_bytes(b"text,labels\na,Soup\n")
        log = ReadingLog()
        with pytest.raises(DocumentError):
            list(read_documents(path, DataConfig(on_error="skip"), log=log))
        [problem] = log.problems
        assert str(problem).startswith(f"{path}: is damaged or no spreadsheet (")

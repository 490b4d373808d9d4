"""The letters to practise on: always the same, and never in the place of anything else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from harnn.errors import InputError
from harnn.sample import sample, write_letters
from harnn.sample.__main__ import main
from harnn.taxonomy import Taxonomy


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="cp1252", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def test_they_are_as_messy_as_the_tutorial_says(tmp_path: Path) -> None:
    letters, new, _ = write_letters(tmp_path / "a" / "b")
    header, *rows = rows_of(letters)
    assert header == ["Title", "Body", "Subject 1", "Subject 2", "Subject 3"]
    texts = [row[1] for row in rows if row[1]]
    assert (len(rows), len(rows) - len(texts), len(texts) - len(set(texts))) == (311, 3, 8)
    assert any("; " in row[2] for row in rows)
    assert sum("to be filed" in row for row in rows) == 5
    with pytest.raises(UnicodeDecodeError):
        letters.read_text(encoding="utf-8")
    names = set(sample("en").load_taxonomy().names)
    assert {name for row in rows_of(new)[1:] for name in row[2:] if name} <= names
    assert len(rows_of(new)) == 46


def test_the_workbook_is_the_taxonomy(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    *_, workbook = write_letters(tmp_path)
    read, own = Taxonomy.from_file(workbook), sample("en").load_taxonomy()
    assert dict(zip(read.codes, read.names, strict=True)) == dict(
        zip(own.codes, own.names, strict=True)
    )
    edges = [{(x.codes[a], x.codes[b]) for a, b in x.edges.tolist()} for x in (read, own)]
    assert edges[0] == edges[1]


def test_they_are_the_same_every_time(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_letters(tmp_path)]
    assert [path.read_bytes() for path in write_letters(tmp_path)] == first


def test_other_files_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "letters.csv"
    mine.write_text("my letters", encoding="utf-8")
    expected = f"{mine}: is there already, and is something else; give another folder."
    with pytest.raises(InputError) as error:
        write_letters(tmp_path)
    assert str(error.value) == expected
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{expected}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["letters.csv"]
    with pytest.raises(InputError, match="cannot be used: "):
        write_letters(mine)


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_one_folder_is_expected(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == "Expected one folder: python -m harnn.sample letters\n"

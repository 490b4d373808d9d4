"""A table of letters as an office exports it, and its subjects in a workbook: for practice.

The letters are the English documents of the sample. Their table is as tables are: separated by
semicolons, not in UTF-8, without ids, with names of subjects in other case or misspelt, two in one
cell, rows that are there twice, and letters without a text.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harnn._files import write_atomically
from harnn.errors import InputError, Problem
from harnn.sample.languages import sample
from harnn.taxonomy import Taxonomy

COLUMNS = ("Title", "Body", "Subject 1", "Subject 2", "Subject 3")
WORKBOOK = "subjects.xlsx"
_SUBJECTS = 3
_TITLE_WORDS = 5
_NEW, _TWICE, _EMPTY = 45, 8, 3
_UNKNOWN = "to be filed"


def write_letters(folder: Path | str) -> tuple[Path, ...]:
    """Write ``letters.csv``, ``new-letters.csv`` and ``subjects.xlsx`` into a folder, made where it
    is not there; the same letters every time. Returns the files.

    Raises:
        InputError: the folder cannot be made or written, or holds other files of these names.
    """
    home = Path(folder)
    contents = {home / name: content for name, content in _contents().items()}
    try:
        home.mkdir(parents=True, exist_ok=True)
        taken = [x for x, new in contents.items() if x.exists() and x.read_bytes() != new]
    except OSError as error:
        raise InputError(Problem(str(home), f"cannot be used: {error.strerror}.")) from None
    if taken:
        what = "is there already, and is something else; give another folder."
        raise InputError([Problem(str(place), what) for place in taken])
    for place, content in contents.items():
        with write_atomically(place, "wb") as file:
            file.write(content)
    return tuple(contents)


def _contents() -> dict[str, bytes]:
    """Return what the files hold, by their names."""
    files = sample("en")
    taxonomy = files.load_taxonomy()
    records = [
        json.loads(line)
        for path in (files.train, files.valid, files.test)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    rng = random.Random(1)
    rng.shuffle(records)
    known = [_row(number, record, taxonomy, rng) for number, record in enumerate(records[:-_NEW])]
    new = [_row(0, record, taxonomy) for record in records[-_NEW:]]
    known += [[row[0].upper(), *row[1:]] for row in known[:_TWICE]]
    known += [["", "", row[2], "", ""] for row in known[-_EMPTY:]]
    rng.shuffle(known)
    workbook = (Path(__file__).parent / WORKBOOK).read_bytes()
    return {"letters.csv": _table(known), "new-letters.csv": _table(new), WORKBOOK: workbook}


def _row(
    number: int, record: dict[str, Any], taxonomy: Taxonomy, rng: random.Random | None = None
) -> list[str]:
    """Return the cells of a letter; rng: of the mistakes in it."""
    text: str = record["text"]
    title = " ".join(text.split()[:_TITLE_WORDS]) + (" – café" if number % 7 == 0 else "")
    names = [taxonomy.names[taxonomy.index[label]] for label in record["labels"][:_SUBJECTS]]
    subjects = names if rng is None else [_mistyped(name, rng) for name in names]
    if number % 10 == 3:
        subjects = ["; ".join(subjects)]
    if number % 80 == 5:
        subjects = [*subjects[: _SUBJECTS - 1], _UNKNOWN]
    return [title, text, *subjects, *[""] * (_SUBJECTS - len(subjects))]


def _mistyped(name: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.02:
        return name[:-1]
    if chance < 0.05:
        return name.upper()
    return " " + name if chance < 0.08 else name


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([COLUMNS, *rows])
    return text.getvalue().encode("cp1252")

"""A table of letters as an office exports it, with names, typos and no ids, and its taxonomy."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

from harnn.sample import sample
from harnn.taxonomy import Taxonomy

COLUMNS = ("Title", "Body", "Subject 1", "Subject 2", "Subject 3")
_SUBJECTS = 3
_TITLE_WORDS = 5
_NEW = 45


def write_messy_tables(folder: Path, *, seed: int = 1) -> None:
    """Write the embedded English sample as ``letters.csv``, ``new-letters.csv`` (the last 45) and
    ``shop-taxonomy.xlsx``.

    The CSV files are in cp1252, separated by ``;``. Labels are names; of 100 some 2 lack their
    last letter (of the new letters none), 3 are in capitals and 3 begin with a blank.
    """
    files = sample("en")
    taxonomy = files.load_taxonomy()
    _write_taxonomy(taxonomy, folder / "shop-taxonomy.xlsx")
    records = [
        json.loads(line)
        for path in (files.train, files.valid, files.test)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    rng = random.Random(seed)
    rng.shuffle(records)
    known = len(records) - _NEW
    rows = [
        _row(number, record, taxonomy, rng, cut=number < known)
        for number, record in enumerate(records)
    ]
    _write_rows(rows[:known], folder / "letters.csv")
    _write_rows(rows[known:], folder / "new-letters.csv")


def _row(
    number: int, record: dict[str, Any], taxonomy: Taxonomy, rng: random.Random, *, cut: bool
) -> list[str]:
    text: str = record["text"]
    title = " ".join(text.split()[:_TITLE_WORDS]) + (" – café" if number % 7 == 0 else "")
    names = [taxonomy.names[taxonomy.index[label]] for label in record["labels"][:_SUBJECTS]]
    subjects = [_mistype(name, rng, cut=cut) for name in names]
    return [title, text, *subjects, *[""] * (_SUBJECTS - len(subjects))]


def _mistype(name: str, rng: random.Random, *, cut: bool) -> str:
    chance = rng.random()
    if chance < 0.02:
        return name[:-1] if cut else name
    if chance < 0.05:
        return name.upper()
    return " " + name if chance < 0.08 else name


def _write_rows(rows: Sequence[Sequence[str]], path: Path) -> None:
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _write_taxonomy(taxonomy: Taxonomy, path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Category ID", "Parent ID", "Category name"])
    names = dict(zip(taxonomy.codes, taxonomy.names, strict=True))
    for line in sample("en").taxonomy.read_text(encoding="utf-8").splitlines():
        child, _, parent = line.partition("\t")
        if parent:
            sheet.append([child, None if parent == "ROOT" else parent, names[child]])
    book.save(path)

"""Answers as tables: one row a document.

========  ==========================================================
column    in CSV and TSV
========  ==========================================================
id        of the document
labels    separated by ``;``, top first
scores    one for each label, separated alike
notes     codes of what the reader should know, separated alike
========  ==========================================================

In Parquet the last three are lists. TSV has no quotation marks: tabs and line breaks in a cell
become blanks.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from harnn._display import encodable
from harnn._files import write_atomically
from harnn._optional import require
from harnn.errors import ConfigError, Problem

_COLUMNS = ("id", "labels", "scores", "notes")
_ROWS_AT_ONCE = 4_096
_BREAKS = re.compile(r"[\t\r\n]+")


def check_table(output: Path, codes: Sequence[str], separator: str) -> None:
    """Refuse what could not be written, or not be read again, before any work is done.

    codes: of all labels; separator: of labels in a cell.

    Raises:
        ConfigError: a code has the separator in it.
        MissingExtraError: Parquet without the extra ``parquet``.
    """
    form = output.suffix.lower()
    if form == ".parquet":
        require("pyarrow", extra="parquet", purpose=f"Writing {output}")
    if form not in (".csv", ".tsv"):
        return
    mixed = next((code for code in codes if separator in code), None)
    if mixed is not None:
        what = f"the label {mixed!r} has {separator!r} in it, which separates labels in a cell."
        hint = "Write .jsonl or .parquet, or give another --label-separator."
        raise ConfigError(Problem(str(output), what, hint))


def write_table(answers: Iterable[Mapping[str, Any]], output: Path, separator: str) -> None:
    """Write answers as :meth:`harnn.Prediction.to_dict` gives them; the suffix says how.

    Raises:
        InputError: the file cannot be written.
    """
    rows = (_row(answer) for answer in answers)
    if output.suffix.lower() == ".parquet":
        _write_parquet(rows, output)
        return
    with write_atomically(output) as file:
        if output.suffix.lower() == ".tsv":
            for row in _joined(rows, separator):
                file.write("\t".join(_BREAKS.sub(" ", cell) for cell in row) + "\n")
        else:
            csv.writer(file, lineterminator="\n").writerows(_joined(rows, separator))


def _row(answer: Mapping[str, Any]) -> tuple[str, list[str], list[float], list[str]]:
    labels = answer["labels"]
    return (
        encodable(answer["id"]),
        [encodable(label["label"]) for label in labels],
        [label["score"] for label in labels],
        answer.get("note_codes", []),
    )


def _joined(rows: Iterable[Sequence[Any]], separator: str) -> Iterator[Sequence[str]]:
    yield _COLUMNS
    for name, *lists in rows:
        yield [name, *(separator.join(map(str, values)) for values in lists)]


def _write_parquet(rows: Iterator[Sequence[Any]], output: Path) -> None:
    arrow = require("pyarrow", extra="parquet", purpose=f"Writing {output}")
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Writing {output}")
    texts, numbers = arrow.list_(arrow.string()), arrow.list_(arrow.float64())
    kinds = (arrow.string(), texts, numbers, texts)
    schema = arrow.schema(list(zip(_COLUMNS, kinds, strict=True)))
    with write_atomically(output, "wb") as file, parquet.ParquetWriter(file, schema) as writer:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            columns = dict(zip(_COLUMNS, zip(*some, strict=True), strict=True))
            writer.write_table(arrow.table(columns, schema=schema))

"""Answers as tables: one row a document.

==================  ========================================================
column              in CSV and TSV
==================  ========================================================
``id``              of the document
``labels``          separated by ``;``, top first
``scores``          one for each label, separated alike
``notes``           codes of what the reader should know, separated alike
``accepted_level``  with an acceptance: the level it is filed to, 0: none
``accepted``        with an acceptance: the labels accepted, separated alike
``sets``            with sets: their labels, of all levels, separated alike
==================  ========================================================

In Parquet all but ``id`` and ``accepted_level`` are lists. TSV has no quotation marks: tabs and
line breaks in a cell become blanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harnn._optional import require
from harnn.data.writing import write_rows
from harnn.errors import ConfigError, Problem

_COLUMNS = ("id", "labels", "scores", "notes")


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


def write_table(
    answers: Iterable[Mapping[str, Any]], output: Path, separator: str, more: Sequence[str] = ()
) -> None:
    """Write answers as :meth:`harnn.Prediction.to_dict` gives them; the suffix says how.

    more: columns that an acceptance adds.

    Raises:
        InputError: the file cannot be written.
    """
    if output.suffix.lower() == ".parquet":
        write_rows(map(_row, answers), output, schema=_schema(output, more))
        return
    joined = (
        {
            name: separator.join(map(str, cell)) if isinstance(cell, list) else cell
            for name, cell in row.items()
        }
        for row in map(_row, answers)
    )
    write_rows(joined, output, columns=(*_COLUMNS, *more))


def _row(answer: Mapping[str, Any]) -> dict[str, Any]:
    labels = answer["labels"]
    row: dict[str, Any] = {
        "id": answer["id"],
        "labels": [label["label"] for label in labels],
        "scores": [label["score"] for label in labels],
        "notes": list(answer.get("note_codes", [])),
    }
    if (accepted := answer.get("accepted")) is not None:
        row |= {"accepted_level": accepted["level"], "accepted": accepted["labels"]}
    if (sets := answer.get("sets")) is not None:
        row["sets"] = [label for each in sets for label in each["labels"]]
    return row


def _schema(output: Path, more: Sequence[str]) -> Any:
    arrow = require("pyarrow", extra="parquet", purpose=f"Writing {output}")
    texts, numbers = arrow.list_(arrow.string()), arrow.list_(arrow.float64())
    kinds = dict(zip(_COLUMNS, (arrow.string(), texts, numbers, texts), strict=True))
    kinds |= {name: arrow.int64() if name == "accepted_level" else texts for name in more}
    return arrow.schema(list(kinds.items()))

"""The row: one record as a file holds it, before anything is known about its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harnn.data.files import DocumentFile
from harnn.data.log import Rejected
from harnn.errors import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One record and the line it begins on."""

    line: int
    content: Mapping[str, Any]


def reject(file: DocumentFile, line: int, what: str, hint: str = "") -> Rejected:
    """Return one bad record of *file*."""
    return Rejected((Problem(file.at(line), what, hint),))


def find_bad_byte(line: bytes) -> int | None:
    """Return the position, from 1, of the first byte that is not UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start + 1
    return None


def describe_bad_byte(position: int) -> str:
    """Return the sentence for a byte that is not UTF-8."""
    return f"is not UTF-8 (byte {position} of the line)."


def read_text_rows(
    file: DocumentFile, lines: Iterable[tuple[int, bytes]]
) -> Iterator[Row | Rejected]:
    """Read one document a line; blank lines are left out."""
    for number, line in lines:
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            yield reject(file, number, describe_bad_byte(error.start + 1))
            continue
        if text:
            yield Row(number, {"text": text})

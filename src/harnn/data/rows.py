"""The row: one record as a file holds it, before anything is known about its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from harnn._delimited import Line, decode_line
from harnn.data.files import DocumentFile, Origin
from harnn.data.log import Rejected
from harnn.errors import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One record and the line it begins on."""

    line: int
    content: Mapping[str, Any]
    is_text: bool = False
    """Its ``text`` is all its text, whatever fields the settings name."""
    lines: int = 1
    """How many it spans, of CSV."""


class PlacedRow(NamedTuple):
    """A row and where it stands."""

    file: Origin
    number: int
    """Rows of the file before it, bad ones among them."""
    row: Row


def reject(file: DocumentFile, line: int, what: str, hint: str = "") -> Rejected:
    """Return one bad record of *file*."""
    return Rejected((Problem(file.at(line), what, hint),))


def read_text_rows(file: DocumentFile, lines: Iterable[Line]) -> Iterator[Row | Rejected]:
    """Read one document a line; blank lines are left out."""
    for line in lines:
        text, what, hint = decode_line(line)
        if what:
            yield reject(file, line.number, what, hint)
        elif text.strip():
            yield Row(line.number, {"text": text.strip()}, is_text=True)

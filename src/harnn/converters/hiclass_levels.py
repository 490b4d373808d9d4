"""Paths for HiClass as CSV: ``id``, ``text``, ``level_1``, ``level_2``, ...; a path a row.

A document with several paths has several rows after each other, with the same id and text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harnn.converters.hiclass_arrays import PathRow
from harnn.converters.notes import Notes
from harnn.converters.parts import Documents, Input
from harnn.converters.rows import read_named_csv_documents
from harnn.converters.texts import csv_line
from harnn.data import Document
from harnn.data.labels import Fault
from harnn.data.log import Rejected

Label = Callable[[Sequence[str], list[Fault]], str]
_LEVEL = re.compile(r"level[ _]?(\d{1,3})", re.IGNORECASE)


def level_lines(rows: Iterable[PathRow], depth: int, notes: Notes) -> Iterator[str]:
    """Yield the header and a line a path; paths are as long as there are levels."""
    yield csv_line(["id", "text", *(f"level_{level + 1}" for level in range(depth))])
    for row in rows:
        if row.labelled and not row.paths:
            notes.add("an empty list of labels becomes a document without labels", row.id)
        for path in row.paths or [[""] * depth]:
            yield csv_line([row.id, row.text, *path])


def read_levels(source: Input, label: Label) -> Documents:
    """Read documents; label: finds the label of a path from the top."""

    def document(row: Mapping[str, str], faults: list[Fault]) -> Document:
        found = {int(match[1]): name for name in row if (match := _LEVEL.fullmatch(name))}
        if not found:
            faults.append(("the header has no columns 'level_1', 'level_2', ...", ""))
        path = [row[found[level]] for level in sorted(found)]
        while path and not path[-1]:
            path.pop()
        if "" in path:
            faults.append(("a level is empty above another.", ""))
            return Document("", {})
        labels = (label(path, faults),) if path else None
        return Document(row.get("id", ""), {"text": row["text"]}, labels)

    return _merged(read_named_csv_documents(source, ("text",), document))


def _merged(documents: Documents) -> Iterator[Document | Rejected]:
    """Put rows after each other with one id and text together."""
    waiting: Document | None = None
    for item in documents:
        if isinstance(item, Rejected):
            yield item
            continue
        if waiting is not None and (waiting.id, waiting.text) == (item.id, item.text):
            labels = (*(waiting.labels or ()), *(item.labels or ()))
            waiting = Document(waiting.id, waiting.text, labels or None, waiting.source)
            continue
        if waiting is not None:
            yield waiting
        waiting = item
    if waiting is not None:
        yield waiting

"""Rows out of the short-text corpora of Annif: ``text<TAB><IRI> <IRI>``, without a header.

Source of the format: https://github.com/NatLibFi/Annif/wiki/Document-corpus-formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harnn._delimited import Line, decode_line, read_tsv
from harnn.config import DataConfig
from harnn.data.files import DocumentFile
from harnn.data.log import Rejected
from harnn.data.rows import Row, reject

_FIRST_LINE = re.compile(r"[^\t]*\t\s*<[^<>\s]+>(?:\s+<[^<>\s]+>)*\s*")


def are_short_texts(first: Line) -> bool:
    """Tell whether the first line is a text with IRIs, and no header."""
    return _FIRST_LINE.fullmatch(decode_line(first)[0]) is not None


def read_short_texts(
    file: DocumentFile, lines: Iterable[Line], config: DataConfig
) -> Iterator[Row | Rejected]:
    """Read one document a line; a line may end without labels."""
    for record in read_tsv(lines, "\t"):
        if record.what:
            yield reject(file, record.line, record.what, record.hint)
        elif len(record.cells) > 2:
            what = f"has {len(record.cells):,} cells, expected a text and its IRIs."
            yield reject(file, record.line, what)
        elif any(record.cells):
            text, *rest = record.cells
            labels = [iri.removeprefix("<").removesuffix(">") for iri in "".join(rest).split()]
            content = {"text": text, config.label_columns[0]: labels}
            yield Row(record.line, content, is_text=True)

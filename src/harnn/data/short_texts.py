"""Rows out of the short-text corpora of Annif: ``text<TAB><IRI> <IRI>``, without a header.

Source of the format: https://github.com/NatLibFi/Annif/wiki/Document-corpus-formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harnn._delimited import Line, decode_line, read_tsv
from harnn._tables import shown
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
    """Read one document a line; a line may end without labels, and tabs may stand between them."""
    for record in read_tsv(lines, "\t"):
        text, *cells = record.cells
        labels, found = read_uris(" ".join(cells))
        if record.what or found:
            yield reject(file, record.line, record.what or found, record.hint)
        elif labels or text.strip():
            content = {"text": text, config.label_columns[0]: labels}
            yield Row(record.line, content, is_text=True)


def read_uris(cell: str) -> tuple[list[str], str]:
    """Return URIs without their angle brackets, and what is wrong with them."""
    uris = cell.split()
    bad = next((uri for uri in uris if not (uri.startswith("<") and uri.endswith(">"))), None)
    what = "" if bad is None else f"found {shown(bad)}, expected URIs in angle brackets."
    return [uri[1:-1] for uri in uris], what

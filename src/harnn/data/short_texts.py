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

_IRIS = re.compile(r"\s*<[^<>\s]+>(?:\s+<[^<>\s]+>)*\s*")
_SEARCHED = 1 << 20
"""Bytes in which a text with IRIs is looked for, after texts that have none yet."""


def peek_short_texts(first: Line, lines: Iterator[Line]) -> tuple[bool, list[Line]]:
    """Tell whether lines are texts with IRIs and not a table; return those that were looked at.

    The first line that has something behind its tab decides.
    """
    seen, size = [first], 0
    while True:
        rest = decode_line(seen[-1])[0].partition("\t")[2]
        if rest.strip():
            return _IRIS.fullmatch(rest) is not None, seen
        size += len(seen[-1].data)
        following = next(lines, None) if size < _SEARCHED else None
        if following is None:
            return False, seen
        seen.append(following)


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

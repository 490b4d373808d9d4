"""Files of documents that clients send: read as ``harnn predict`` reads them, within bounds.

Nothing of a client stands in a path: the file has a name of our own, in a directory that is gone as
soon as the documents are read.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harnn._display import printable
from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, read_documents
from harnn.errors import HarnnError, InputError, problem_lines
from harnn.serve.bodies import Gzip
from harnn.serve.lane import count_characters
from harnn.serve.problems import RequestError, refused
from harnn.serve.settings import Limits

EXTENSIONS = (".csv", ".tsv", ".jsonl", ".txt", ".xlsx")
PACKED = tuple(f"{extension}.gz" for extension in EXTENSIONS if extension != ".xlsx")
MOST_DOCUMENTS = 100_000
"""Of one file."""
_MOST_UNPACKED = 8
"""Times the bytes of a body: so much of a packed file is read."""
_MOST_OF_A_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """What a file holds."""

    documents: tuple[Document, ...]
    notes: tuple[str, ...]
    """What of its columns is read as what, and what is worth a look."""


def read_upload(content: bytes, name: str, data: DataConfig, limits: Limits) -> Upload:
    """Read the documents of a file that is called *name*; its labels are not looked at.

    Raises:
        RequestError: it is none of these files, is packed too well, has too many documents or too
            long ones (400, 413, 422); or as reading it says, with the lines.
    """
    whole = printable(re.split(r"[/\\]", name)[-1])
    extension, shown = _extension(whole), whole[-_MOST_OF_A_NAME:]
    with tempfile.TemporaryDirectory(prefix="harnn-") as folder:
        path = Path(folder) / f"{secrets.token_hex(12)}{extension.removesuffix('.gz')}"
        if extension.endswith(".gz"):
            content = _unpacked(content, _MOST_UNPACKED * limits.body_bytes)
        path.write_bytes(content)
        log = ReadingLog()
        try:
            found = read_documents([path], data, log=log, labelled=False)
            renamed = (_called(document, path, shown) for document in found)
            documents = tuple(_bounded(renamed, limits))
        except HarnnError as error:
            raise _renamed(error, path, shown) from None
        lines = [*(f"{roles}." for roles in log.columns.values()), *log.lines()]
        return Upload(documents, tuple(_said(line, path, shown) for line in lines))


def line_of(document: Document) -> int | None:
    """Return the line, or the row, that a document stands in; None where it has none."""
    line = document.source.rpartition(":")[2]
    return int(line) if line.isascii() and line.isdigit() else None


def _extension(name: str) -> str:
    lowered = name.casefold()
    for extension in (*PACKED, *EXTENSIONS):
        if lowered.endswith(extension):
            return extension
    expected = f"{', '.join(EXTENSIONS[:-1])} (each also with .gz) or {EXTENSIONS[-1]}"
    raise RequestError(422, f"{name!r} is called like no file of documents: expected {expected}.")


def _unpacked(content: bytes, most: int) -> bytes:
    plain = Gzip().unpacked(content, most, last=True)
    if len(plain) > most:
        detail = f"Unpacked the file has more than {most:,} bytes, the most that is taken."
        raise RequestError(413, detail, reason="body_too_large")
    return plain


def _bounded(documents: Iterator[Document], limits: Limits) -> Iterator[Document]:
    """Yield documents as long as there are not too many, and none is too long."""
    size = 0
    for number, document in enumerate(documents, start=1):
        if number > MOST_DOCUMENTS:
            detail = f"The file has more than {MOST_DOCUMENTS:,} documents; send it in parts."
            raise RequestError(422, detail, reason="too_many_documents")
        count = count_characters(document)
        if count > limits.characters:
            line = line_of(document)
            detail = (
                f"{'Document' if line is None else f'Line {line:,}: document'} {document.id!r} has "
                f"{count:,} characters, at most {limits.characters:,} are taken."
            )
            raise RequestError(422, detail, reason="text_too_long")
        size += count
        if size > limits.waiting_characters:
            detail = (
                f"The file has more than {limits.waiting_characters:,} characters of text; send it "
                "in parts."
            )
            raise RequestError(422, detail, reason="text_too_long")
        yield document


def _renamed(error: HarnnError, path: Path, shown: str) -> RequestError:
    """Return what is told of an error in a file, under the name that its owner knows."""
    found = refused(error)
    problems: Sequence[str] = found.problems
    if isinstance(error, InputError):
        problems = [*problem_lines(error.problems)]
    detail = _said(str(error), path, shown)
    return RequestError(found.status, detail, [_said(line, path, shown) for line in problems])


def _said(line: str, path: Path, shown: str) -> str:
    return line.replace(str(path), shown).replace(path.name, shown)


def _called(document: Document, path: Path, shown: str) -> Document:
    """Return a document without an id of its own as one of the file that its owner knows."""
    return replace(
        document,
        id=_said(document.id, path, shown),
        source=_said(document.source, path, shown),
    )

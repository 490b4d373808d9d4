"""Large files in parts, each of which is read alone, by whoever and whenever.

What a part holds is what the whole file holds there: ids that are made of lines, messages and
refusals are the same.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from harnn._encodings import BYTE_ORDER_MARKS, plain_name
from harnn._optional import require
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.files import DocumentFile, UnreadableFileError, open_bytes
from harnn.data.json_rows import read_json_lines
from harnn.data.lines import Lines, refuse_utf_16
from harnn.data.log import ReadingLog, Rejected
from harnn.data.parquet_rows import read_parquet
from harnn.data.reading import guard_rows
from harnn.data.rows import Row

_CHUNK = 1 << 20
_BUFFER = 1 << 16
_HEAD = 64
_BROKEN = (UnreadableFileError, OSError, EOFError, zlib.error)
"""What a file that cannot be read on raises; of gzip and zstandard too."""
DIVIDED = ("json-lines", "parquet")
"""The formats that are read in parts."""
_CHANGED = ("was changed while it was read.", "Read it again.")


@dataclass(frozen=True, slots=True)
class FilePart:
    """Some of the rows of one file, one after the other."""

    file: DocumentFile
    number: int
    """Of the part in its file, from 0."""
    start: int
    """Where it begins: bytes of the unpacked file, or rows of Parquet, before it."""
    end: int | None
    """Where it ends; None: with the file, whose end was not found."""
    line: int
    """Of its first row, from 1."""
    rows: int
    """Lines, blank ones among them, or rows of Parquet; 0 also where nobody counted them."""
    encoding: str
    """That lines are in."""
    digest: str
    """SHA-256 of what it holds."""
    version: str = ""
    """Of Parquet: that of the file, see :meth:`DocumentFile.version`."""

    @property
    def where(self) -> str:
        """The part for messages."""
        if not self.rows:
            return self.file.name
        return f"{self.file.name}:{self.line} to {self.line + self.rows - 1}"


def divide_file(file: DocumentFile, rows: int, config: DataConfig) -> Iterator[FilePart]:
    """Yield the parts of a file, one at least, each with so many lines or rows but the last.

    The file is read once, but nothing of it is understood yet. Where it cannot be read to its end,
    the last part is what :func:`read_part` will find that in. A file of a Unicode encoding whose
    lines do not end with the byte of a line feed is one part.

    Raises:
        MissingExtraError: an extra is missing that reads the file.
    """
    try:
        if file.format == "parquet":
            yield from _divide_parquet(file, rows, config)
        else:
            yield from _divide_lines(file, rows, config)
    except _BROKEN:
        yield FilePart(file, 0, 0, None, 1, 0, config.encoding, "")


def read_part(part: FilePart, config: DataConfig, log: ReadingLog) -> Iterator[Document | Rejected]:
    """Yield the documents of a part, and what cannot be read, in order; labels are ignored.

    A file that was changed since it was divided is one that cannot be read, which is told in the
    end. log: gets what is worth a look.

    Raises:
        ConfigError: settings out of range.
        MissingExtraError: an extra is missing that reads the file.
    """
    config = replace(config, encoding=part.encoding)
    builder = DocumentBuilder(config, labelled=False, log=log)
    for item in guard_rows(part.file, _rows(part, builder), may_be_empty=True):
        yield item if isinstance(item, Rejected) else builder.build(part.file, item)


def _rows(part: FilePart, builder: DocumentBuilder) -> Iterator[Row | Rejected]:
    if part.file.format == "parquet":
        rows = None if part.end is None else range(part.start, part.end)
        yield from read_parquet(part.file, builder.wanted, rows)
        if part.version not in ("", part.file.version()):
            raise UnreadableFileError(*_CHANGED)
        return
    with open_bytes(part.file) as stream, _bounded(stream, part) as some:
        lines = Lines(part.file, some, builder.config, builder.log, first=part.line)
        yield from read_json_lines(part.file, lines)


def _divide_parquet(file: DocumentFile, size: int, config: DataConfig) -> Iterator[FilePart]:
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Reading {file.name}")
    arrow = require("pyarrow", extra="parquet", purpose=f"Reading {file.name}")
    try:
        with file.open() as stream, parquet.ParquetFile(stream) as table:
            rows = table.metadata.num_rows
    except (arrow.ArrowException, ValueError) as error:
        raise UnreadableFileError(str(error)) from None
    version = file.version()
    known = hashlib.sha256(version.encode())
    if file.elsewhere is None:
        with file.open() as stream:
            known = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]
    for number, start in enumerate(range(0, max(rows, 1), size)):
        end = min(start + size, rows)
        digest = known.copy()
        digest.update(f" {start} {end}".encode())
        name, encoding = digest.hexdigest(), config.encoding
        yield FilePart(file, number, start, end, start + 1, end - start, encoding, name, version)


def _divide_lines(file: DocumentFile, size: int, config: DataConfig) -> Iterator[FilePart]:
    with open_bytes(file) as stream:
        encoding = _encoding_of(stream, config)
    if encoding is None:
        with open_bytes(file) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        yield FilePart(file, 0, 0, None, 1, 0, config.encoding, digest)
        return
    number = start = end = rows = 0
    found, is_open = hashlib.sha256(), False

    def part(end: int | None) -> FilePart:
        line = number * size + 1
        return FilePart(file, number, start, end, line, rows, encoding, found.hexdigest())

    with open_bytes(file) as stream:
        try:
            while piece := stream.readline(_CHUNK):
                if not is_open and rows == size:
                    yield part(end)
                    number, start, rows, found = number + 1, end, 0, hashlib.sha256()
                rows += not is_open
                is_open = not piece.endswith(b"\n")
                found.update(piece)
                end += len(piece)
        except _BROKEN:
            yield part(None)
            return
    yield part(end)


def _encoding_of(stream: BinaryIO, config: DataConfig) -> str | None:
    """Return what lines are in, as their file says; None where lines are not found as bytes.

    Raises:
        UnreadableFileError: the file is in another encoding.
    """
    first = stream.readline(_HEAD)
    for mark, encoding in BYTE_ORDER_MARKS:
        if first.startswith(mark):
            return encoding if encoding == "utf-8" else None
    encoding = plain_name(config.encoding)
    if encoding == "utf-8":
        refuse_utf_16(first)
    return encoding if "\n".encode(encoding) == b"\n" else None


@contextmanager
def _bounded(stream: BinaryIO, part: FilePart) -> Iterator[BinaryIO]:
    """Give the bytes of a part alone."""
    _pass_over(stream, part.start)
    if part.end is None:
        yield stream
        return
    bounded = _Bounded(stream, part.end - part.start)
    with io.BufferedReader(bounded, _BUFFER) as some:
        yield some
    if bounded.digest.hexdigest() != part.digest:
        raise UnreadableFileError(*_CHANGED)


def _pass_over(stream: BinaryIO, size: int) -> None:
    if stream.seekable():  # gzip unpacks what it passes over
        stream.seek(size)
        return
    while size > 0 and (piece := stream.read(min(size, _CHUNK))):
        size -= len(piece)


class _Bounded(io.RawIOBase):
    """The next bytes of a stream, and no more."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        piece = self._stream.read(min(len(target), self._left))
        self._left -= len(piece)
        target[: len(piece)] = piece
        self.digest.update(piece)
        return len(piece)

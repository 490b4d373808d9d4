"""Find out what a file is and open it as a stream of bytes."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TypeAlias, cast

from harnn._optional import require
from harnn.errors import Problem, suggest

Location: TypeAlias = str | os.PathLike[str]
Format = Literal["json-lines", "json", "csv", "tsv", "parquet", "text", "standard-input"]
Compression = Literal["", "gz", "zst"]

FORMATS: dict[str, Format] = {
    ".jsonl": "json-lines",
    ".ndjson": "json-lines",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".parquet": "parquet",
}
COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
STANDARD_INPUT = "-"

_CHUNK = 1 << 15
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class UnreadableFileError(Exception):
    """A file cannot be read on; caught inside this room and turned into a problem."""

    def __init__(self, what: str, hint: str = "", *, line: int | None = None) -> None:
        self.what = what
        self.hint = hint
        self.line = line
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A file, or standard input, that documents are read from."""

    path: Path
    name: str
    """As the user wrote it; ``stdin`` for standard input."""
    format: Format
    compression: Compression = ""

    @property
    def short_name(self) -> str:
        """Return the name without its directory."""
        return self.name if self.format == "standard-input" else self.path.name

    def at(self, line: int) -> str:
        """Return ``file:line`` for messages."""
        return f"{self.name}:{line}"


def list_locations(paths: Location | Iterable[Location]) -> list[Location]:
    """Return one path or many as a list."""
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def find_file(location: Location) -> DocumentFile | Problem:
    """Tell format and compression from the name, or say why the file cannot be read."""
    name = os.fspath(location)
    path = Path(name)
    if name == STANDARD_INPUT:
        return DocumentFile(path, "stdin", "standard-input")
    if path.is_dir():
        return Problem(name, "is a directory, expected a file.")
    if not path.exists():
        return Problem(name, "no such file.", _suggest_neighbour(path))
    extension = path.suffix.lower()
    compression = COMPRESSIONS.get(extension, "")
    if compression:
        extension = Path(path.stem).suffix.lower()
    kind = FORMATS.get(extension)
    if kind is None or (compression and kind == "parquet"):
        found = path.suffix if not compression else "".join(path.suffixes[-2:])
        return Problem(
            name,
            f"unknown extension {found!r}, expected .jsonl, .ndjson, .json, .csv, .tsv or .txt "
            "(each also with .gz or .zst), or .parquet.",
            suggest(extension, list(FORMATS)) if extension else "",
        )
    return DocumentFile(path, name, kind, compression)


def _suggest_neighbour(path: Path) -> str:
    try:
        return suggest(path.name, sorted(place.name for place in path.parent.iterdir()))
    except OSError:
        return ""


@contextmanager
def open_bytes(file: DocumentFile) -> Iterator[BinaryIO]:
    """Open *file* for reading, decompressed.

    Raises:
        UnreadableFileError: while opening or reading.
        MissingExtraError: a ``.zst`` file without the extra ``zst``.
    """
    if file.format == "standard-input":
        yield sys.stdin.buffer
        return
    with file.path.open("rb") as raw:
        if file.compression == "gz":
            with gzip.open(raw) as unpacked:
                yield cast(BinaryIO, unpacked)
        elif file.compression == "zst":
            zstandard = require("zstandard", extra="zst", purpose=f"Reading {file.name}")
            with io.BufferedReader(_ZstdReader(raw, zstandard), _CHUNK) as unpacked:
                yield unpacked
        else:
            yield raw


class _ZstdReader(io.RawIOBase):
    """Unpack zstandard frames, and notice where the last one breaks off.

    The package's own ``stream_reader`` ends silently in the middle of a frame.
    """

    def __init__(self, packed: IO[bytes], zstandard: Any) -> None:
        self._packed = packed
        self._zstandard = zstandard
        self._frame: Any = None
        self._waiting = b""
        self._unpacked = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._unpacked:
            packed = self._waiting or self._packed.read(_CHUNK)
            self._waiting = b""
            if not packed:
                if self._frame is not None:
                    raise EOFError("the zstandard frame breaks off")
                return 0
            self._unpack(packed)
        size = min(len(target), len(self._unpacked))
        target[:size] = self._unpacked[:size]
        self._unpacked = self._unpacked[size:]
        return size

    def _unpack(self, packed: bytes) -> None:
        if self._frame is None:
            self._frame = self._zstandard.ZstdDecompressor().decompressobj()
        try:
            self._unpacked = memoryview(self._frame.decompress(packed))
        except self._zstandard.ZstdError as error:
            raise UnreadableFileError(f"is damaged or not zstandard data ({error}).") from None
        if self._frame.eof:
            self._waiting = self._frame.unused_data
            self._frame = None


def number_lines(stream: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines with their numbers, from 1, without a byte order mark.

    Raises:
        UnreadableFileError: the stream is UTF-16.
    """
    for number, line in enumerate(stream, start=1):
        if number == 1:
            if line.startswith(_UTF16_BOMS):
                raise UnreadableFileError("is UTF-16 text, expected UTF-8.", "Save it as UTF-8.")
            line = line.removeprefix(_UTF8_BOM)
        yield number, line

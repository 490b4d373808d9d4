"""Find out what a file is and open it as a stream of bytes."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, Protocol, TypeAlias, cast

from harnn._display import printable
from harnn._optional import require
from harnn._places import suffix_problem
from harnn._spreadsheets import EXTENSIONS as SPREADSHEETS
from harnn.errors import Problem, cannot_read, nothing_at, suggest

Location: TypeAlias = str | os.PathLike[str]
Format = Literal[
    "json-lines",
    "json",
    "csv",
    "tsv",
    "parquet",
    "spreadsheet",
    "text",
    "standard-input",
    "texts",
    "dataset",
]
"""The last two are directories."""
Compression = Literal["", "gz", "zst"]

FORMATS: dict[str, Format] = {
    ".jsonl": "json-lines",
    ".ndjson": "json-lines",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".parquet": "parquet",
    **dict.fromkeys(SPREADSHEETS, "spreadsheet"),
}
_PACKED = ("json-lines", "json", "csv", "tsv", "text")
"""What can stand in a compressed file."""
DATASET_STATE = "state.json"
DATASET_INFO = "dataset_info.json"
"""What ``save_to_disk`` of the library ``datasets`` writes beside its Arrow files."""
_DATASET_SPLITS = "dataset_dict.json"
COMPRESSIONS: dict[str, Compression] = {".gz": "gz", ".zst": "zst"}
STANDARD_INPUT = "-"

_CHUNK = 1 << 15
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_REPEATED_BYTE = 1
"""The kind of a zstandard block that holds one byte, however long it is."""


class UnreadableFileError(Exception):
    """A file cannot be read on; caught inside this room and turned into a problem."""

    def __init__(self, what: str, hint: str = "", *, line: int | None = None) -> None:
        self.what = what
        self.hint = hint
        self.line = line
        super().__init__(what)


class UnreachedError(OSError):
    """What keeps a file elsewhere does not give it; what the file is like is not known."""


class Origin(Protocol):
    """Where documents come from: a file, or a table in memory."""

    @property
    def short_name(self) -> str:
        """Return the name in the ids of documents that have none."""

    @property
    def is_table(self) -> bool:
        """Tell whether labels stand in cells, where no list can be written."""

    def at(self, line: int) -> str:
        """Return the place of a row for messages."""


class Elsewhere(Protocol):
    """A file that no path leads to, as in object storage; it can be pickled.

    What it raises is an :class:`UnreachedError`, and so it is for its stream.
    """

    def open(self) -> BinaryIO:
        """Open it for reading as it is now; the stream can be sought in."""

    def size(self) -> int:
        """Return its bytes, packed as it is."""

    def version(self) -> str:
        """Return what is another one where the file is."""


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A file, or standard input, that documents are read from."""

    path: Path
    name: str
    """As the user wrote it, fit to be shown; ``stdin`` for standard input."""
    format: Format
    compression: Compression = ""
    elsewhere: Elsewhere | None = None
    """Where it is, if not at ``path``, of which then the name alone is used."""

    def open(self) -> BinaryIO:
        """Open the file as it is, packed where it is packed."""
        return self.path.open("rb") if self.elsewhere is None else self.elsewhere.open()

    def size(self) -> int:
        """Return its bytes, packed as it is."""
        return self.path.stat().st_size if self.elsewhere is None else self.elsewhere.size()

    def version(self) -> str:
        """Return what is another one where the file was changed: its size and its moment."""
        if self.elsewhere is not None:
            return self.elsewhere.version()
        found = self.path.stat()
        return f"{found.st_size} bytes at {found.st_mtime_ns}"

    @property
    def short_name(self) -> str:
        """Return the name without its directory."""
        return self.name if self.format == "standard-input" else printable(self.path.name)

    @property
    def is_table(self) -> bool:
        """Tell whether labels stand in cells, where no list can be written."""
        return self.format in ("csv", "tsv", "parquet", "spreadsheet", "dataset")

    def at(self, line: int) -> str:
        """Return ``file:line`` for messages."""
        return f"{self.name}:{line}"


def find_file(location: Location, form: Format | None = None) -> DocumentFile | Problem:
    """Tell format and compression from the name, or say why the file cannot be read.

    form: what the file is, whatever its extension.
    """
    path, name = Path(location), printable(os.fspath(location))
    if name == STANDARD_INPUT:
        return DocumentFile(path, "stdin", "standard-input")
    try:
        if path.is_dir() and form is not None:
            return Problem(name, "is a directory, expected a file.")
        if path.is_dir():
            return _find_directory(path, name)
        if not path.exists():
            return nothing_at(name, "no such file.", _suggest_neighbour(path))
    except OSError as error:
        return cannot_read(name, error)
    return file_of_name(path, name, form)


def file_of_name(
    path: Path, name: str, form: Format | None = None, elsewhere: Elsewhere | None = None
) -> DocumentFile | Problem:
    """Tell format and compression from a name alone; see :func:`find_file`."""
    extension = path.suffix.lower()
    compression = COMPRESSIONS.get(extension, "")
    if compression:
        extension = Path(path.stem).suffix.lower()
    kind = FORMATS.get(extension) if form is None else form
    if kind is None or (compression and kind not in _PACKED):
        found = path.suffix if not compression else "".join(path.suffixes[-2:])
        expected = ".jsonl, .ndjson, .json, .csv, .tsv or .txt (each also with .gz or .zst), or "
        expected += ".parquet, .xlsx, .xls, .ods or a directory"
        return suffix_problem(name, found, list(FORMATS), expected)
    return DocumentFile(path, name, kind, compression, elsewhere)


def require_reader(file: DocumentFile) -> None:
    """Import what reads a file.

    Raises:
        MissingExtraError: it is not installed.
    """
    purpose = f"Reading {file.name}"
    if file.format in ("parquet", "dataset"):
        require("pyarrow.parquet", extra="parquet", purpose=purpose)
    if file.format == "spreadsheet":
        require("python_calamine", extra="tables", purpose=purpose)
    if file.compression == "zst":
        require("zstandard", extra="zst", purpose=purpose)


def is_directory_of_texts(location: Location) -> bool:
    """Tell whether each document of a place is a file of its own."""
    found = find_file(location)
    return not isinstance(found, Problem) and found.format == "texts"


def _find_directory(path: Path, name: str) -> DocumentFile | Problem:
    """Tell which kind of directory it is, or say why it cannot be read."""
    if (path / DATASET_STATE).is_file() and (path / DATASET_INFO).is_file():
        return DocumentFile(path, name, "dataset")
    if (path / _DATASET_SPLITS).is_file():
        splits = sorted(place.name for place in path.iterdir() if (place / DATASET_STATE).is_file())
        hint = f"Give one of them: {os.path.join(name, splits[0])}." if splits else ""  # noqa: PTH118
        listed = ", ".join(map(printable, splits[:12]))
        return Problem(name, f"holds several splits of a data set: {listed}.", printable(hint))
    if any(place.suffix.lower() == ".txt" for place in path.iterdir()):
        return DocumentFile(path, name, "texts")
    what = "is a directory without .txt files, expected a file or a directory of texts."
    return Problem(name, what)


def _suggest_neighbour(path: Path) -> str:
    try:
        return suggest(path.name, sorted(place.name for place in path.parent.iterdir()))
    except (OSError, ValueError):  # no such directory, or no name of one
        return ""


@contextmanager
def open_bytes(file: DocumentFile) -> Iterator[BinaryIO]:
    """Open *file* for reading, decompressed.

    Raises:
        UnreadableFileError: while opening or reading.
        MissingExtraError: a ``.zst`` file without the extra ``zst``.
    """
    if file.format == "standard-input":
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None or stream.closed:
            raise UnreadableFileError("is closed.")
        yield stream
        return
    with file.open() as raw:
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
    """Unpack zstandard frames block by block, and notice where the last one breaks off.

    The package's own ``stream_reader`` ends silently in the middle of a frame, and its
    ``decompressobj`` makes as much of a piece as is in it: gigabytes of some kilobytes.
    """

    def __init__(self, packed: IO[bytes], zstandard: Any) -> None:
        self._blocks = _unpack_frames(packed, zstandard)
        self._unpacked = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._unpacked:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._unpacked = memoryview(block)
        size = min(len(target), len(self._unpacked))
        target[:size] = self._unpacked[:size]
        self._unpacked = self._unpacked[size:]
        return size


def _unpack_frames(packed: IO[bytes], zstandard: Any) -> Iterator[bytes]:
    """Yield what frames (RFC 8878) hold, one block at a time: at most 128 KiB.

    Raises:
        UnreadableFileError: damaged.
        EOFError: the last frame breaks off.
    """

    def take(size: int) -> bytes:
        piece = packed.read(size)
        if len(piece) < size:
            raise EOFError("the zstandard frame breaks off")
        return piece

    while magic := packed.read(4):
        if magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5:  # not for us
            _pass_over(packed, int.from_bytes(take(4), "little"))
            continue
        if not _ZSTD_MAGIC.startswith(magic):
            raise UnreadableFileError("is damaged or not zstandard data (no frame begins there).")
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            has_checksum, head = _read_frame_head(take)
            yield frame.decompress(magic + head)
            last = 0
            while not last:
                head = take(3)
                number = int.from_bytes(head, "little")
                last, kind, size = number & 1, number >> 1 & 3, number >> 3
                yield frame.decompress(head + take(1 if kind == _REPEATED_BYTE else size))
            if has_checksum:
                frame.decompress(take(4))
        except zstandard.ZstdError as error:
            raise UnreadableFileError(f"is damaged or not zstandard data ({error}).") from None


def _read_frame_head(take: Callable[[int], bytes]) -> tuple[bool, bytes]:
    """Return whether a checksum ends the frame, and the bytes of its head."""
    first = take(1)
    flags = first[0]
    one_segment = flags >> 5 & 1
    size = (1 - one_segment) + (0, 1, 2, 4)[flags & 3] + (one_segment, 2, 4, 8)[flags >> 6]
    return bool(flags & 4), first + take(size)


def _pass_over(packed: IO[bytes], size: int) -> None:
    while size > 0:
        piece = packed.read(min(size, _CHUNK))
        if not piece:
            raise EOFError("the zstandard frame breaks off")
        size -= len(piece)

"""The parts of a split as files: every row as it was written, in the part that it belongs to.

JSON lines, CSV and TSV keep their lines to the byte (in UTF-8, see ``mark_for`` in ``writing``),
Parquet its rows and types; the elements of a JSON array become JSON lines, the rows of a
spreadsheet CSV.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from harnn._delimited import Line, separator_told
from harnn._files import check_writable, write_atomically
from harnn._optional import require
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.fields import DocumentBuilder
from harnn.data.files import DocumentFile, find_file, open_bytes
from harnn.data.inputs import Documents, split_given
from harnn.data.lines import Lines
from harnn.data.log import ReadingLog, Rejected
from harnn.data.reading import stream_rows
from harnn.data.short_texts import peek_short_texts
from harnn.data.split import DataSplit
from harnn.data.split_reading import Places
from harnn.data.split_settings import SplitSettings
from harnn.data.writing import check_rows_place, mark_for, open_packed, open_rows
from harnn.errors import ConfigError, DocumentError, InputError, Problem

_SUFFIXES = {
    "json-lines": ".jsonl",
    "json": ".jsonl",
    "csv": ".csv",
    "tsv": ".tsv",
    "spreadsheet": ".csv",
    "parquet": ".parquet",
}
"""Of the files that are written, by the format of those that are read."""
_PACKED = {"": "", "gz": ".gz", "zst": ".zst"}
_CHANGED = "changed while it was read."


def part_files(given: Documents, directory: Path, settings: SplitSettings) -> dict[str, Path]:
    """Return the file of each part that :func:`write_split` writes; checked before any work.

    Raises:
        ConfigError: the documents are in memory, or their files of several formats.
        DocumentError: a file cannot be found, or can be read only once.
        InputError: a part cannot be written, or is read.
    """
    paths = [each for each in split_given(given)[1] if isinstance(each, Path)]
    if not paths or len(paths) < len(split_given(given)[1]):
        what = "there are no files to divide; of what is in memory take DataSplit.part()."
        raise ConfigError(Problem("", what))
    found = [find_file(path) for path in paths]
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise DocumentError(problems)
    files = [each for each in found if isinstance(each, DocumentFile)]
    for file in files:
        _check_file(file)
    suffixes = {_suffix_of(file): file.name for file in files}
    if len(suffixes) > 1:
        listed = ", ".join(f"{name} ({suffix})" for suffix, name in suffixes.items())
        what = f"files of several formats: {listed}."
        raise ConfigError(Problem("", what, "Divide those of each format apart."))
    suffix = next(iter(suffixes))
    places = {name: directory / f"{name}{suffix}" for name in settings.shares}
    check_rows_place(directory / f"train{suffix}")
    for place in places.values():
        check_writable(place)
        if any(place.exists() and place.samefile(path) for path in paths):
            what = "is read by this command, so it cannot be written."
            raise InputError(Problem(str(place), what, "Choose another directory."))
    return places


def _check_file(file: DocumentFile) -> None:
    """Raises:
    DocumentError: its parts cannot be written.
    """
    if file.format == "standard-input" or file.path.is_fifo():
        what = "can be read only once, but is read twice here."
        raise DocumentError(Problem(file.name, what, "Write it to a file first."))
    if file.format == "text":
        what = "is plain text, which has no labels, expected JSON lines, CSV, TSV or Parquet."
        raise DocumentError(Problem(file.name, what))
    if file.format not in _SUFFIXES:
        what = "is a directory, whose parts cannot be written as files."
        raise DocumentError(Problem(file.name, what, "Make one file of it before: harnn convert."))


def write_split(
    split: DataSplit,
    directory: Path | str,
    config: DataConfig = DataConfig(),
    *,
    overwrite: bool = False,
) -> dict[str, Path]:
    """Write the rows of each part to a file of *directory*, and return the files by part.

    The files are called ``train``, ``valid`` and ``test``, with the suffix of those given, and
    appear when all are complete. config: how the files are read, as for the split itself.

    Raises:
        ConfigError: see :func:`part_files`; or files are there already that are not to be
            overwritten.
        DocumentError: files changed after they were divided, or their columns differ.
        InputError: a file cannot be written.
    """
    home = Path(directory)
    places = part_files(split.given, home, split.settings)
    check_free(places, overwrite=overwrite)
    home.mkdir(parents=True, exist_ok=True)
    files = [find_file(path) for path in split_given(split.given)[1] if isinstance(path, Path)]
    form = next(file.format for file in files if isinstance(file, DocumentFile))
    first = 0
    with ExitStack() as stack:
        writer = _WRITERS[form](list(places.values()), config, stack)
        for at in split.places:
            parts = split.parts[first : first + len(at.numbers)]
            writer.write(at, parts)
            first += len(at.numbers)
    return places


def check_free(places: dict[str, Path], *, overwrite: bool) -> None:
    """Raises:
    ConfigError: files of parts are there, and are not to be overwritten.
    """
    there = [str(place) for place in places.values() if place.exists()]
    if there and not overwrite:
        verb = "exists" if len(there) == 1 else "exist"
        hint = "Choose another directory, or replace them with --overwrite."
        raise ConfigError(Problem(", ".join(there), f"{verb} already.", hint))


def _suffix_of(file: DocumentFile) -> str:
    plain = file.path.name.lower().removesuffix(_PACKED[file.compression])
    own = ".ndjson" if plain.endswith(".ndjson") else _SUFFIXES[file.format]
    return own + _PACKED[file.compression]


class _LineWriter:
    """JSON lines, CSV and TSV."""

    def __init__(self, places: Sequence[Path], config: DataConfig, stack: ExitStack) -> None:
        self._streams: list[IO[bytes]] = [
            stack.enter_context(open_packed(place)) for place in places
        ]
        for stream in self._streams:
            stream.write(mark_for(config))
        self._config = config
        self._head: list[bytes] | None = None
        self._first = ""

    def write(self, at: Places, parts: NDArray[np.int64]) -> None:
        numbers, ends = at.numbers.tolist(), (at.numbers + at.spans).tolist()
        here, count, written = 0, len(numbers), 0
        file = _file_of(at)
        with open_bytes(file) as stream:
            lines: Iterator[Line] = iter(Lines(file, stream, self._config, ReadingLog()))
            if file.format != "json-lines":
                lines = self._write_head(file, lines)
            for line in lines:
                while here < count and line.number >= ends[here]:
                    here += 1
                if here < count and line.number >= numbers[here]:
                    self._streams[parts[here]].write(_ended(line.data))
                    written += 1
        if written != at.spans.sum():
            raise DocumentError(Problem(file.name, _CHANGED))

    def _write_head(self, file: DocumentFile, lines: Iterator[Line]) -> Iterator[Line]:
        """Write the header of a table to all parts, once, and return the lines that are left.

        Those of other files must be the same. Short texts of Annif have none.
        """
        first = next(line for line in lines if line.data.strip())
        has_none, seen = file.format == "tsv", [first]
        if has_none:
            has_none, seen = peek_short_texts(first, lines)
        lines = chain(seen, lines)
        found = [] if has_none else _head_of(lines, quotes=file.format == "csv")
        head = [line.data for line in found]
        plain = [data.rstrip(b"\r\n") for data in head]
        if self._head is None:
            self._head, self._first = plain, file.name
            for stream in self._streams:
                stream.writelines(map(_ended, head))
        elif plain != self._head:
            what = f"has other columns than {self._first}, expected the same header."
            raise DocumentError(Problem(file.name, what, "Divide the files apart."))
        return lines


def _head_of(lines: Iterator[Line], *, quotes: bool) -> Iterator[Line]:
    """Yield the lines of the header, and the line ``sep=;`` before it."""
    opened = False
    for line in lines:
        if not opened and line.data.isspace():
            continue
        yield line
        opened ^= quotes and line.data.count(b'"') % 2 == 1
        if not opened and not separator_told(line):
            return


def _file_of(at: Places) -> DocumentFile:
    assert isinstance(at.file, DocumentFile)  # part_files refuses what is in memory
    return at.file


def _ended(data: bytes) -> bytes:
    return data if data.endswith(b"\n") else data + b"\n"


class _RecordWriter:
    """The elements of JSON arrays and the rows of spreadsheets."""

    def __init__(self, places: Sequence[Path], config: DataConfig, stack: ExitStack) -> None:
        self._writers = [stack.enter_context(open_rows(place, config)) for place in places]
        self._config = config

    def write(self, at: Places, parts: NDArray[np.int64]) -> None:
        wanted = dict(zip(at.numbers.tolist(), parts.tolist(), strict=True))
        for item in stream_rows(_file_of(at).path, DocumentBuilder(self._config)):
            if not isinstance(item, Rejected) and item.number in wanted:
                self._writers[wanted.pop(item.number)].write(item.row.content)
        if wanted:
            raise DocumentError(Problem(_file_of(at).name, _CHANGED))


class _ParquetWriter:
    def __init__(self, places: Sequence[Path], config: DataConfig, stack: ExitStack) -> None:
        del config  # Parquet says itself how it is read
        self._stack = stack
        self._streams = [stack.enter_context(write_atomically(place, "wb")) for place in places]
        self._parquet: Any = require("pyarrow.parquet", extra="parquet", purpose="Dividing Parquet")
        self._arrow: Any = require("pyarrow", extra="parquet", purpose="Dividing Parquet")
        self._writers: list[Any] = []
        self._schema: Any = None
        self._first = ""

    def write(self, at: Places, parts: NDArray[np.int64]) -> None:
        try:
            self._write(at, parts)
        except (self._arrow.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of a file that is written
                raise
            reason = shown(" ".join(str(error).split()).rstrip("."))[1:-1]
            raise DocumentError(Problem(_file_of(at).name, f"is damaged ({reason}).")) from None

    def _write(self, at: Places, parts: NDArray[np.int64]) -> None:
        file = _file_of(at)
        with self._parquet.ParquetFile(file.path) as table:
            self._begin(file, table.schema_arrow)
            rows = int(table.metadata.num_rows)
            if len(at.numbers) and at.numbers[-1] > rows:
                raise DocumentError(Problem(file.name, _CHANGED))
            part_of = np.full(rows, -1, dtype=np.int64)
            part_of[at.numbers - 1] = parts
            start = 0
            for batch in table.iter_batches():
                here = part_of[start : start + batch.num_rows]
                start += batch.num_rows
                for number, writer in enumerate(self._writers):
                    some = batch.filter(self._arrow.array(here == number))
                    if some.num_rows:
                        writer.write_batch(some)

    def _begin(self, file: DocumentFile, schema: Any) -> None:
        if self._schema is None:
            self._schema, self._first = schema, file.name
            self._writers = [
                self._stack.enter_context(self._parquet.ParquetWriter(stream, schema))
                for stream in self._streams
            ]
        elif not schema.equals(self._schema):
            what = f"has other columns than {self._first}, expected the same names and types."
            raise DocumentError(Problem(file.name, what, "Divide the files apart."))


_WRITERS: dict[str, type[_LineWriter | _RecordWriter | _ParquetWriter]] = {
    "json-lines": _LineWriter,
    "csv": _LineWriter,
    "tsv": _LineWriter,
    "json": _RecordWriter,
    "spreadsheet": _RecordWriter,
    "parquet": _ParquetWriter,
}

"""Rows and documents into files that this room reads back; the suffix says what is written.

=====================  ==========================================================================
``.jsonl``, ``.ndjson``  one object a line, its fields as they are
``.csv``               a header, then one row; cells are quoted where they must be (RFC 4180)
``.tsv``               the same without quotation marks: tabs and line breaks become blanks
``.parquet``           columns of one type each
=====================  ==========================================================================

All but the last also with ``.gz`` or ``.zst`` behind. In a cell labels stand between separators,
``a;b``, or, where they would not be read back from that, as a list ``["a;b", "c"]``.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from harnn._display import encodable, escape_json
from harnn._encodings import plain_name
from harnn._files import write_atomically
from harnn._optional import require
from harnn._places import suffix_problem
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.files import COMPRESSIONS, FORMATS
from harnn.data.label_cells import read_label_cell
from harnn.errors import ConfigError, DocumentError, Problem

Record = Mapping[str, Any] | Document
"""What is written: a row by the names of its fields, or a document."""
WRITTEN = ("json-lines", "csv", "tsv", "parquet")
"""The formats that are written."""

_ROWS_AT_ONCE = 4_096
_BREAKS = re.compile(r"[\t\r\n]+")


class RowWriter(Protocol):
    """Takes rows, one by one; made by :func:`open_rows`."""

    rows: int
    """Written so far."""
    flattened: int
    """Cells of TSV so far whose tabs and line breaks became blanks."""

    def write(self, record: Record) -> None:
        """Write one row.

        Raises:
            DocumentError: it does not fit the columns of the table.
        """

    def finish(self) -> None:
        """Write what is held back."""


def form_of(path: Path | str) -> tuple[str, str]:
    """Return format and compression (``gz``, ``zst`` or nothing) by the suffix of a name.

    Raises:
        ConfigError: nothing is written under such a name.
    """
    place = Path(path)
    compression = COMPRESSIONS.get(place.suffix.lower(), "")
    suffix = Path(place.stem).suffix.lower() if compression else place.suffix.lower()
    form = FORMATS.get(suffix, "")
    if form not in WRITTEN or (compression and form == "parquet"):
        known = [name for name, kind in FORMATS.items() if kind in WRITTEN]
        expected = ".jsonl, .ndjson, .csv or .tsv (each also with .gz or .zst), or .parquet"
        raise ConfigError(suffix_problem(path, suffix, known, expected))
    return form, compression


def check_rows_place(path: Path | str) -> None:
    """Refuse a name that :func:`open_rows` would refuse, before any work is done for it.

    Raises:
        ConfigError: nothing is written under such a name.
        MissingExtraError: Parquet or zstandard without their extra.
    """
    form, compression = form_of(path)
    if form == "parquet":
        require("pyarrow.parquet", extra="parquet", purpose=f"Writing {path}")
    if compression == "zst":
        require("zstandard", extra="zst", purpose=f"Writing {path}")


def write_rows(
    records: Iterable[Record],
    path: Path | str,
    config: DataConfig = DataConfig(),
    *,
    columns: Sequence[str] = (),
    schema: Any = None,
) -> int:
    """Write rows or documents as they come, and return how many; see :func:`open_rows`."""
    with open_rows(path, config, columns=columns, schema=schema) as writer:
        for record in records:
            writer.write(record)
    return writer.rows


@contextmanager
def open_rows(
    path: Path | str,
    config: DataConfig = DataConfig(),
    *,
    columns: Sequence[str] = (),
    schema: Any = None,
) -> Iterator[RowWriter]:
    """Open a file of rows that appears when the block ends well; *config* reads it back.

    A document becomes the fields ``id``, ``text`` and ``labels``, as *config* names the first and
    the last. Its text is a string where it has one field called ``text``, else an object of its
    fields, and in CSV and TSV one column for each. Where there are no labels (None) a table has an
    empty cell, which is read back as labelled with nothing.

    columns: of a table; nothing: the fields of the first row (of Parquet the first 4,096 rows).
    schema: of Parquet, from ``pyarrow``; None: what the values of those rows tell.

    Raises:
        ConfigError: nothing is written under such a name.
        MissingExtraError: Parquet or zstandard without their extra.
        DocumentError: a row does not fit the columns.
        InputError: the file cannot be written.
    """
    form, _ = form_of(path)
    check_rows_place(path)
    with ExitStack() as stack:
        stream = stack.enter_context(open_packed(path))
        writer: RowWriter
        if form != "parquet":
            stream.write(mark_for(config))
        if form == "json-lines":
            writer = _JsonLines(stream, config)
        elif form == "parquet":
            writer = stack.enter_context(_parquet_rows(stream, path, config, columns, schema))
        else:
            writer = _Table(stream, path, config, columns, quotes=form == "csv")
        yield writer
        writer.finish()


@contextmanager
def open_packed(path: Path | str) -> Iterator[IO[bytes]]:
    """Open a file that appears when the block ends well, compressed as its suffix says.

    Raises:
        InputError: the file cannot be written.
        MissingExtraError: zstandard without its extra.
    """
    compression = COMPRESSIONS.get(Path(path).suffix.lower(), "")
    with write_atomically(path, "wb") as file, _compressed(file, compression) as stream:
        yield stream


def mark_for(config: DataConfig) -> bytes:
    """Return what text begins with, which is UTF-8, so that *config* reads it back: where another
    encoding is set, the byte order mark, which says more than that.
    """
    return b"" if plain_name(config.encoding) == "utf-8" else codecs.BOM_UTF8


def label_cell(labels: Sequence[str], separator: str) -> str:
    """Return labels as one cell, from which :func:`read_label_cell` reads the same."""
    joined = separator.join(labels)
    if read_label_cell(joined, separator) == list(labels):
        return joined
    return json.dumps(list(labels), ensure_ascii=False)


def fields_of(document: Document, config: DataConfig, *, flat: bool) -> dict[str, Any]:
    """Return the fields of a document; flat: of its text a field each.

    Raises:
        DocumentError: the text has a field with the name of another.
    """
    fields: dict[str, Any] = {config.id_field: document.id}
    text: dict[str, Any] = dict(document.text)
    if not flat and text.keys() != {"text"}:
        text = {"text": text}
    clash = next((name for name in text if name in (config.id_field, config.labels_field)), None)
    if clash is not None:
        what = f"document {shown(document.id)} has a text field {clash!r}, the name of another."
        raise DocumentError(Problem(document.source, what))
    fields |= text
    if document.labels is not None:
        fields[config.labels_field] = list(document.labels)
    return fields


class _JsonLines:
    def __init__(self, stream: IO[bytes], config: DataConfig) -> None:
        self._stream, self._config = stream, config
        self.rows = self.flattened = 0

    def write(self, record: Record) -> None:
        if isinstance(record, Document):
            record = fields_of(record, self._config, flat=False)
        self._stream.write(escape_json(_encode(record)).encode() + b"\n")
        self.rows += 1

    def finish(self) -> None:
        pass


class _Table:
    """CSV or TSV."""

    def __init__(
        self,
        stream: IO[bytes],
        path: Path | str,
        config: DataConfig,
        columns: Sequence[str],
        *,
        quotes: bool,
    ) -> None:
        self._stream, self._path, self._config = stream, path, config
        self._delimiter = config.chosen_delimiter or ("," if quotes else "\t")
        self._special = re.compile(f'[{re.escape(self._delimiter)}"\r\n]') if quotes else None
        self._columns: dict[str, None] = {}
        self.rows = self.flattened = 0
        if columns:
            self._begin(columns)

    def write(self, record: Record) -> None:
        if isinstance(record, Document):
            record = {self._config.labels_field: None} | fields_of(record, self._config, flat=True)
            record[self._config.labels_field] = record.pop(self._config.labels_field)  # the last
        if not self._columns:
            self._begin(list(record))
        _check_fields(record, self._columns, self._path, self.rows)
        self._write_cells([self._cell(record.get(name)) for name in self._columns])
        self.rows += 1

    def finish(self) -> None:
        pass

    def _begin(self, columns: Sequence[str]) -> None:
        self._columns = dict.fromkeys(columns)
        self._write_cells(list(self._columns))

    def _cell(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return label_cell(value, self._config.label_separator)
        text = _encode(value)
        if text == "null":
            return ""
        return str(json.loads(text)) if text.startswith('"') else text

    def _write_cells(self, cells: Sequence[str]) -> None:
        if self._special is None:
            flat = [_BREAKS.sub(" ", cell) for cell in cells]
            self.flattened += sum(map(str.__ne__, flat, cells))
        else:
            flat = [
                '"' + cell.replace('"', '""') + '"' if self._special.search(cell) else cell
                for cell in cells
            ]
        self._stream.write(encodable(self._delimiter.join(flat) + "\n").encode())


class _Parquet:
    def __init__(
        self,
        arrow: Any,
        open_writer: Callable[[Any], Any],
        path: Path | str,
        config: DataConfig,
        columns: Sequence[str],
        schema: Any,
    ) -> None:
        self._arrow, self._open = arrow, open_writer
        self._path, self._config = path, config
        self._columns, self._schema = columns, schema
        self._waiting: list[Mapping[str, Any]] = []
        self._writer: Any = None
        self.rows = self.flattened = 0

    def write(self, record: Record) -> None:
        if isinstance(record, Document):
            record = {self._config.labels_field: None} | fields_of(record, self._config, flat=False)
        self._waiting.append(record)
        self.rows += 1
        if len(self._waiting) == _ROWS_AT_ONCE:
            self._flush()

    def finish(self) -> None:
        if self._waiting or self._writer is None:
            self._flush()

    def _flush(self) -> None:
        rows, self._waiting = self._waiting, []
        first = self.rows - len(rows)
        try:
            if self._schema is None:
                self._schema = self._find_schema(rows)
            names = frozenset(self._schema.names)
            for number, row in enumerate(rows):
                _check_fields(row, names, self._path, first + number)
            table = self._arrow.Table.from_pylist([_encodable(row) for row in rows], self._schema)
        except (self._arrow.ArrowException, OverflowError) as error:
            reason = shown(" ".join(str(error).split()).rstrip("."))[1:-1]
            what = f"rows {first + 1:,} to {self.rows:,} do not fit one table ({reason})."
            hint = "Write .jsonl, which has no types of columns."
            raise DocumentError(Problem(str(self._path), what, hint)) from None
        if self._writer is None:
            self._writer = self._open(self._schema)
        self._writer.write_table(table)

    def _find_schema(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return the types of the columns; where no value tells, of strings, or lists of them."""
        types, texts = self._arrow.types, self._arrow.string()
        fields = []
        for name in self._columns or dict.fromkeys(name for row in rows for name in row):
            kind = self._arrow.array([_encodable(row.get(name)) for row in rows]).type
            if types.is_list(kind) and types.is_null(kind.value_type):
                kind = self._arrow.list_(texts)
            elif types.is_null(kind):
                is_labels = name == self._config.labels_field
                kind = self._arrow.list_(texts) if is_labels else texts
            fields.append((name, kind))
        return self._arrow.schema(fields)


@contextmanager
def _parquet_rows(
    stream: IO[bytes], path: Path | str, config: DataConfig, columns: Sequence[str], schema: Any
) -> Iterator[RowWriter]:
    arrow = require("pyarrow", extra="parquet", purpose=f"Writing {path}")
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Writing {path}")
    with ExitStack() as stack:

        def open_writer(found: Any) -> Any:
            return stack.enter_context(parquet.ParquetWriter(stream, found))

        yield _Parquet(arrow, open_writer, path, config, columns, schema)


@contextmanager
def _compressed(file: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Compress what is written; the same bytes in give the same bytes out, on any day."""
    if compression == "gz":
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield packed  # type: ignore[misc]
    elif compression == "zst":
        zstandard = require("zstandard", extra="zst", purpose=f"Writing {file.name}")
        with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as packed:
            yield packed
    else:
        yield file


def _check_fields(
    record: Mapping[str, Any], columns: Container[str], path: Path | str, row: int
) -> None:
    extra = next((name for name in record if name not in columns), None)
    if extra is not None:
        what = f"row {row + 1:,} has the field {shown(extra)}, which is no column of the table."
        hint = "Write .jsonl, where every row has its own fields."
        raise DocumentError(Problem(str(path), what, hint))


def _encode(value: Any) -> str:
    """Return JSON; dates, decimal numbers and the like as strings, what is no number as null.

    Raises:
        DocumentError: something in it has no form in JSON.
    """
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a character, which UTF-8 cannot hold
        return msgspec.json.encode(_encodable(value)).decode()
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        what = f"a value cannot be written as JSON ({shown(str(error))[1:-1]})."
        raise DocumentError(Problem("", what)) from None


def _encodable(value: Any) -> Any:
    """Return a value without half characters in its strings."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {encodable(str(key)): _encodable(part) for key, part in value.items()}
    return [_encodable(part) for part in value] if isinstance(value, list | tuple) else value

"""Rows out of Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from harnn._optional import require
from harnn._tables import shown
from harnn.data.columns import Wanted, read_columns, settle_columns
from harnn.data.files import DocumentFile, UnreachedError, UnreadableFileError
from harnn.data.log import Rejected
from harnn.data.parquet_sizes import read_sizes
from harnn.data.rows import Row
from harnn.errors import Problem

_BATCH = 64
"""Rows at a time: their texts may all be the same long one, which takes no room in the file."""
_BUFFER = 1 << 20
"""Bytes of a column that are read at a time, where a whole row group would be."""
_MOST_ROWS_LONG = 16
"""Rows of ``data.line_limit`` bytes, to which a row group may unpack from next to
nothing: 256 MiB. A page is unpacked as a whole, and the file does not say how large pages are."""
_MOST_TIMES = 100
"""How much larger than the file a row group may be beyond that; text is up to 10 times."""

_HIGHER = "Set data.line_limit higher if that is meant."


def read_parquet(
    file: DocumentFile, wanted: Wanted, rows: range | None = None
) -> Iterator[Row | Rejected]:
    """Read Parquet batch by batch; a row's number, from 1, stands for its line.

    rows: those that are read, counted from 0; None: all.

    Raises:
        MissingExtraError: without the extra ``parquet``.
        UnreadableFileError: the file is no Parquet, is damaged, or what is read of it unpacks
            beyond all measure.
        UnreachedError: it is elsewhere, and cannot be had.
    """
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Reading {file.name}")
    arrow = require("pyarrow", extra="parquet", purpose=f"Reading {file.name}")
    limit = wanted.config.line_limit
    try:
        options = {"pre_buffer": False, "buffer_size": _BUFFER}
        with ExitStack() as stack:
            local = file.elsewhere is None
            place = file.path if local else stack.enter_context(file.open())
            table = stack.enter_context(parquet.ParquetFile(place, **options))
            own = list(table.schema_arrow.names)
            inside = _names_inside_text(table.schema_arrow, arrow)
            meant, problems = settle_columns(own, file.name, wanted, inside=inside)
            if problems:
                yield Rejected(tuple(problems), whole_file=True)
                return
            named = dict(zip(own, meant, strict=True))
            schema = table.schema_arrow.empty_table().rename_columns(meant).schema
            needed = set(_needed_columns(schema, wanted, arrow))
            columns = [name for name in own if named[name] in needed]
            _refuse_bombs(file, table.metadata, columns, _MOST_ROWS_LONG * limit)
            groups, line, rows = _groups_of(table.metadata, rows)
            for batch in table.iter_batches(_BATCH, row_groups=groups, columns=columns):
                batch, line = _cut(batch, line, rows)
                for content in _read_rows(batch):
                    line += 1
                    content = {named[name]: value for name, value in content.items()}
                    yield _check(file, line, content, limit)
                if line >= rows.stop:
                    return
    except UnreachedError:
        raise
    except (arrow.ArrowException, OSError, MemoryError, ValueError, OverflowError) as error:
        reason = shown(" ".join(str(error).split()).rstrip("."))[1:-1]
        raise UnreadableFileError(f"is damaged or not a Parquet file ({reason}).") from None


def _groups_of(metadata: Any, rows: range | None) -> tuple[list[int], int, range]:
    """Return the groups of rows that hold *rows*, how many rows are before them, and the rows."""
    rows = range(metadata.num_rows) if rows is None else rows
    groups: list[int] = []
    before = end = 0
    for number in range(metadata.num_row_groups):
        start, end = end, end + metadata.row_group(number).num_rows
        if start < rows.stop and end > rows.start:
            before = before if groups else start
            groups.append(number)
    return groups, before, rows


def _cut(batch: Any, line: int, rows: range) -> tuple[Any, int]:
    """Return what of a batch is among *rows*, and how many rows are before that.

    line: rows before the batch.
    """
    start = min(max(line, rows.start), line + len(batch))
    stop = max(start, min(line + len(batch), rows.stop))
    cut = batch.slice(start - line, stop - start)
    return cut, start


def _refuse_bombs(file: DocumentFile, metadata: Any, columns: Sequence[str], most: int) -> None:
    """Refuse rows that a small file unpacks to more than *most* bytes, as the file itself says.

    The sizes of the columns that are read are asked for only where all together are too large.

    Raises:
        UnreadableFileError: there are some.
    """
    packed = file.size()
    groups = range(metadata.num_row_groups)
    sizes = [metadata.row_group(group).total_byte_size for group in groups]
    most_here = max(most, _MOST_TIMES * packed)
    if max(sizes, default=0) > most_here and file.elsewhere is None:
        sizes = read_sizes(file.path, columns) or sizes
    size = max(sizes, default=0)
    if size > most_here:
        what = (
            f"unpacks from {packed:,} to {size:,} bytes in one group of rows, expected at most "
            f"{most:,} or {_MOST_TIMES} times as many."
        )
        raise UnreadableFileError(what, _HIGHER)


def _read_rows(batch: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows; what Python cannot hold is an exception in the place of its value."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except (ValueError, OverflowError):
        names = batch.schema.names
        columns = [batch.column(number) for number in range(len(names))]
        for row in range(batch.num_rows):
            pairs = zip(names, columns, strict=True)
            yield {name: _read_value(column[row]) for name, column in pairs}
    else:
        yield from rows


def _read_value(cell: Any) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError) as error:
        return error


def _check(file: DocumentFile, line: int, content: dict[str, Any], limit: int) -> Row | Rejected:
    """Return the row, or what is wrong with its values; texts stored as bytes are texts."""
    problems: list[Problem] = []
    for name, value in content.items():
        what = hint = ""
        if isinstance(value, bytes):
            try:
                content[name] = value = value.decode("utf-8")
            except UnicodeDecodeError as error:
                value = error
        if isinstance(value, UnicodeDecodeError):
            what = f"{name!r} is not UTF-8 (byte {value.start + 1})."
        elif isinstance(value, Exception):
            what = f"{name!r} holds what is no string and no whole number ({shown(str(value))})."
        elif isinstance(value, str) and len(value) > limit:
            what = f"{name!r} has more than {limit:,} characters."
            hint = _HIGHER
        if what:
            problems.append(Problem(file.at(line), what, hint))
    return Rejected(tuple(problems)) if problems else Row(line, content)


def _names_inside_text(schema: Any, arrow: Any) -> list[str]:
    """Return the fields of ``text`` where it is an object."""
    is_object = schema.names.count("text") == 1
    is_object = is_object and arrow.types.is_struct(schema.field("text").type)
    return [part.name for part in schema.field("text").type] if is_object else []


def _needed_columns(schema: Any, wanted: Wanted, arrow: Any) -> list[str]:
    """Return the columns that are read, with the levels of index records."""
    read = read_columns(wanted)
    if wanted.labelled is False:
        return [name for name in schema.names if name in read]

    def holds_indices(column: Any) -> bool:
        types = arrow.types
        is_list = types.is_list(column.type) or types.is_large_list(column.type)
        return is_list and bool(types.is_integer(column.type.value_type))

    labels = wanted.config.labels_field
    indexed = labels in schema.names and holds_indices(schema.field(labels))
    return [
        column.name
        for column in schema
        if column.name in read or (indexed and holds_indices(column))
    ]

"""Rows out of tables: CSV, TSV and Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from harnn._optional import require
from harnn.config import DataConfig
from harnn.data.files import DocumentFile, UnreadableFileError, number_lines
from harnn.data.log import Rejected
from harnn.data.rows import Row, describe_bad_byte, find_bad_byte, reject
from harnn.errors import Problem, suggest

CELL_LIMIT = 1 << 24
"""Characters of one cell; an unclosed quotation mark would else swallow the rest of the file."""

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_BATCH = 1024


def find_missing_columns(
    columns: Sequence[str], config: DataConfig, *, labelled: bool | None
) -> list[tuple[str, str]]:
    """Return what is wrong with a table's columns, each with a hint."""
    wanted = list(config.text_fields)
    if config.id_field != DataConfig.id_field:
        wanted.append(config.id_field)
    if labelled:
        wanted.append(config.labels_field)
    expected = "found " + (", ".join(repr(column) for column in columns) or "none") + "."
    problems = [
        (f"has no column {name!r}, {expected}", suggest(name, columns))
        for name in wanted
        if name not in columns
    ]
    if not config.text_fields and not {"text", "title", "abstract"} & set(columns):
        what = f"has no column 'text' (or 'title' and 'abstract'), {expected}"
        hint = suggest("text", columns) or "Name the columns of the text in data.text_fields."
        problems.append((what, hint))
    for name in dict.fromkeys(columns):
        if list(columns).count(name) > 1:
            problems.append((f"has two columns {name!r}.", ""))
    return problems


def read_delimited(
    file: DocumentFile, stream: BinaryIO, config: DataConfig, *, labelled: bool | None
) -> Iterator[Row | Rejected]:
    """Read CSV or TSV; the first row names the columns."""
    bad_bytes: dict[int, int] = {}
    table = _read_cells(file, stream, bad_bytes)
    header: list[str] | None = None
    for line, cells in table:
        if isinstance(cells, str):
            bad_bytes.clear()
            yield reject(file, line, cells)
        elif not any(cells):
            continue
        elif bad_bytes:
            number, position = bad_bytes.popitem()
            bad_bytes.clear()
            yield reject(file, number, describe_bad_byte(position))
        elif header is None:
            header = [name.strip() for name in cells]
            problems = find_missing_columns(header, config, labelled=labelled)
            if problems:
                where = file.at(line)
                found = tuple(Problem(where, f"the table {what}", hint) for what, hint in problems)
                yield Rejected(found, whole_file=True)
                return
        elif len(cells) != len(header):
            names = ", ".join(header)
            what = f"has {len(cells)} cells, expected {len(header)} ({names})."
            yield reject(file, line, what)
        else:
            yield Row(line, dict(zip(header, cells, strict=True)))


def _read_cells(
    file: DocumentFile, stream: BinaryIO, bad_bytes: dict[int, int]
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the first line of each row with its cells, or with what is wrong with it."""
    reader = csv.reader(
        _decode_lines(stream, bad_bytes), delimiter=_DELIMITERS[file.format], strict=True
    )
    while True:
        line = reader.line_num + 1
        # The limit belongs to the whole process, so it is lent for one row only.
        previous = csv.field_size_limit(CELL_LIMIT)
        try:
            cells: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = f"is not a valid row of {file.format.upper()} ({error})."
        finally:
            csv.field_size_limit(previous)
        yield line, cells


def _decode_lines(stream: BinaryIO, bad_bytes: dict[int, int]) -> Iterator[str]:
    for number, line in number_lines(stream):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            bad_bytes[number] = find_bad_byte(line) or 1
            text = line.decode("utf-8", "replace")
        yield text


def read_parquet(
    file: DocumentFile, config: DataConfig, *, labelled: bool | None
) -> Iterator[Row | Rejected]:
    """Read Parquet batch by batch; a row's number stands for its line.

    Raises:
        MissingExtraError: without the extra ``parquet``.
        UnreadableFileError: the file is no Parquet or is damaged.
    """
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Reading {file.name}")
    arrow = require("pyarrow", extra="parquet", purpose=f"Reading {file.name}")
    try:
        with parquet.ParquetFile(file.path) as table:
            names = _column_names(table.schema_arrow, arrow)
            problems = find_missing_columns(names, config, labelled=labelled)
            if problems:
                found = tuple(
                    Problem(file.name, f"the table {what}", hint) for what, hint in problems
                )
                yield Rejected(found, whole_file=True)
                return
            columns = _needed_columns(table.schema_arrow, config, arrow)
            start = 1
            for batch in table.iter_batches(batch_size=_BATCH, columns=columns):
                for line, content in enumerate(batch.to_pylist(), start=start):
                    yield Row(line, content)
                start += batch.num_rows
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise UnreadableFileError(f"is damaged or not a Parquet file ({reason}).") from None


def _column_names(schema: Any, arrow: Any) -> list[str]:
    """Return the columns, and the fields of ``text`` where it is an object."""
    names: list[str] = list(schema.names)
    if "text" in names and arrow.types.is_struct(schema.field("text").type):
        names += [part.name for part in schema.field("text").type if part.name not in names]
    return names


def _needed_columns(schema: Any, config: DataConfig, arrow: Any) -> list[str]:
    """Return the columns a document is made of, with the levels of index records."""
    text_fields = config.text_fields or ("text", "title", "abstract")
    wanted = {config.id_field, config.labels_field, "text", *text_fields}

    def holds_indices(column: Any) -> bool:
        types = arrow.types
        is_list = types.is_list(column.type) or types.is_large_list(column.type)
        return is_list and bool(types.is_integer(column.type.value_type))

    labels = config.labels_field
    indexed = labels in schema.names and holds_indices(schema.field(labels))
    return [
        column.name
        for column in schema
        if column.name in wanted or (indexed and holds_indices(column))
    ]

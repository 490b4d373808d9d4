"""Read documents from files, one by one."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from harnn._delimited import Line
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.files import (
    DocumentFile,
    Location,
    UnreadableFileError,
    find_file,
    open_bytes,
)
from harnn.data.json_rows import read_json, read_json_lines
from harnn.data.label_checker import LabelChecker
from harnn.data.label_fixes import TABLE, LabelFixes
from harnn.data.lines import Lines
from harnn.data.log import ReadingLog, Rejected, settle
from harnn.data.memory_rows import (
    MemoryTable,
    Table,
    are_records,
    gather_records,
    is_table,
    read_dataset,
    read_memory,
    refuse_column,
)
from harnn.data.parquet_rows import read_parquet
from harnn.data.rows import PlacedRow, Row, read_text_rows
from harnn.data.sheet_rows import read_sheet_rows
from harnn.data.table_rows import read_delimited
from harnn.data.text_directories import read_directory
from harnn.errors import Problem, cannot_read
from harnn.taxonomy import Taxonomy

AnyRow = TypeVar("AnyRow", bound=Row | PlacedRow)
Sources: TypeAlias = (
    Location | Table | MemoryTable | Iterable[Location | Table | MemoryTable | Mapping[str, Any]]
)
"""Files and directories by path, tables in memory, and dictionaries such as objects of JSON."""
_BY_COLUMN = {"parquet": read_parquet, "dataset": read_dataset}
"""What is stored by columns, of which those that are wanted are read."""
_ARRAY_BEGINS = re.compile(rb"\s*\[\s*(\{|$)")


def read_documents(
    paths: Sources,
    config: DataConfig = DataConfig(),
    *,
    log: ReadingLog | None = None,
    labelled: bool | None = None,
) -> Iterator[Document]:
    """Read documents lazily from JSON lines, JSON, CSV, TSV, Parquet, spreadsheets, text files,
    directories or ``-``, or from tables in memory (pandas, Polars, Arrow, Hugging Face) and lists
    of dictionaries.

    ``labelled``: True demands labels, False ignores them, None takes them where they are.
    ``log`` is filled while the documents are read. Good documents are handed out even where
    others are bad.

    Raises:
        DocumentError: at the end of the pass; under ``on_error="skip"`` only for files that
            cannot be read to their end.
        ConfigError: settings out of range.
        MissingExtraError: Parquet, spreadsheets or zstandard files without their extra.
    """
    log = ReadingLog() if log is None else log
    builder = DocumentBuilder(config, labelled=labelled, log=log)
    return settle(stream_documents(paths, builder), config.on_error, log)


def read_labelled(
    paths: Sources,
    config: DataConfig,
    taxonomy: Taxonomy,
    log: ReadingLog | None = None,
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Read documents with the columns of their labels, ascending and closed upward.

    Raises:
        DocumentError: see :func:`read_documents`; labels must be in *taxonomy*.
    """
    log = ReadingLog() if log is None else log
    builder = DocumentBuilder(config, labelled=True, log=log)
    return label_documents(stream_documents(paths, builder), config, taxonomy, log)


def label_documents(
    documents: Iterable[Document | Rejected],
    config: DataConfig,
    taxonomy: Taxonomy,
    log: ReadingLog | None = None,
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Do for documents at hand what :func:`read_labelled` does for those in files.

    Raises:
        DocumentError: labels that are missing or not in *taxonomy*, as ``on_error`` says.
    """
    checker = LabelChecker(taxonomy, config.labels_by)
    fixes = find_fixes(config, checker)
    log = ReadingLog() if log is None else log
    resolved = (
        item if isinstance(item, Rejected) else resolve_labels(item, checker, config, log, fixes)
        for item in documents
    )
    return _tell_of_none(settle(resolved, config.on_error, log), log)


def _tell_of_none(
    labelled: Iterator[tuple[Document, NDArray[np.int32]]], log: ReadingLog
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Hand on documents, and warn in the end where none of them has a label."""
    empty = some = False
    for document, columns in labelled:
        empty, some = True, some or len(columns) > 0
        yield document, columns
    if empty and not some:
        log.warn(Problem("", "no document has labels."))


def find_fixes(config: DataConfig, checker: LabelChecker | None) -> LabelFixes | None:
    """Read the table of ``data.fixes``, if there is one, and hold it to a taxonomy.

    Raises:
        DocumentError: it cannot be read, or a suggestion is no single label of the taxonomy.
    """
    if not config.fixes:
        return None
    fixes = LabelFixes.from_rows(stream_rows(config.fixes, DocumentBuilder(TABLE, labelled=False)))
    return fixes if checker is None else fixes.resolve(checker)


def resolve_labels(
    document: Document,
    checker: LabelChecker,
    config: DataConfig,
    log: ReadingLog,
    fixes: LabelFixes | None = None,
) -> tuple[Document, NDArray[np.int32]] | Rejected:
    """Return a document with its label columns, closed upward, or what is wrong with its labels."""
    if fixes is not None:
        document = fixes.apply(document, log)
    if document.labels is None:
        what = f"document {shown(document.id)} has no labels."
        return Rejected((Problem(document.source, what),))
    document = checker.resolve(document, log)
    problems = checker.check(document)
    if problems and config.on_error != "drop-labels":
        return Rejected(tuple(problems))
    if problems:
        document = checker.drop_unknown(document, log)
    return document, checker.close(document)


def list_sources(given: Sources) -> list[Location | MemoryTable]:
    """Return files and tables as a list; tables have a name for messages.

    Raises:
        TypeError: something else is among them.
    """
    refuse_column(given)
    one = isinstance(given, str | os.PathLike | MemoryTable) or is_table(given)
    items: list[Any] = [given] if one else list(cast(Iterable[Any], given))
    if are_records(items):
        return [gather_records(items)]
    count = sum(map(is_table, items))
    sources: list[Location | MemoryTable] = []
    for item in items:
        if is_table(item):
            number = sum(isinstance(source, MemoryTable) for source in sources) + 1
            named = MemoryTable(item, f"table {number}", f"table-{number}")
            sources.append(MemoryTable(item) if count == 1 else named)
        elif isinstance(item, str | os.PathLike | MemoryTable):
            sources.append(item)
        else:
            raise TypeError(f"Expected paths or tables, got {type(item)}.")
    return sources


def stream_documents(paths: Sources, builder: DocumentBuilder) -> Iterator[Document | Rejected]:
    """Yield good documents and bad records of all files, in order."""
    for item in stream_rows(paths, builder):
        yield item if isinstance(item, Rejected) else builder.build(item.file, item.row)
    late = builder.layout.take_late_problems()
    if late:
        yield Rejected(tuple(late), whole_file=True)


def stream_rows(paths: Sources, builder: DocumentBuilder) -> Iterator[PlacedRow | Rejected]:
    """Yield good rows and bad records of all files, in order."""
    for source in list_sources(paths):
        file = source if isinstance(source, MemoryTable) else find_file(source)
        if isinstance(file, Problem):
            yield Rejected((file,), whole_file=True)
            continue
        for number, item in enumerate(guard_rows(file, _open_rows(file, builder))):
            yield PlacedRow(file, number, item) if isinstance(item, Row) else item


def guard_rows(
    file: DocumentFile | MemoryTable,
    rows: Iterable[AnyRow | Rejected],
    *,
    may_be_empty: bool = False,
) -> Iterator[AnyRow | Rejected]:
    """Yield the rows of one file; whatever ends the reading early becomes a problem.

    may_be_empty: whether a file without rows is none.
    """
    line = 0
    what, hint = "", ""
    where = file.name
    empty = True
    try:
        for item in rows:
            empty = False
            line = item.line if isinstance(item, Row) else line
            yield item
    except UnreadableFileError as error:
        what, hint = error.what, error.hint
        where = file.name if error.line is None else file.at(error.line)
    except gzip.BadGzipFile:
        what = "is not gzip data." if empty else f"is damaged after line {line} (bad gzip data)."
    except zlib.error:
        what = f"is damaged after line {line} (bad gzip data)."
    except EOFError:
        what = f"is truncated: the compressed data breaks off after line {line}."
    except OSError as error:
        what = cannot_read(file.name, error).what
    if what:
        yield Rejected((Problem(where, what, hint),), whole_file=True)
    elif empty and not may_be_empty:
        yield Rejected((Problem(file.name, "holds no documents."),), whole_file=True)


def _open_rows(
    file: DocumentFile | MemoryTable, builder: DocumentBuilder
) -> Iterator[PlacedRow | Row | Rejected]:
    if isinstance(file, MemoryTable):
        yield from read_memory(file, builder.wanted)
    elif file.format == "texts":
        yield from read_directory(file, builder)
    elif file.format == "spreadsheet":
        yield from read_sheet_rows(file, builder.wanted)
    elif file.format in _BY_COLUMN:
        yield from _BY_COLUMN[file.format](file, builder.wanted)
    else:
        yield from _open_lines(file, builder)


def _open_lines(file: DocumentFile, builder: DocumentBuilder) -> Iterator[Row | Rejected]:
    config, labelled = builder.config, builder.labelled
    with open_bytes(file) as stream:
        lines = Lines(file, stream, config, builder.log)
        if file.format in ("csv", "tsv"):
            yield from read_delimited(file, lines, builder.wanted)
        elif file.format == "json":
            yield from read_json(file, lines, config.line_limit)
        elif file.format == "json-lines":
            yield from read_json_lines(file, lines)
        elif file.format == "text":
            yield from _read_text(file, lines, labelled=labelled)
        else:
            yield from _read_standard_input(file, lines, labelled=labelled)


def _read_standard_input(
    file: DocumentFile, lines: Lines, *, labelled: bool | None
) -> Iterator[Row | Rejected]:
    """Read JSON lines where the first character is a brace, else one plain text a line."""
    for line in lines:
        if line.data.isspace():
            continue
        if _ARRAY_BEGINS.match(line.data):
            raise UnreadableFileError(
                "looks like a JSON array, expected JSON lines or plain text.",
                "Give it as a file with the extension .json.",
            )
        rest = chain([line], lines)
        if line.data.lstrip().startswith(b"{"):
            yield from read_json_lines(file, rest)
        else:
            yield from _read_text(file, rest, labelled=labelled)


def _read_text(
    file: DocumentFile, lines: Iterable[Line], *, labelled: bool | None
) -> Iterator[Row | Rejected]:
    if labelled:
        raise UnreadableFileError(
            "is plain text, which has no labels, expected JSON lines, CSV, TSV or Parquet."
        )
    yield from read_text_rows(file, lines)

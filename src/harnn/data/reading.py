"""Read documents from files, one by one."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.files import (
    DocumentFile,
    Location,
    UnreadableFileError,
    find_file,
    list_locations,
    open_bytes,
)
from harnn.data.json_rows import read_json, read_json_lines
from harnn.data.label_checker import LabelChecker
from harnn.data.lines import Line, Lines
from harnn.data.log import ReadingLog, Rejected, settle
from harnn.data.parquet_rows import read_parquet
from harnn.data.rows import Row, read_text_rows
from harnn.data.table_rows import read_delimited
from harnn.errors import Problem
from harnn.taxonomy import Taxonomy

_ARRAY_BEGINS = re.compile(rb"\s*\[\s*(\{|$)")


def read_documents(
    paths: Location | Iterable[Location],
    config: DataConfig = DataConfig(),
    *,
    log: ReadingLog | None = None,
    labelled: bool | None = None,
) -> Iterator[Document]:
    """Read documents lazily from JSON lines, JSON, CSV, TSV, Parquet, text files or ``-``.

    ``labelled``: True demands labels, False ignores them, None takes them where they are.
    ``log`` is filled while the documents are read. Good documents are handed out even where
    others are bad.

    Raises:
        DocumentError: at the end of the pass; under ``on_error="skip"`` only for files that
            cannot be read to their end.
        ConfigError: settings out of range.
        MissingExtraError: Parquet or zstandard files without their extra.
    """
    log = ReadingLog() if log is None else log
    builder = DocumentBuilder(config, labelled=labelled, log=log)
    return settle(stream_documents(paths, builder), config.on_error, log)


def read_labelled(
    paths: Location | Iterable[Location],
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
    checker = LabelChecker(taxonomy)
    log = ReadingLog() if log is None else log
    resolved = (
        item if isinstance(item, Rejected) else _resolve(item, checker, config, log)
        for item in documents
    )
    return settle(resolved, config.on_error, log)


def _resolve(
    document: Document, checker: LabelChecker, config: DataConfig, log: ReadingLog
) -> tuple[Document, NDArray[np.int32]] | Rejected:
    if document.labels is None:
        what = f"document {shown(document.id)} has no labels."
        return Rejected((Problem(document.source, what),))
    problems = checker.check(document)
    if problems and config.on_error != "drop-labels":
        return Rejected(tuple(problems))
    if problems:
        document = checker.drop_unknown(document, log)
    return document, checker.close(document)


def stream_documents(
    paths: Location | Iterable[Location], builder: DocumentBuilder
) -> Iterator[Document | Rejected]:
    """Yield good documents and bad records of all files, in order."""
    for location in list_locations(paths):
        file = find_file(location)
        if isinstance(file, Problem):
            yield Rejected((file,), whole_file=True)
            continue
        for item in guard_rows(file, _open_rows(file, builder)):
            yield builder.build(file, item) if isinstance(item, Row) else item
    late = builder.layout.take_late_problems()
    if late:
        yield Rejected(tuple(late), whole_file=True)


def guard_rows(file: DocumentFile, rows: Iterable[Row | Rejected]) -> Iterator[Row | Rejected]:
    """Yield the rows of one file; whatever ends the reading early becomes a problem."""
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
        what = f"cannot be read: {error.strerror or error}."
    if what:
        yield Rejected((Problem(where, what, hint),), whole_file=True)
    elif empty:
        yield Rejected((Problem(file.name, "holds no documents."),), whole_file=True)


def _open_rows(file: DocumentFile, builder: DocumentBuilder) -> Iterator[Row | Rejected]:
    config, labelled = builder.config, builder.labelled
    if file.format == "parquet":
        yield from read_parquet(file, config, labelled=labelled, log=builder.log)
        return
    with open_bytes(file) as stream:
        lines = Lines(file, stream, config)
        if file.format in ("csv", "tsv"):
            yield from read_delimited(file, lines, config, labelled=labelled, log=builder.log)
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

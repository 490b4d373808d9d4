"""Files of other programs, row by row, with what every file of documents is checked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harnn._delimited import decode_line, read_csv
from harnn._tables import shown
from harnn.converters.parts import Documents, Input
from harnn.data import Document
from harnn.data.files import DocumentFile, Format, find_file, open_bytes
from harnn.data.json_rows import name_type, read_json
from harnn.data.labels import Fault
from harnn.data.lines import Lines
from harnn.data.log import Rejected
from harnn.data.reading import guard_rows
from harnn.data.rows import Row, reject
from harnn.data.short_texts import read_short_texts
from harnn.errors import Problem

RowsOf = Callable[[DocumentFile, Lines], Iterator[Row | Rejected]]
Build = Callable[[Mapping[str, Any], list[Fault]], Document]
"""Makes a document of what a row holds, without place and perhaps without id; adds faults."""


def read_json_documents(source: Input, build: Build) -> Documents:
    """Read JSON lines, or one JSON array, whatever the extension is."""
    limit = source.config.line_limit
    return _read(source, "json", lambda file, lines: read_json(file, lines, limit), build)


def read_line_documents(source: Input, build: Callable[[str, list[Fault]], Document]) -> Documents:
    """Read one document a line; blank lines are left out."""
    return _read(source, "text", _line_rows, lambda content, faults: build(content["line"], faults))


def read_short_text_documents(source: Input, build: Build) -> Documents:
    """Read the short texts of Annif; see :func:`harnn.data.short_texts.read_short_texts`."""
    config = source.config
    return _read(source, "tsv", lambda file, lines: read_short_texts(file, lines, config), build)


def read_csv_documents(
    source: Input, build: Callable[[list[str], list[Fault]], Document]
) -> Documents:
    """Read CSV without a header."""
    config = source.config

    def rows(file: DocumentFile, lines: Lines) -> Iterator[Row | Rejected]:
        for record in read_csv(lines, config.chosen_delimiter or ",", config.line_limit):
            if record.what:
                yield reject(file, record.line, record.what, record.hint)
            elif any(record.cells):
                yield Row(record.line, {"cells": record.cells})

    return _read(source, "csv", rows, lambda content, faults: build(content["cells"], faults))


def read_named_csv_documents(
    source: Input,
    needed: Sequence[str],
    build: Callable[[Mapping[str, str], list[Fault]], Document],
) -> Documents:
    """Read CSV with a header that has the *needed* columns."""
    config = source.config

    def rows(file: DocumentFile, lines: Lines) -> Iterator[Row | Rejected]:
        records = read_csv(lines, config.chosen_delimiter or ",", config.line_limit)
        header = next(records, None)
        if header is None:
            return
        names = [name.strip() for name in header.cells]
        missing = [name for name in needed if name not in names]
        twice = [name for name, count in Counter(names).items() if count > 1]
        what = f"the header has two columns {shown(twice[0])}." if twice else ""
        what = f"the header has no column {shown(missing[0])}." if missing else what
        if what or header.what:
            problem = Problem(file.at(header.line), header.what or what, header.hint)
            yield Rejected((problem,), whole_file=True)
            return
        for record in records:
            if record.what or (any(record.cells) and len(record.cells) != len(names)):
                what = f"has {len(record.cells):,} cells, expected {len(names):,}."
                yield reject(file, record.line, record.what or what, record.hint)
            elif any(record.cells):
                yield Row(record.line, dict(zip(names, record.cells, strict=True)))

    return _read(source, "csv", rows, build)


def strings_of(
    content: Mapping[str, Any], name: str, faults: list[Fault]
) -> tuple[str, ...] | None:
    """Return a list of strings; None where there is none."""
    value = content.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        faults.append((f"{name!r} is {name_type(value)}, expected a list of strings.", ""))
        return None
    bad = [item for item in value if not isinstance(item, str)]
    if bad:
        faults.append((f"{name!r} holds {name_type(bad[0])}, expected strings.", ""))
        return None
    return tuple(value)


def _line_rows(file: DocumentFile, lines: Lines) -> Iterator[Row | Rejected]:
    for line in lines:
        text, what, hint = decode_line(line)
        text = text.removesuffix("\n").removesuffix("\r")
        if what:
            yield reject(file, line.number, what, hint)
        elif text.strip():
            yield Row(line.number, {"line": text})


def _read(source: Input, form: Format, rows_of: RowsOf, build: Build) -> Documents:
    for location in source.paths:
        file = find_file(location, form)
        if isinstance(file, Problem):
            yield Rejected((file,), whole_file=True)
            continue
        for item in guard_rows(file, _open(file, source, rows_of)):
            yield _document(file, item, build) if isinstance(item, Row) else item


def _open(file: DocumentFile, source: Input, rows_of: RowsOf) -> Iterator[Row | Rejected]:
    with open_bytes(file) as stream:
        yield from rows_of(file, Lines(file, stream, source.config, source.log))


def _document(file: DocumentFile, row: Row, build: Build) -> Document | Rejected:
    faults: list[Fault] = []
    where = file.at(row.line)
    document = build(row.content, faults)
    if faults:
        return Rejected(tuple(Problem(where, what, hint) for what, hint in faults))
    name = document.id or f"{file.short_name}:{row.line}"
    return Document(name, document.text, document.labels, where)

"""Our own documents, in any format that ``harnn`` reads; the suffix says what is written."""

from __future__ import annotations

from pathlib import Path

from harnn.converters.parts import Input, Output, Reading
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.data import Document, open_rows
from harnn.data.fields import DocumentBuilder
from harnn.data.reading import stream_documents
from harnn.data.writing import check_rows_place, form_of


def check(path: Path) -> None:
    """Refuse a suffix that is not written."""
    check_rows_place(path)


def read(source: Input) -> Reading:
    """Read documents."""
    builder = DocumentBuilder(source.config, log=source.log)
    return Reading(stream_documents(source.paths, builder), read_own_taxonomy(source))


def write(target: Output) -> None:
    """Write documents under the names of fields that harnn reads without settings."""
    is_table = form_of(target.path)[0] in ("csv", "tsv")
    writer = target.enter(open_rows(target.path))
    for document in target.encoded(_same):
        if is_table and document.labels is None:
            what = "no labels become an empty list of labels"
            target.notes.add(what, document.id)
        writer.write(document)
    target.notes.add(
        "tabs and line breaks in cells become blanks", unit="cell", count=writer.flattened
    )


def _same(document: Document) -> Document:
    return document

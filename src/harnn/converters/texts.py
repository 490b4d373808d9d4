"""Documents in formats that know one text and no ids."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from harnn._tables import shown
from harnn.converters.notes import Notes
from harnn.data import Document
from harnn.data.log import Rejected
from harnn.errors import Problem

BREAKS = re.compile(r"[\t\n\r\v\f\0\x1c-\x1e\x85\u2028\u2029]+")
"""What ends lines or cells in one program or another."""


def one_text(document: Document, notes: Notes, *, breaks: bool = True) -> str:
    """Return the fields of a document as one text; breaks: whether it may have line breaks."""
    text = document.full_text
    if document.text.keys() != {"text"}:
        what = "the fields of the text are joined, and their names are lost"
        notes.add(what, document.id)
    if not breaks and BREAKS.search(text):
        notes.add("tabs and line breaks in texts become blanks", document.id)
        text = BREAKS.sub(" ", text)
    return text


def csv_line(cells: Iterable[str]) -> str:
    """Return a row of CSV without the end of its line; cells with line breaks are quoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)  # so that both marks are quoted
    return line.getvalue().removesuffix("\r\n")


def note_lost_id(document: Document, notes: Notes) -> None:
    """Note an id that is not written; one made of file and line is none."""
    name, _, line = document.source.rpartition(":")
    if document.id != f"{name.rpartition('/')[2]}:{line}":
        notes.add("ids are lost", document.id)


def note_no_labels(document: Document, notes: Notes) -> None:
    """Note where nobody can tell a document without labels from one that has none given."""
    if document.labels == ():
        notes.add("an empty list of labels becomes a document without labels", document.id)


def refused(document: Document, what: str, hint: str = "") -> Rejected:
    """Return a document that cannot be written."""
    return Rejected((Problem(document.source or shown(document.id), what, hint),))


def refused_as_empty(document: Document) -> Rejected:
    """Return a document of which nothing would be written, so that nobody would read it."""
    return refused(document, "has neither labels nor text, which would be an empty line.")


def refused_labels(document: Document, labels: Iterable[str], why: str, hint: str) -> Rejected:
    """Return a document with labels that cannot be written."""
    where = document.source or shown(document.id)
    return Rejected(tuple(Problem(where, f"label {shown(each)} {why}", hint) for each in labels))

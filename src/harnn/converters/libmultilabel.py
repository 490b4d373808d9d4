"""The text format of LibMultiLabel.

A line has three columns, separated by tabs: an id, labels separated by blanks, and the text; the
first may be missing from all lines. Nothing quotes. Source:
https://www.csie.ntu.edu.tw/~cjlin/libmultilabel/cli/ov_data_format.html and
``libmultilabel/linear/data_utils.py`` of https://github.com/ntumlgroup/LibMultiLabel.
"""

from __future__ import annotations

from collections.abc import Mapping

from harnn._tables import shown
from harnn.converters.label_numbers import read_map
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.rows import read_line_documents
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import BREAKS, note_no_labels, one_text, refused
from harnn.converters.word_labels import WordLabels
from harnn.data import Document
from harnn.data.labels import Fault
from harnn.data.log import Rejected


def read(source: Input) -> Reading:
    """Read lines of two or three columns."""
    return Reading(_documents(source), read_own_taxonomy(source))


def _documents(source: Input) -> Documents:
    for path in source.paths:
        yield from read_line_documents(source.of(path), _Lines(read_map(path)).document)


class _Lines:
    """The lines of one file, which all have as many columns as the first."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._columns = 0

    def document(self, line: str, faults: list[Fault]) -> Document:
        cells = line.split("\t")
        expected = "two (labels and text) or three (id, labels and text)"
        if self._columns:
            expected = f"{self._columns} as in the lines before it"
        if len(cells) not in ((self._columns,) if self._columns else (2, 3)):
            found = "1 column" if len(cells) == 1 else f"{len(cells):,} columns"
            faults.append((f"has {found}, expected {expected}, separated by tabs.", ""))
            return Document("", {})
        self._columns = len(cells)
        name = cells[0] if len(cells) == 3 else ""
        labels = tuple(self._known.get(word, word) for word in cells[-2].split())
        return Document(name, {"text": cells[-1]}, labels or None)


def write(target: Output) -> None:
    """Write a line a document: id, labels, text."""
    names = WordLabels(target)

    def line(document: Document) -> str | Rejected:
        words = names.words(document)
        if isinstance(words, Rejected):
            return words
        if BREAKS.search(document.id) or not document.id.strip():
            what = f"the id {shown(document.id)} is empty or has a tab or a line break in it."
            return refused(document, what)
        note_no_labels(document, target.notes)
        text = one_text(document, target.notes, breaks=False)
        return f"{document.id}\t{' '.join(words)}\t{text}"

    target.write_lines(target.encoded(line))
    names.finish()

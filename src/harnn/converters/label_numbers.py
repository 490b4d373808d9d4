"""Numbers or other words for labels, and the file beside the documents that says which is which."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harnn._display import encodable
from harnn._places import kind_of
from harnn.converters.parts import Output, beside
from harnn.converters.texts import refused_labels
from harnn.data import Document
from harnn.data.files import STANDARD_INPUT
from harnn.data.log import Rejected
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.text_files import read_text

ENDING = ".label-map.tsv"
_BREAK = re.compile("[\t\r\n]")
_HEADER = ("written", "label")


class LabelNumbers:
    """Numbers labels from 0: as the taxonomy does, or in order of first appearance."""

    def __init__(self, taxonomy: Taxonomy | None) -> None:
        self._numbers = dict(taxonomy.index) if taxonomy is not None else {}

    def number(self, label: str) -> int:
        """Return the number of a label."""
        return self._numbers.setdefault(label, len(self._numbers))

    @property
    def labels(self) -> list[str]:
        """All labels, by number."""
        return list(self._numbers)


def write_map(target: Output, written: Iterable[Sequence[str]]) -> None:
    """Write beside the documents what stands there for each label: (written, label)."""
    file = target.open(beside(target.path, ENDING))
    for row in (_HEADER, *written):
        file.write(encodable("\t".join(row)) + "\n")


def unmappable(document: Document) -> Rejected | None:
    """Return a document with labels that no map can hold, or None."""
    bad = [label for label in document.labels or () if _BREAK.search(label)]
    why = "has a tab or a line break in it, which the map of labels cannot hold."
    return refused_labels(document, bad, why, "") if bad else None


def read_map(path: Path) -> Mapping[str, str]:
    """Return the labels by what is written for them; empty where no such file is beside *path*.

    Raises:
        DocumentError: it is not one of those.
        TaxonomyError: it cannot be read, or is not UTF-8.
    """
    place = beside(path, ENDING) if str(path) != STANDARD_INPUT else path
    if kind_of(place) != stat.S_IFREG:
        return {}
    head, *lines = read_text(place).rstrip("\n").split("\n")
    rows = [line.rstrip("\r").split("\t") for line in lines]
    wrong = next((n for n, row in enumerate(rows, start=2) if len(row) != len(_HEADER)), 0)
    if head.rstrip("\r").split("\t") != list(_HEADER) or wrong:
        what = f"expected two columns, {' and '.join(_HEADER)}, separated by a tab."
        hint = "Remove the file if the documents hold the labels themselves."
        raise DocumentError(Problem(f"{place}:{wrong or 1}", what, hint))
    return {row[0]: row[1] for row in rows}

"""Labels of documents held to a taxonomy, and what an unknown one may be meant to be."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harnn._display import with_name
from harnn._tables import shown
from harnn.config import LabelsBy
from harnn.data.documents import Document
from harnn.data.label_cells import describe_label
from harnn.data.label_lookup import How, LabelLookup
from harnn.data.log import ReadingLog
from harnn.errors import Problem
from harnn.taxonomy import Taxonomy

_MAX_SUGGESTIONS = 100
_MOST_PARTS = 50
"""Of what may be several labels in one, for which other spellings than codes are looked up."""
_SHOWN_MEANT = 5
_MOST_CLOSED = 10_000
"""Sets of labels that are kept closed: documents share them."""
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")
_SEPARATORS = ("|", ",", ";", "/", "\t", "\n")
"""What may stand between labels where the data say that something else does."""


class LabelChecker:
    """Check labels against a taxonomy and remember suggestions, which are slow to find."""

    def __init__(self, taxonomy: Taxonomy, by: LabelsBy = "any") -> None:
        self.taxonomy = taxonomy
        self._lookup = LabelLookup(taxonomy, by)
        self._as_code = by == "code"
        self._hints: dict[str, str] = {}
        self._closed: dict[tuple[str, ...], NDArray[np.int32]] = {}
        self._numbers: dict[float, str] | None = None

    def resolve(self, document: Document, log: ReadingLog) -> Document:
        """Return *document* with codes in place of other spellings of labels.

        What only one label can be meant by is counted in *log*, and told where case, blanks or
        forms of characters differ. Labels that are unknown stay as they are.
        """
        labels = document.labels or ()
        if all(label in self.taxonomy.index for label in labels):
            return document
        return dataclasses.replace(
            document, labels=tuple(self._code(label, document.source, log) for label in labels)
        )

    def code_of(self, label: str) -> str:
        """Return the code of the one label that is meant, nothing where none is or several are."""
        columns, _ = self._lookup.find(label)
        return self.taxonomy.codes[columns[0]] if len(columns) == 1 else ""

    def find(self, written: Sequence[str], source: str, log: ReadingLog) -> int | Problem:
        """Return the column of a label, or what is wrong with it.

        written: one thing or several that it is called, such as code and name; the surest counts.
        """
        known = next((label for label in written if label in self.taxonomy.index), None)
        if known is not None:
            return self.taxonomy.index[known]
        found = [(label, self._lookup.find(label)) for label in written]
        single = [(label, each) for label, each in found if len(each.columns) == 1]
        if not single:
            return Problem(source, *self.describe(written[0]))
        label, (columns, how) = min(single, key=lambda pair: pair[1].how == "spelling")
        self._tell(label, columns[0], how, source, log)
        return columns[0]

    def _code(self, label: str, source: str, log: ReadingLog) -> str:
        columns, how = self._lookup.find(label)
        if len(columns) != 1 or how == "code":
            return label
        return self._tell(label, columns[0], how, source, log)

    def _tell(self, label: str, column: int, how: How, source: str, log: ReadingLog) -> str:
        """Return the code that is meant, and tell the log."""
        code = self.taxonomy.codes[column]
        if log.read_label_as(label, code) and how == "spelling":
            read = with_name(code, self.taxonomy.names[column], said=label)
            log.warn(Problem(source, f"label {shown(label)} read as {read}."))
        return code

    def check(self, document: Document) -> list[Problem]:
        """Return one problem for each label of *document*, once resolved, that is unknown."""
        return [
            Problem(document.source, *self.describe(label))
            for label in self._find_unknown(document)
        ]

    def drop_unknown(self, document: Document, log: ReadingLog) -> Document:
        """Return *document* without its unknown labels, which are counted and listed in *log*."""
        unknown = self._find_unknown(document)
        for label in unknown:
            log.drop(label)
            what, hint = self.describe(label)
            log.warn(Problem(document.source, f"{what[:-1]} dropped.", hint))
        index = self.taxonomy.index
        known = tuple(label for label in document.labels or () if label in index)
        if unknown and not known:
            log.emptied += 1
            what = "has no label left: it counts as a document without any."
            log.warn(Problem(document.source, what))
        return dataclasses.replace(document, labels=known)

    def close(self, document: Document) -> NDArray[np.int32]:
        """Return the columns of the known labels of *document*, resolved, closed upward."""
        index, labels = self.taxonomy.index, tuple(document.labels or ())
        closed = self._closed.get(labels)
        if closed is None:
            columns = np.array([index[x] for x in labels if x in index], dtype=np.int32)
            closed = self.taxonomy.close_upward(columns).astype(np.int32, copy=False)
            closed.flags.writeable = False
            if len(self._closed) < _MOST_CLOSED:
                self._closed[labels] = closed
        return closed

    def _find_unknown(self, document: Document) -> list[str]:
        index = self.taxonomy.index
        return [label for label in dict.fromkeys(document.labels or ()) if label not in index]

    def describe(self, label: str) -> tuple[str, str]:
        """Return what is wrong with a label that is no single one of the taxonomy, and a hint."""
        columns, _ = self._lookup.find(label)
        if len(columns) < 2:
            return f"unknown label {shown(label)}.", self._hint(label)
        meant = "; ".join(self._name(column) for column in columns[:_SHOWN_MEANT])
        more = "; ..." if len(columns) > _SHOWN_MEANT else ""
        what = f"label {shown(label)} can mean {len(columns):,} labels ({meant}{more})."
        return what, "Write its code, or its path."

    def _name(self, column: int) -> str:
        """Return code and path of a label."""
        names = [self.taxonomy.names[each] for each in self.taxonomy.path(column)]
        return f"{shown(self.taxonomy.codes[column])}: {shown(' > '.join(names))[1:-1]}"

    def _hint(self, label: str) -> str:
        if label not in self._hints:
            if len(self._hints) >= _MAX_SUGGESTIONS:
                return ""
            self._hints[label] = self._find_hint(label)
        return self._hints[label]

    def _find_hint(self, label: str) -> str:
        meant = self._find_number(label)
        if meant:
            return f"Was it {meant!r} before a program read it as a number? Keep codes as text."
        separator, parts = self.split(label)
        if parts:
            mark = repr(separator)
            option = f"data.label_separator={mark} (--label-separator {mark})"
            return f"It looks like {len(parts):,} labels. In a table {option} reads them."
        return describe_label(label) or self.taxonomy.near.suggest(label, as_code=self._as_code)

    def split(self, label: str, *, nearly: bool = False) -> tuple[str, list[str]]:
        """Return what stands between the labels of which *label* seems to be made, and these as
        they are written. Nothing where it does not seem to be several.

        nearly: some of them may be unknown, as long as a similar label is known for each.
        """
        for separator in _SEPARATORS:
            parts = [part.strip() for part in label.split(separator) if part.strip()]
            if len(parts) > 1 and self._are_known(parts, nearly=nearly):
                return separator, parts
        return "", []

    def _are_known(self, parts: Sequence[str], *, nearly: bool) -> bool:
        """Whether all are codes, or of few parts names or other spellings of labels."""
        if len(parts) > _MOST_PARTS:
            return all(part in self.taxonomy.index for part in parts)
        unknown = [part for part in parts if not self._lookup.find(part).columns]
        if not unknown:
            return True
        return nearly and len(unknown) < len(parts) and all(map(self.taxonomy.near.find, unknown))

    def _find_number(self, label: str) -> str:
        """Return the code that is the same number: 12 of 12.0, 0123 of 123."""
        if not _NUMBER.fullmatch(label):
            return ""
        if self._numbers is None:
            self._numbers = {}
            for code in self.taxonomy.codes:
                if _NUMBER.fullmatch(code):
                    self._numbers.setdefault(float(code), code)
        return self._numbers.get(float(label), "")

"""Wrong spellings of labels replaced by what is meant: a table, applied before labels are checked.

==============  ==============================================================================
column          meaning
==============  ==============================================================================
``label``       as it is written in documents
``suggestion``  the label that is meant, in any of the ways in which documents may write it;
                a list, ``["a", "b"]``: these labels; empty: the label is dropped
==============  ==============================================================================

Other columns are for whoever corrects the table, see :mod:`harnn.data.label_suggestions`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.label_cells import read_label_cell
from harnn.data.label_checker import LabelChecker
from harnn.data.log import ReadingLog, Rejected
from harnn.data.rows import PlacedRow
from harnn.errors import DocumentError, Problem

LABEL, SUGGESTION = "label", "suggestion"
TABLE = DataConfig(id_field=LABEL, text_fields=(LABEL, SUGGESTION))
"""How the table is read: what it must have stands where documents have their texts."""


@dataclass(frozen=True, slots=True)
class LabelFixes:
    """What is meant by labels as they are written."""

    meant: Mapping[str, tuple[str, ...]]
    """By label; empty where it is dropped."""
    places: Mapping[str, str]
    """By label, where it stands in the table."""

    @classmethod
    def from_rows(cls, rows: Iterable[PlacedRow | Rejected]) -> Self:
        """Read a table.

        Raises:
            DocumentError: it cannot be read, or a label is in it twice.
        """
        meant: dict[str, tuple[str, ...]] = {}
        places: dict[str, str] = {}
        problems: list[Problem] = []
        for item in rows:
            if isinstance(item, Rejected):
                problems += item.problems
                continue
            where = item.file.at(item.row.line)
            label = _cell(item.row.content, LABEL, where, problems)
            suggestion = _meant(item.row.content, where, problems)
            if not label:
                problems.append(Problem(where, f"has nothing in {LABEL!r}."))
            elif label in meant:
                what = f"label {shown(label)} is in the table twice, first at {places[label]}."
                problems.append(Problem(where, what))
            else:
                meant[label], places[label] = suggestion, where
        if problems:
            raise DocumentError(problems)
        return cls(meant, places)

    def resolve(self, checker: LabelChecker) -> Self:
        """Return the same with the codes of the labels that are meant.

        Raises:
            DocumentError: a suggestion is no label of the taxonomy, or can mean several.
        """
        found = {
            label: [(each, checker.code_of(each)) for each in meant]
            for label, meant in self.meant.items()
        }
        problems = [
            Problem(self.places[label], f"in {SUGGESTION!r}: {what}", hint)
            for label, pairs in found.items()
            for written, code in pairs
            if not code
            for what, hint in [checker.describe(written)]
        ]
        if problems:
            raise DocumentError(problems)
        codes = {
            label: tuple(dict.fromkeys(code for _, code in pairs)) for label, pairs in found.items()
        }
        return dataclasses.replace(self, meant=codes)

    def apply(self, document: Document, log: ReadingLog) -> Document:
        """Return *document* with the labels that are meant; *log* counts what was changed."""
        written = document.labels
        if not written or not any(label in self.meant for label in written):
            return document
        changed = [self.meant.get(label, (label,)) for label in written]
        log.replaced += sum(
            bool(new) and new != (old,) for old, new in zip(written, changed, strict=True)
        )
        log.removed += sum(not new for new in changed)
        labels = tuple(dict.fromkeys(label for each in changed for label in each))
        log.emptied += not labels
        return dataclasses.replace(document, labels=labels)


def _meant(content: Mapping[str, Any], where: str, problems: list[Problem]) -> tuple[str, ...]:
    """Return the labels of a suggestion: one, or those of a list."""
    value = content.get(SUGGESTION)
    listed = (
        value
        if isinstance(value, list)
        else read_label_cell(_cell(content, SUGGESTION, where, problems), "")
    )
    labels = [_cell({SUGGESTION: each}, SUGGESTION, where, problems).strip() for each in listed]
    return tuple(label for label in labels if label)


def _cell(content: Mapping[str, Any], name: str, where: str, problems: list[Problem]) -> str:
    value = content.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    problems.append(Problem(where, f"{name!r} is {shown(value)}, expected a label."))
    return ""

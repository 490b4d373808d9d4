"""Wrong spellings of labels replaced by what is meant: a table, applied before labels are checked.

==============  ==============================================================================
column          meaning
==============  ==============================================================================
``label``       as it is written in documents
``suggestion``  the label that is meant, in any of the ways in which documents may write it;
                empty: the label is dropped
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

    meant: Mapping[str, str]
    """By label; empty where it is dropped."""
    places: Mapping[str, str]
    """By label, where it stands in the table."""

    @classmethod
    def from_rows(cls, rows: Iterable[PlacedRow | Rejected]) -> Self:
        """Read a table.

        Raises:
            DocumentError: it cannot be read, or a label is in it twice.
        """
        meant: dict[str, str] = {}
        places: dict[str, str] = {}
        problems: list[Problem] = []
        for item in rows:
            if isinstance(item, Rejected):
                problems += item.problems
                continue
            where = item.file.at(item.row.line)
            label, suggestion = (
                _cell(item.row.content, name, where, problems) for name in (LABEL, SUGGESTION)
            )
            if not label:
                problems.append(Problem(where, f"has nothing in {LABEL!r}."))
            elif label in meant:
                what = f"label {shown(label)} is in the table twice, first at {places[label]}."
                problems.append(Problem(where, what))
            else:
                meant[label], places[label] = suggestion.strip(), where
        if problems:
            raise DocumentError(problems)
        return cls(meant, places)

    def resolve(self, checker: LabelChecker) -> Self:
        """Return the same with the codes of the labels that are meant.

        Raises:
            DocumentError: a suggestion is no label of the taxonomy, or can mean several.
        """
        found = {label: checker.code_of(meant) for label, meant in self.meant.items() if meant}
        problems = [
            Problem(self.places[label], f"in {SUGGESTION!r}: {what}", hint)
            for label, code in found.items()
            if not code
            for what, hint in [checker.describe(self.meant[label])]
        ]
        if problems:
            raise DocumentError(problems)
        return dataclasses.replace(self, meant={**self.meant, **found})

    def apply(self, document: Document, log: ReadingLog) -> Document:
        """Return *document* with the labels that are meant; *log* counts what was changed."""
        written = document.labels
        if not written or not any(label in self.meant for label in written):
            return document
        changed = [self.meant.get(label, label) for label in written]
        log.replaced += sum(
            bool(new) and new != old for old, new in zip(written, changed, strict=True)
        )
        log.removed += sum(not new for new in changed)
        labels = tuple(dict.fromkeys(label for label in changed if label))
        log.emptied += not labels
        return dataclasses.replace(document, labels=labels)


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

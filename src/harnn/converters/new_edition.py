"""Documents taken along to a new edition of their taxonomy while they are converted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnn.converters.notes import Notes
from harnn.converters.parts import Documents
from harnn.data import Document
from harnn.data.log import Rejected
from harnn.data.writing import RowWriter
from harnn.taxonomy import LabelMapper, LabelMapping, MappedLabels, Taxonomy, diff_taxonomies
from harnn.taxonomy.editions.following import LEAST

REVIEW_COLUMNS = ("id", "lifted", "split", "guessed", "lost", "before", "labels")
_NOTES = {
    "lifted": "labels without a successor became the nearest above that have one",
    "split": "labels that were split became what is above all parts",
    "guessed": "labels followed a link that is a guess",
    "lost": "labels were lost, because nothing stands for them",
}


@dataclass(frozen=True, slots=True)
class NewEdition:
    """The edition of the taxonomy that documents are taken to."""

    taxonomy: Taxonomy
    mapping: LabelMapping | None = None
    """What somebody says became of labels; None: all is found."""
    least: float = LEAST
    """Certainty of links below which they are not followed, 0 to 1."""
    review: Path | None = None
    """Where the documents are listed that somebody should look at; None: nowhere."""

    def mapper(self, old: Taxonomy) -> LabelMapper:
        """Return what takes label sets along.

        Raises:
            TaxonomyError: the mapping does not fit the editions.
        """
        return LabelMapper(diff_taxonomies(old, self.taxonomy, self.mapping), least=self.least)


def follow(
    documents: Documents, mapper: LabelMapper, notes: Notes, review: RowWriter | None
) -> Iterator[Document | Rejected]:
    """Yield documents with the labels that they have in the new edition; count what was lost."""
    for document in documents:
        if isinstance(document, Rejected) or document.labels is None:
            yield document
            continue
        found = mapper.map(document.labels)
        for kind, what in _NOTES.items():
            notes.add(what, document.id, count=bool(getattr(found, kind)))
        emptied = bool(document.labels) and not found.labels
        notes.add("no label is left", document.id, count=emptied)
        if review is not None and found.needs_review:
            review.write(_row(document, found))
        yield dataclasses.replace(document, labels=found.labels)


def _row(document: Document, found: MappedLabels) -> dict[str, Any]:
    told = {kind: list(getattr(found, kind)) for kind in _NOTES}
    before = list(document.labels or ())
    return {"id": document.id, **told, "before": before, "labels": list(found.labels)}

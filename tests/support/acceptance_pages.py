"""A database in which documents were filed unattended, and audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harnn.acceptance import Acceptance
from harnn.data import Document
from harnn.review import (
    Database,
    EnqueueOptions,
    ModelState,
    Policies,
    Prepared,
    PreparedLabel,
    Review,
    Terms,
)
from harnn.taxonomy import Taxonomy


class Archive:
    """What is accepted of the answers of one model; to be closed."""

    def __init__(
        self, place: Path, taxonomy: Taxonomy, model: ModelState, acceptance: Acceptance
    ) -> None:
        self.taxonomy, self.model = taxonomy, model
        self.database = Database.open(place)
        self.review = Review(self.database, taxonomy, model.name)
        self.policies = Policies(self.database, taxonomy, model, acceptance)

    def put(self, terms: Terms, person: str = "root") -> None:
        """Put a policy in force in place of whichever there is."""
        now = self.policies.in_force()
        self.policies.put(terms, person=person, version=now.number if now else 0)

    def document(self, title: str, shown: Mapping[str, float]) -> Prepared:
        """Return a document with its answer."""
        labels = tuple(PreparedLabel(label, score, 0.5) for label, score in shown.items())
        return Prepared(
            document=Document(title, {"title": title, "text": f"Of {title}."}),
            model=self.model,
            title=title,
            shown=dict(shown),
            labels=labels,
            notes=(),
            doubt=1.0,
            value=1.0,
            hint="",
        )

    def file(self, documents: Sequence[Prepared]) -> list[int]:
        """File documents; return the numbers of those that people are to audit."""
        filed = self.policies.file(documents, person="root")
        drawn = [one for one, each in zip(documents, filed, strict=True) if each.drawn]
        options = EnqueueOptions(audit=True, second_share=0)
        return [*self.review.add(drawn, options=options).added]

    def read(self, items: Iterable[int], label: str, person: str = "kim") -> None:
        """Let somebody submit documents with one label, and pause levels where need be."""
        for item in items:
            view = self.review.decide(item, person, "annotate", 0, "add", label)
            self.review.submit(item, person, "annotate", view.version)
        self.policies.check_audits()

    def close(self) -> None:
        """Close the database."""
        self.database.close()

"""Corrections put in the place of the documents that they correct."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harnn._display import counted
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.inputs import CorrectedDocuments, Documents, labelled_documents
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """What training and validation read when corrections stand where they belong."""

    train: Documents
    valid: Documents
    replaced: int
    """Training documents that a correction of the same id stands for."""
    other_texts: int
    """Of those, documents whose text is another one than that of the correction."""
    added: int
    """Corrections that are training documents beside the given ones."""
    in_validation: int
    """Corrections of validation documents, which have their new labels there and are not trained
    on."""
    superseded: int
    """Corrections that count no more, because a later one has the same id."""

    def describe(self) -> str:
        """Say where the corrections went."""
        trained = f"{self.replaced:,} in place of training documents of the same id"
        if self.other_texts:
            trained += f" ({self.other_texts:,} of them with another text)"
        parts = [trained, f"{self.added:,} added"]
        if self.in_validation:
            parts.append(f"{self.in_validation:,} in place of validation documents, not trained on")
        if self.superseded:
            parts.append(f"{self.superseded:,} left out, since a later one has the same id")
        corrections = self.replaced + self.added + self.in_validation + self.superseded
        return f"{counted(corrections, 'correction')}: {', '.join(parts)}"


def correct_documents(
    train: Documents,
    valid: Documents,
    corrections: Iterable[Document],
    *,
    taxonomy: Taxonomy,
    config: DataConfig,
    stopped: Callable[[], bool] = bool,
) -> Corrected:
    """Put corrections in the place of the training and validation documents of the same id.

    train, valid: read once, for their ids; *train* may be an empty list. A correction of no given
    document is added to the training documents.

    Raises:
        DocumentError: a correction has no id or no labels (None), or documents cannot be read.
        InterruptedError: *stopped* said so.
    """
    every = list(corrections)
    _check(every)
    last = {each.id: each for each in every}
    places = [_found(given, last, taxonomy, config, stopped) for given in (train, valid)]
    trained, validated = places
    for_valid = tuple(each for id, each in last.items() if id in validated)
    for_train = tuple(each for id, each in last.items() if id not in validated)
    of_train = {id: same for id, same in trained.items() if id not in validated}
    return Corrected(
        # A document of both parts stays out of training, as its correction does.
        train=CorrectedDocuments(train, frozenset(trained), for_train) if every else train,
        valid=CorrectedDocuments(valid, frozenset(validated), for_valid) if for_valid else valid,
        replaced=len(of_train),
        other_texts=sum(not same for same in of_train.values()),
        added=len(for_train) - len(of_train),
        in_validation=len(for_valid),
        superseded=len(every) - len(last),
    )


def _check(corrections: Sequence[Document]) -> None:
    problems = []
    for number, each in enumerate(corrections, start=1):
        where = each.source or f"correction {number}"
        if not each.id:
            problems.append(Problem(where, "has no id, by which documents are corrected."))
        if each.labels is None:
            problems.append(Problem(where, "has no labels; give an empty list where none fits."))
    if problems:
        raise DocumentError(problems)


def _found(
    given: Documents,
    corrections: dict[str, Document],
    taxonomy: Taxonomy,
    config: DataConfig,
    stopped: Callable[[], bool],
) -> dict[str, bool]:
    """Return the ids of given documents that are corrected, and whether their texts are the same.

    Raises:
        InterruptedError: *stopped* said so.
    """
    found: dict[str, bool] = {}
    if isinstance(given, Sequence) and not len(given):
        return found
    for document, _ in labelled_documents(given, taxonomy, config):
        if stopped():
            raise InterruptedError
        correction = corrections.get(document.id)
        if correction is not None:
            same = correction.full_text == document.full_text
            found[document.id] = found.get(document.id, True) and same
    return found

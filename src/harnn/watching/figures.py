"""What is counted of documents and their answers: sums and histograms, nothing of their texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harnn.languages import LATIN_LANGUAGES, WRITINGS
from harnn.metrics import RatioSums, VectorSums

Counts = NDArray[np.int64]
SCORE_BINS = 100
"""Of equal width, of the best score of a level."""
LENGTH_BINS = 64
"""Of words of a text: 0, 1, and from there on four to a doubling; the last one is open."""
LENGTH_STARTS = (0.0, *(2 ** (step / 4) for step in range(LENGTH_BINS - 1)))
"""Of each of them."""
LABEL_GROUPS = 20
"""That labels of a level are put into, by their frequency in training, to compare their mix."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Figures:
    """Counts over documents; those of other documents can be added."""

    documents: int
    choosing: str
    """How labels were chosen: see :func:`harnn.watching.choosing_of`."""
    chosen: int
    """Documents whose labels were chosen like that; those of *given* and *unlabelled*."""
    given: Counts
    """(C,) documents that were given each label."""
    unlabelled: int
    """Documents that were given none."""
    best: Counts
    """(C,) documents in which each label has the highest score of its level."""
    doubtful: int
    """Documents in which no label has a score of one half or more."""
    scores: Counts
    """(L, B) documents by the highest score of each level."""
    words: RatioSums
    """Unknown words of all words."""
    lengths: Counts
    """(B,) documents by their words."""
    writings: Mapping[str, int]
    """Documents by :func:`harnn.languages.find_writing`."""
    tells_languages: bool = True
    """Whether languages other than English are told from other Latin writing, as they once were
    not."""
    empty_fields: Mapping[str, int] = field(default_factory=dict)
    """Documents by each field in which they have no text; of fields that all have: 0."""
    vector_kind: str = ""
    """What the vectors of documents are; empty where there are none."""
    vectors: VectorSums | None = None
    f1: tuple[RatioSums, ...] | None = None
    """Micro-F1 on all labels, and on each level; None where true labels are not known."""

    def writing_counts(self, other: Self) -> list[int]:
        """Documents by all writings there are, in one order, told as *other* tells them, too."""
        counts = [self.writings.get(name, 0) for name in WRITINGS]
        if not (self.tells_languages and other.tells_languages):
            latin = WRITINGS.index("Latin")
            for place in map(WRITINGS.index, LATIN_LANGUAGES[1:]):
                counts[latin], counts[place] = counts[latin] + counts[place], 0
        return counts

    def __add__(self, other: Self) -> Self:
        """Return the figures of both.

        Raises:
            ValueError: labels are not counted alike.
        """
        if self.choosing != other.choosing or self.given.shape != other.given.shape:
            raise ValueError("Expected figures whose labels were chosen alike.")
        alike = self.vector_kind == other.vector_kind
        both = alike and self.vectors is not None and other.vectors is not None
        f1 = None
        if self.f1 is not None and other.f1 is not None:
            f1 = tuple(a + b for a, b in zip(self.f1, other.f1, strict=True))
        return type(self)(
            documents=self.documents + other.documents,
            choosing=self.choosing,
            chosen=self.chosen + other.chosen,
            given=self.given + other.given,
            unlabelled=self.unlabelled + other.unlabelled,
            best=self.best + other.best,
            doubtful=self.doubtful + other.doubtful,
            scores=self.scores + other.scores,
            words=self.words + other.words,
            lengths=self.lengths + other.lengths,
            writings=_added(self.writings, other.writings),
            tells_languages=self.tells_languages and other.tells_languages,
            empty_fields=_fields(self, other),
            vector_kind=self.vector_kind if both else "",
            vectors=self.vectors + other.vectors if both else None,  # type: ignore[operator]
            f1=f1,
        )


def length_bin(words: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bins of texts by their words (N,)."""
    steps = 1 + np.floor(4 * np.log2(np.maximum(words, 1))).astype(np.int64)
    return np.where(words > 0, np.minimum(steps, LENGTH_BINS - 1), 0)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    names = sorted({*one, *other})
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}


def _fields(one: Figures, other: Figures) -> dict[str, int]:
    """Count empty fields; what some documents do not have at all is empty in them."""
    names = sorted({*one.empty_fields, *other.empty_fields})
    return {
        name: sum(each.empty_fields.get(name, each.documents) for each in (one, other))
        for name in names
    }

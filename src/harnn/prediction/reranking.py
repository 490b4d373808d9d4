"""The best labels of each document judged once more, by something that is not the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from harnn._display import reason_of
from harnn.answers import Note
from harnn.counting import top_columns
from harnn.data import Document
from harnn.decode import Scores
from harnn.errors import HarnnError
from harnn.taxonomy import Taxonomy

_LEAST = 0.001
"""Of a score, before log odds are averaged: nobody is surer than one in a thousand."""


class Candidate(NamedTuple):
    """A label that is to be judged."""

    label: str
    name: str
    description: str
    path: tuple[str, ...]
    """The names from a root down to this label."""
    score: float
    """The model's, 0 to 1."""


Rerank = Callable[[Document, Sequence[Candidate]], Mapping[str, float]]
"""Returns scores from 0 to 1 of some of the candidates, by label; others keep the model's."""


class RerankError(HarnnError):
    """Somebody who was asked about labels gave no answer that can be used."""


@dataclass(frozen=True)
class Reranking:
    """Who is asked about which labels, and how much that counts.

    Raises:
        ValueError: a number is out of range.
    """

    ask: Rerank
    top: int = 10
    """The labels without children that have the highest scores: so many of each document."""
    weight: float = 0.5
    """Of the answer, in the weighted mean of its log odds and the model's; 0 to 1."""

    def __post_init__(self) -> None:
        if self.top < 1 or not 0 <= self.weight <= 1:
            got = f"top {self.top} and weight {self.weight}"
            raise ValueError(f"Expected at least 1 label and a weight from 0 to 1, got {got}.")

    def apply(
        self, documents: Sequence[Document], scores: Scores, taxonomy: Taxonomy
    ) -> tuple[Scores, list[tuple[Note, ...]]]:
        """Return the scores (N, C), not closed yet, as they are now, and a note for each document
        whose scores stay because of what went wrong.

        Whatever the one who is asked does wrong, the answer is then the model's own.
        """
        leaves = taxonomy.hierarchy.leaves.astype(np.int64)
        found, notes = scores.values.copy(), list[tuple[Note, ...]]()
        best = top_columns(found[:, leaves], min(self.top, len(leaves)))
        for row, document in enumerate(documents):
            columns = leaves[best[row]]
            candidates = _candidates(columns, found[row], taxonomy)
            try:
                answer = checked_scores(self.ask(document, candidates), candidates)
            except Exception as error:  # not ours: a document is answered all the same
                why = reason_of(error)
                said = f"The labels were not reranked: {why}."
                notes.append((Note("not_reranked", said, {"reason": why}),))
                continue
            notes.append(())
            for column in columns.tolist():
                if (given := answer.get(taxonomy.codes[column])) is not None:
                    found[row, column] = self._mean(float(found[row, column]), given)
        return Scores(scores.ids, found), notes

    def _mean(self, own: float, given: float) -> float:
        """Return the mean of the log odds as a score (a logarithmic opinion pool: Genest and Zidek
        1986, Statistical Science 1(1)).
        """
        odds = (1 - self.weight) * _log_odds(own) + self.weight * _log_odds(given)
        return 1 / (1 + math.exp(-odds))


def checked_scores(answer: Any, candidates: Sequence[Candidate]) -> dict[str, float]:
    """Return what can be believed of an answer: scores from 0 to 1 of labels that were asked for.

    Raises:
        RerankError: that is nothing.
    """
    if not isinstance(answer, Mapping):
        raise RerankError(f"got {type(answer).__name__}, expected scores by label")
    known = {candidate.label for candidate in candidates}
    scores = {
        label: float(score) for label, score in answer.items() if label in known and is_score(score)
    }
    if not scores:
        raise RerankError("the answer has no score from 0 to 1 of a label that was asked for")
    return scores


def is_score(value: Any) -> TypeGuard[float]:
    """Whether a value is a number from 0 to 1."""
    number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    return number and 0 <= value <= 1


def as_reranking(given: Rerank | Reranking | None) -> Reranking | None:
    """Return who is asked, with the usual numbers where none are given."""
    return given if given is None or isinstance(given, Reranking) else Reranking(given)


def _candidates(
    columns: NDArray[np.int64], scores: NDArray[np.float32], taxonomy: Taxonomy
) -> list[Candidate]:
    return [
        Candidate(
            taxonomy.codes[column],
            taxonomy.names[column],
            taxonomy.descriptions[column],
            tuple(taxonomy.names[x] for x in taxonomy.hierarchy.path(column, scores).tolist()),
            float(scores[column]),
        )
        for column in columns.tolist()
    ]


def _log_odds(score: float) -> float:
    score = min(max(score, _LEAST), 1 - _LEAST)
    return math.log(score / (1 - score))

"""Which documents are worth reading: how wrong their answers may be, and what they would teach.

Scores are taken for probabilities, as calibrated ones are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from harnn.metrics import inverse_propensities
from harnn.pages import percent
from harnn.taxonomy import Hierarchy, Taxonomy

_LOOKED_AT = 64
"""Of the labels most in doubt, to find some that are not related."""
_IN_HINT = 2


class Doubt(NamedTuple):
    """What is in doubt of an answer."""

    wrong: float
    """Expected number of wrong labels, given ones and missing ones together; 0 or more."""
    value: float
    """For learning, see :meth:`DoubtMeasure.of`; 0 or more, of use for comparing alone."""
    columns: tuple[int, ...]
    """The labels most in doubt, none of them above another, the highest score first."""

    def hint(self, taxonomy: Taxonomy, scores: npt.NDArray[np.float32]) -> str:
        """Return ``Cider making 58%, Perry 34%``; scores: (C,)."""
        parts = (f"{taxonomy.names[c]} {percent(float(scores[c]))}" for c in self.columns)
        return ", ".join(parts)


@dataclass(frozen=True, eq=False)
class DoubtMeasure:
    """Measures the doubt of answers of one model. See :meth:`build`."""

    hierarchy: Hierarchy
    weights: npt.NDArray[np.float64]
    """(C,), what a document that settles a label teaches; the rarer, the more."""

    @classmethod
    def build(
        cls,
        hierarchy: Hierarchy,
        label_counts: npt.ArrayLike,
        training_documents: int | None = None,
    ) -> Self:
        """label_counts: (C,) training documents of each label. training_documents: all of them;
        None: it is not known, and those of the most frequent label stand for it.
        """
        counts = np.asarray(label_counts, dtype=np.int64)
        total = int(counts.max(initial=0)) if training_documents is None else training_documents
        return cls(hierarchy, inverse_propensities(counts, total))

    def of(self, scores: npt.NDArray[np.float32], given: Iterable[int]) -> Doubt:
        """Measure one answer.

        scores: (C,), 0 to 1, as the answer shows them. given: columns of its labels.

        With p the score of a label, it is wrong with probability 1 - p if it is given, and else p.
        The value for learning is the sum of p (1 - p), the variance of what is not known yet, over
        all labels, each weighted by its inverse propensity: a label with few training documents is
        worth more.

        Sources: Lewis and Gale (1994), A sequential algorithm for training text classifiers
        (uncertainty sampling); Jain, Prabhu and Varma (2016), see
        :func:`harnn.metrics.inverse_propensities`.
        """
        chances = np.clip(scores.astype(np.float64), 0, 1)
        wrong = chances.copy()
        columns = np.fromiter(given, dtype=np.intp)
        wrong[columns] = 1 - chances[columns]
        value = float(chances * (1 - chances) @ self.weights)
        doubted = self._most_in_doubt(wrong)
        return Doubt(float(wrong.sum()), value, tuple(sorted(doubted, key=lambda c: -scores[c])))

    def _most_in_doubt(self, wrong: npt.NDArray[np.float64]) -> list[int]:
        looked_at = min(_LOOKED_AT, len(wrong))
        some: list[int] = np.argpartition(-wrong, looked_at - 1)[:looked_at].tolist()
        # Of equal ones the deeper: its ancestors have its score because of it.
        found: list[int] = []
        for column in sorted(some, key=lambda c: (-wrong[c], -c)):
            if not wrong[column] or len(found) == _IN_HINT:
                break
            if not any(self._are_related(column, other) for other in found):
                found.append(column)
        return found

    def _are_related(self, one: int, two: int) -> bool:
        return len(self.hierarchy.most_specific([one, two])) == 1

"""How good single labels were, as a model keeps it: counts and what they were taken for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from harnn.metrics.confusion import Confusion, confused_siblings
from harnn.metrics.labels import LabelMetrics
from harnn.metrics.wilson import wilson_interval
from harnn.taxonomy import Hierarchy

_MOST_SIBLINGS = 5
"""That a label was taken for."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelQuality:
    """Of C labels on labelled documents; built by :meth:`measure`."""

    counts: LabelMetrics
    """(C,) each."""
    confusions: tuple[Confusion, ...]
    """For each label the siblings that were most often given in its place, by its column."""

    @classmethod
    def measure(cls, predictions: Any, targets: Any, hierarchy: Hierarchy) -> Self:
        """Count over label sets (N, C), sparse.

        Raises:
            ValueError: the shapes differ, or are not of the hierarchy.
        """
        kept: Counter[int] = Counter()
        found = []
        for each in confused_siblings(predictions, targets, hierarchy):
            kept[each.true] += 1
            if kept[each.true] <= _MOST_SIBLINGS:
                found.append(each)
        found.sort(key=lambda each: each.true)
        return cls(LabelMetrics.count(predictions, targets), tuple(found))

    def f1_interval(self, column: int) -> tuple[float, float]:
        """Return the 95% interval of a label's F1.

        F1 is 2J / (1 + J) of J, the share of the documents with the label, predicted or true, that
        have it both ways: a share of independent documents, whose interval is Wilson's.

        Raises:
            ValueError: the label is neither predicted nor true.
        """
        counts = self.counts
        hits = int(counts.hits[column])
        either = int(counts.predicted[column]) + int(counts.true[column]) - hits
        low, high = wilson_interval(hits, either)
        return 2 * low / (1 + low), 2 * high / (1 + high)

    def taken_for(self, column: int) -> list[Confusion]:
        """Return the siblings that were given in place of a label, the most frequent first."""
        columns = [each.true for each in self.confusions]
        first, last = np.searchsorted(columns, [column, column + 1]).tolist()
        return list(self.confusions[first:last])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        counts = self.counts
        return {
            "hits": counts.hits.tolist(),
            "predicted": counts.predicted.tolist(),
            "true": counts.true.tolist(),
            "confusions": [list(each) for each in self.confusions],
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote, after it was checked."""
        counts = (np.array(plain[key], dtype=np.int64) for key in ("hits", "predicted", "true"))
        return cls(LabelMetrics(*counts), tuple(Confusion(*each) for each in plain["confusions"]))

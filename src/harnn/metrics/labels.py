"""The numbers of single labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn.metrics.sets import Overlap, count_overlap


@dataclass(frozen=True, slots=True, eq=False)
class LabelMetrics:
    """What was predicted and what is true of each label, (C,) documents each."""

    hits: NDArray[np.int64]
    """Predicted and true."""
    predicted: NDArray[np.int64]
    true: NDArray[np.int64]

    @classmethod
    def count(cls, predictions: Any, targets: Any) -> Self:
        """Count over label sets (N, C), sparse.

        Raises:
            ValueError: the shapes differ.
        """
        return cls.from_overlap(count_overlap(predictions, targets))

    @classmethod
    def from_overlap(cls, overlap: Overlap) -> Self:
        """Take the counts of labels from those of labels and documents."""
        return cls(overlap.hits, overlap.predicted, overlap.true)

    @property
    def precision(self) -> NDArray[np.float64]:
        """(C,) 0 where the label was never predicted."""
        return _ratio(self.hits, self.predicted)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(C,) 0 where the label is never true."""
        return _ratio(self.hits, self.true)

    @property
    def f1(self) -> NDArray[np.float64]:
        """(C,) 0 where the label is neither predicted nor true."""
        return _ratio(2 * self.hits, self.predicted + self.true)

    def worst(self, *, least: int, most: int) -> NDArray[np.int64]:
        """Return the columns of the labels with the lowest F1, the worst first.

        least: documents that a label is true for; with fewer its F1 says little. Of equals the one
        with more documents comes first, then the lower column.
        """
        known = np.flatnonzero(self.true >= least)
        order = np.lexsort((known, -self.true[known], self.f1[known]))
        return known[order][:most]


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio = np.zeros(len(whole))
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio

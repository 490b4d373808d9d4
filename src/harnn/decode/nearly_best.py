"""Which of several ways to choose labels, where the validation documents cannot tell them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.counting import as_binary, check_same_shape

_ROUNDING = 1e-12


def best_or_nearly(predictions: Sequence[Any], targets: Any) -> int:
    """Return the position of the best of several *predictions* for the same documents.

    predictions: label sets (N, C), sparse; targets: (N, C) label sets, sparse. Of all whose
    micro-F1 is at most one standard error below the highest, the one with the best macro-F1;
    of equals, the first. The error is that of the *difference* between the two, over the
    documents: small where they mostly choose the same labels, large where documents are few.

    Source: Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees,
    section 3.4.3 (the rule of one standard error); the error is that of a ratio of sums (Cochran
    1977, Sampling Techniques, chapter 6).

    Raises:
        ValueError: there is no prediction, or shapes differ.
    """
    if not predictions:
        raise ValueError("Expected at least one prediction, got none.")
    targets = as_binary(targets)
    reached = [_Reached.count(as_binary(each), targets) for each in predictions]
    best = max(reached, key=lambda each: each.micro_f1)
    nearly = [n for n, each in enumerate(reached) if each.is_nearly(best)]
    return max(nearly, key=lambda n: reached[n].macro_f1)


def error_of_micro_f1(predictions: Any, targets: Any) -> float:
    """Return the standard error of micro-F1 over the documents, of label sets (N, C), sparse.

    Source: as for :func:`best_or_nearly`.

    Raises:
        ValueError: shapes differ.
    """
    return _length(_Reached.count(as_binary(predictions), as_binary(targets)).parts)


@dataclass(frozen=True, eq=False)
class _Reached:
    micro_f1: float
    macro_f1: float
    """A label that is neither predicted nor true counts 0."""
    parts: NDArray[np.float64]
    """(N,) what each document adds to the difference of micro-F1 from its mean."""

    @classmethod
    def count(cls, predictions: Any, targets: Any) -> _Reached:
        check_same_shape(predictions=predictions, targets=targets)
        both = predictions.multiply(targets)
        hits, sizes = _sums(both, 1), _sums(predictions, 1) + _sums(targets, 1)
        total = max(float(sizes.sum()), 1.0)
        micro_f1 = 2 * float(hits.sum()) / total
        by_label = 2 * _sums(both, 0) / np.maximum(_sums(predictions, 0) + _sums(targets, 0), 1)
        return cls(micro_f1, float(np.mean(by_label)), (2 * hits - micro_f1 * sizes) / total)

    def is_nearly(self, best: _Reached) -> bool:
        error = _length(best.parts - self.parts)
        return best.micro_f1 - self.micro_f1 <= error + _ROUNDING


def _length(parts: NDArray[np.float64]) -> float:
    return math.sqrt(float(np.sum(parts**2)))


def _sums(sets: Any, axis: int) -> NDArray[np.float64]:
    return np.asarray(sets.sum(axis=axis), dtype=np.float64).ravel()

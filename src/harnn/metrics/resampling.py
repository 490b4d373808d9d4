"""Documents drawn again and again, and every measure on them: what intervals are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape
from harnn.metrics.ranked import micro_auprc
from harnn.taxonomy import Hierarchy

_SAMPLES_AT_ONCE = 50
_SCORE_BINS = 1024
Key = str | tuple[str, int]
"""A measure by its name, or that of one level, by position from 0."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How often documents are drawn again, and the seed that decides which.

    Raises:
        ValueError: there is no sample, or the seed is negative.
    """

    samples: int = 1000
    seed: int = 13

    def __post_init__(self) -> None:
        if self.samples < 1 or self.seed < 0:
            raise ValueError(
                f"Expected at least 1 sample and a seed of at least 0, "
                f"got samples={self.samples} and seed={self.seed}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one model says about N documents."""

    predictions: Any
    """(N, C) label sets, sparse."""
    scores: NDArray[Any] | None = None
    """(N, C) scores, for AUPRC."""


def draw(documents: int, resampling: Resampling) -> Iterator[NDArray[np.float64]]:
    """Yield blocks (N, S) of how often each document is in each of S samples."""
    random = np.random.default_rng(resampling.seed)
    for start in range(0, resampling.samples, _SAMPLES_AT_ONCE):
        samples = min(_SAMPLES_AT_ONCE, resampling.samples - start)
        rows = random.integers(documents, size=(samples, documents))
        rows += np.arange(samples)[:, np.newaxis] * documents
        counts = np.bincount(rows.ravel(), minlength=samples * documents)
        yield np.ascontiguousarray(counts.reshape(samples, documents).T, dtype=np.float64)


class Statistics:
    """What all measures of one model need to know of each document."""

    def __init__(
        self,
        answers: Answers,
        true: csr_array[np.bool_],
        hierarchy: Hierarchy,
        *,
        with_scores: bool = True,
    ) -> None:
        """with_scores: whether scores, where there are some, are measured too; none are kept."""
        predicted = as_binary(answers.predictions)
        hits = as_binary(predicted.multiply(true))
        sets = (hits, predicted, true)
        closed_predicted, closed_true = hierarchy.close_sets(predicted), hierarchy.close_sets(true)
        closed = (closed_predicted.multiply(closed_true), closed_predicted, closed_true)
        self.documents = true.shape[0]
        self.levels = hierarchy.depth
        # (3, N) of all labels, of the closed sets, and of each level: sizes by document.
        groups = [[_sizes(x) for x in sets], [_sizes(x) for x in closed]]
        groups += [[_sizes(x[:, columns]) for x in sets] for columns in hierarchy.level_slices]
        self.sizes = np.array(groups, dtype=np.float64)  # (2 + L, 3, N)
        in_both = self.sizes[0, 0]
        self.exact = (in_both == self.sizes[0, 1]) & (in_both == self.sizes[0, 2])
        self.by_label: list[Any] = [x.T.tocsr().astype(np.float64) for x in sets]  # (C, N)
        self.columns = hierarchy.level_slices
        self.steps: dict[Key, Any] = {}
        self.auprc: dict[Key, float] = {}
        if with_scores and answers.scores is not None:
            parts: dict[Key, slice] = {"auprc": slice(None)}
            parts |= {("auprc", level): columns for level, columns in enumerate(self.columns)}
            for key, columns in parts.items():
                scores, wanted = answers.scores[:, columns], true[:, columns]
                self.steps[key] = _steps(scores, wanted)
                self.auprc[key] = micro_auprc(scores, wanted)

    def observed(self) -> dict[Key, float]:
        """Return the measures on all documents, AUPRC exactly."""
        once = self.measure(np.ones((self.documents, 1)))
        return {name: float(value[0]) for name, value in once.items()} | self.auprc

    def measure(self, weights: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Return (S,) values by measure, those of levels too.

        weights: (N, S) how often each document counts.
        """
        hits, predicted, true = np.moveaxis(self.sizes @ weights, 1, 0)  # (2 + L, S) each
        micro = _ratio(2 * hits, predicted + true)
        hits, predicted, true = (x @ weights for x in self.by_label)  # (C, S) each
        by_label = _ratio(2 * hits, predicted + true)
        measures: dict[Key, NDArray[np.float64]] = {
            "micro_f1": micro[0],
            "macro_f1": _mean(by_label),
            "hierarchical_f1": micro[1],
            "exact_match": self.exact @ weights / self.documents,
        }
        for level, columns in enumerate(self.columns):
            measures["micro_f1", level] = micro[2 + level]
            measures["macro_f1", level] = _mean(by_label[columns])
        for key, steps in self.steps.items():
            measures[key] = _average_precision(steps @ weights)
        return measures


def _sizes(sets: Any) -> NDArray[np.int64]:
    return np.asarray(sets.sum(axis=1, dtype=np.int64))


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (S,) means of (labels, S)."""
    mean: NDArray[np.float64] = values.sum(axis=0) / max(len(values), 1)
    return mean


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.zeros_like(part)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _steps(scores: NDArray[Any], true: csr_array[np.bool_]) -> Any:
    """Count the true cells, then all cells, of each document in each step of scores.

    Returns (2 K, N), from the highest step down. Cells below all scores of true cells change no
    precision that counts and are left out.
    """
    check_same_shape(scores=scores, targets=true)
    positives = [np.asarray(scores[rows])[true[rows].nonzero()] for rows in row_blocks(*true.shape)]
    positive = np.sort(np.concatenate(positives))
    starts = np.linspace(0, len(positive), min(_SCORE_BINS, len(positive)), endpoint=False)
    bounds = np.unique(positive[starts.astype(np.int64)])
    lowest = bounds[0] if len(bounds) else np.inf
    found: list[Any] = []
    cells: list[Any] = []
    for rows in row_blocks(true.shape[0], max(true.shape[1], len(bounds))):
        block = np.asarray(scores[rows])
        for counts, (row, column) in (
            (found, true[rows].nonzero()),
            (cells, np.nonzero(block >= lowest)),
        ):
            counts.append(_count(row, block[row, column], bounds, len(block)))
    both: Any = vstack([vstack(found).T, vstack(cells).T])
    return both.tocsr().astype(np.float64)


def _count(
    row: NDArray[Any], scores: NDArray[Any], bounds: NDArray[Any], documents: int
) -> csr_array[np.int64]:
    """Return (documents, K) counts of scores by step, the highest first."""
    step = len(bounds) - np.searchsorted(bounds, scores, side="right")
    counts = np.bincount(row * len(bounds) + step, minlength=documents * len(bounds))
    return csr_array(counts.reshape(documents, len(bounds)))


def _average_precision(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """steps: (2 K, S) true cells and all cells, from the highest step down."""
    gained, cells = np.split(steps, 2)
    found = np.cumsum(gained, axis=0)
    precision = _ratio(found, np.cumsum(cells, axis=0))
    return _ratio((gained * precision).sum(axis=0), gained.sum(axis=0))

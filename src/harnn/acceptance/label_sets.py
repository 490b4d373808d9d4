"""Sets of labels that hold all true labels of a document, as often as was asked for.

Split conformal prediction, for each level apart: the score of a document is the lowest score of its
true labels on the level, and the set of a new document has all labels that score at least the
k-th highest of these, k = ceil((n + 1) coverage) of n calibration documents. If new documents come
from where those came from, all true labels of a level are in its set with at least that
probability, whatever the scores are worth; bad scores make the sets large, not wrong. It holds over
all documents that have labels on the level, not for each kind of them.

Sets are not closed upward: each level says its own sentence, and ancestors of a label, which have
at least its score, may be missing only where the level above asks for more.

Sources: Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World; for sets of
several labels Cauchois, Gupta and Duchi (2021), Knowing what You Know, JMLR 22; the quantile as in
Angelopoulos and Bates (2021), A Gentle Introduction to Conformal Prediction, arXiv 2107.07511.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.acceptance.curve import check_target
from harnn.acceptance.interval import Interval
from harnn.counting import as_binary, check_same_shape
from harnn.taxonomy import Hierarchy


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSizes:
    """How many labels the sets of a level have."""

    mean: float
    median: float
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSets:
    """The sets of one level."""

    level: int
    """1 is the top."""
    documents: int
    """Calibration documents, those with a label on the level."""
    threshold: float
    """Labels scored at least this are in the set; 0: all of them, because there are too few
    documents to leave any out."""
    sizes: SetSizes
    """On the calibration documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSets:
    """Label sets by level with their coverage; built by :func:`make_label_sets`."""

    coverage: float
    """How often all true labels of a level are in its set, at least; above 0 and below 1."""
    levels: tuple[LevelSets, ...]

    def __post_init__(self) -> None:
        check_target(self.coverage)
        if any(not 0 <= each.threshold <= 1 for each in self.levels):
            raise ValueError("Expected thresholds from 0 to 1.")

    def choose(self, scores: NDArray[np.float32], hierarchy: Hierarchy) -> csr_array[np.bool_]:
        """Return the sets, (N, C), of scores (N, C), closed upward.

        Raises:
            ValueError: scores or sets are of another number of labels or levels.
        """
        return _above(scores, [each.threshold for each in self.levels], hierarchy)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMetrics:
    """What sets did on labelled documents that they were not made from."""

    level: int
    covered: Interval | None
    """Documents with all true labels of the level in its set, of those that have some; None where
    no document has."""
    sizes: SetSizes | None
    """Of the sets of these documents."""


def make_label_sets(
    scores: NDArray[np.float32], targets: Any, hierarchy: Hierarchy, coverage: float
) -> LabelSets:
    """Choose the thresholds of sets on labelled documents.

    scores: (N, C), closed upward as answers show them; targets: (N, C) label sets, sparse, closed
    upward; coverage: above 0 and below 1.

    Raises:
        ValueError: shapes differ, or *coverage* is out of range.
    """
    check_target(coverage)
    lowest = _lowest_true(scores, targets, hierarchy)
    thresholds = [_threshold(own[~np.isnan(own)], coverage) for own in lowest.T]
    sizes = _sizes(_above(scores, thresholds, hierarchy), ~np.isnan(lowest), hierarchy)
    empty = SetSizes(mean=0.0, median=0.0, largest=0)
    return LabelSets(
        coverage=coverage,
        levels=tuple(
            LevelSets(
                level=level,
                documents=int(np.count_nonzero(~np.isnan(own))),
                threshold=threshold,
                sizes=of_level or empty,
            )
            for level, (own, threshold, of_level) in enumerate(
                zip(lowest.T, thresholds, sizes, strict=True), start=1
            )
        ),
    )


def measure_label_sets(
    sets: LabelSets, scores: NDArray[np.float32], targets: Any, hierarchy: Hierarchy
) -> tuple[SetMetrics, ...]:
    """Return how often sets hold all true labels of each level, and how large they are.

    scores, targets: (N, C) of other documents than those that the sets were made from.

    Raises:
        ValueError: shapes differ.
    """
    lowest = _lowest_true(scores, targets, hierarchy)
    sizes = _sizes(sets.choose(scores, hierarchy), ~np.isnan(lowest), hierarchy)
    found = []
    for each, own, of_level in zip(sets.levels, lowest.T, sizes, strict=True):
        known = own[~np.isnan(own)]
        covered = int(np.count_nonzero(known >= np.float32(each.threshold)))
        interval = Interval(covered, len(known)) if len(known) else None
        found.append(SetMetrics(level=each.level, covered=interval, sizes=of_level))
    return tuple(found)


def documents_needed_for_sets(coverage: float) -> int:
    """Return how many documents with a label it takes to leave any label out of a set.

    Raises:
        ValueError: *coverage* is not above 0 and below 1.
    """
    check_target(coverage)
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def _threshold(lowest: NDArray[np.float32], coverage: float) -> float:
    """Return the score that so many documents reach, and one more: ceil((n + 1) coverage)."""
    rank = math.ceil((len(lowest) + 1) * coverage - 1e-9)
    if rank > len(lowest):
        return 0.0
    return float(str(np.sort(lowest)[len(lowest) - rank]))


def _lowest_true(
    scores: NDArray[np.float32], targets: Any, hierarchy: Hierarchy
) -> NDArray[np.float32]:
    """Return the lowest score of the true labels of each level, (N, L); NaN without any."""
    check_same_shape(scores=scores, targets=targets)
    hierarchy.check_columns(scores.shape[1])
    true = as_binary(targets)
    rows = np.repeat(np.arange(len(scores)), np.diff(true.indptr))
    lowest = np.full((len(scores), hierarchy.depth), np.inf, dtype=np.float32)
    places = (rows, hierarchy.levels[true.indices] - 1)
    np.minimum.at(lowest, places, scores[rows, true.indices])
    lowest[np.isinf(lowest)] = np.nan
    return lowest


def _above(
    scores: NDArray[np.float32], thresholds: Sequence[float], hierarchy: Hierarchy
) -> csr_array[np.bool_]:
    hierarchy.check_columns(scores.shape[1])
    if len(thresholds) != hierarchy.depth:
        raise ValueError(f"Expected sets of {hierarchy.depth} levels, got {len(thresholds)}.")
    least = np.array(thresholds, dtype=np.float32)[hierarchy.levels - 1]
    columns, lengths = [np.empty(0, np.int32)], [np.zeros(1, np.int64)]
    for block in row_blocks(*scores.shape):
        chosen = scores[block] >= least
        columns.append(np.nonzero(chosen)[1].astype(np.int32))
        lengths.append(np.count_nonzero(chosen, axis=1))
    indices, indptr = np.concatenate(columns), np.cumsum(np.concatenate(lengths))
    return csr_array((np.ones(len(indices), np.bool_), indices, indptr), shape=scores.shape)


def _sizes(
    sets: csr_array[np.bool_], with_labels: NDArray[np.bool_], hierarchy: Hierarchy
) -> list[SetSizes | None]:
    """Describe the sets of the documents *with_labels* (N, L) on each level."""
    rows = np.repeat(np.arange(sets.shape[0]), np.diff(sets.indptr))
    counts = np.zeros(with_labels.shape, dtype=np.int64)
    np.add.at(counts, (rows, hierarchy.levels[sets.indices] - 1), 1)
    found: list[SetSizes | None] = []
    for own, chosen in zip(counts.T, with_labels.T, strict=True):
        known = own[chosen]
        found.append(
            SetSizes(
                mean=float(known.mean()), median=float(np.median(known)), largest=int(known.max())
            )
            if len(known)
            else None
        )
    return found

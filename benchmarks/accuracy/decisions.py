"""From scores to label sets: rules whose numbers are tuned on validation, alike for all methods.

Scores here are closed upward: no label is below one of its descendants. Thresholds are chosen on
validation only; which rule is used is chosen there too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn.counting import counts_at_thresholds
from harnn.decode import tune_threshold
from harnn.metrics import prf
from harnn.taxonomy import Taxonomy

FOLDS = 3
MIN_POSITIVES = (1, 2, 3, 5, 8, 15, 30)
FBR = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_MACRO_CANDIDATES = 40

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """Scores of some documents with what is true."""

    values: Scores
    """(N, C), closed upward."""
    best: csr_array
    """(N, C) bool: the best most specific label of each document with its ancestors."""
    targets: csr_array
    """(N, C) bool, closed upward."""

    def take(self, rows: NDArray[Any]) -> Scored:
        return Scored(self.values[rows], self.best[rows], self.targets[rows])


@dataclass(frozen=True)
class Rule:
    """A way from scores to sets, with its numbers."""

    name: str
    threshold: float | NDArray[np.float32]
    """One for all labels, or (C,)."""
    best: str = "never"
    """When the best most specific label is chosen whatever its score: never, empty, always."""

    def apply(self, scored: Scored, taxonomy: Taxonomy) -> csr_array:
        """Return the labels chosen, (N, C) bool, closed upward."""
        chosen = csr_array(scored.values >= self.threshold)
        if self.best == "always":
            chosen = csr_array((chosen + scored.best).astype(np.bool_))
        elif self.best == "empty":
            empty = np.diff(chosen.indptr) == 0
            added = scored.best.multiply(empty[:, np.newaxis]).tocsr()
            chosen = csr_array((chosen + csr_array(added)).astype(np.bool_))
        return taxonomy.hierarchy.close_sets(chosen) if np.ndim(self.threshold) else chosen

    def describe(self) -> dict[str, Any]:
        """Return the name, and the threshold where it is one number, for JSON."""
        if np.ndim(self.threshold):
            return {"rule": self.name}
        return {"rule": self.name, "threshold": float(self.threshold)}


def best_paths(
    raw: Scores, terminal: NDArray[np.int64], taxonomy: Taxonomy, targets: csr_array
) -> csr_array:
    """Return (N, C) bool: of each document the best of the columns *terminal*, closed upward.

    raw: (N, C) scores before they are closed upward, where a parent may be below its child.
    """
    rows = np.arange(len(raw))
    columns = terminal[np.argmax(raw[:, terminal], axis=1)]
    ones = np.ones(len(raw), dtype=np.bool_)
    best = csr_array((ones, (rows, columns)), shape=targets.shape)
    return taxonomy.hierarchy.close_sets(best)


def tune_micro(valid: Scored) -> list[tuple[Rule, float]]:
    """Return the three rules, each with the threshold of its best micro-F1 on validation."""
    plain = tune_threshold(valid.values, valid.targets)
    with_empty = _tune_where_empty(valid)
    lifted = valid.values.copy()
    row, column = valid.best.nonzero()
    lifted[row, column] = np.float32(valid.values.max(initial=0.0) + 1)
    always = tune_threshold(lifted, valid.targets)
    return [
        (Rule("threshold", plain.threshold), plain.micro_f1),
        (Rule("threshold, best where empty", with_empty[0], "empty"), with_empty[1]),
        (Rule("threshold and best", always.threshold, "always"), always.micro_f1),
    ]


def _tune_where_empty(valid: Scored) -> tuple[float, float]:
    """Tune the threshold where documents without any label get their best one, exactly."""
    counts = counts_at_thresholds(valid.values, valid.targets)
    if not counts.positives:
        return 0.5, 0.0
    highest = valid.values.max(axis=1)
    order = np.argsort(highest)
    hits = np.asarray(valid.best.multiply(valid.targets).sum(axis=1)).ravel()[order]
    sizes = np.diff(valid.best.indptr)[order]
    empty = np.searchsorted(highest[order], counts.thresholds, side="left")
    hits, sizes = (np.concatenate([[0], np.cumsum(x)])[empty] for x in (hits, sizes))
    found = counts.positives_at_least + hits
    f1 = 2 * found / (counts.cells_at_least + sizes + counts.positives)
    best = int(np.argmax(f1))
    return float(counts.thresholds[best]), float(f1[best])


def tune_macro(
    valid: Scored, taxonomy: Taxonomy, *, natural: float | None = None
) -> tuple[Rule, float]:
    """Choose the rule for macro-F1 by cross-validation inside validation; tune it on all of it.

    Rules: one threshold for all; a threshold per label for labels with enough positives and the
    best common one for the others; SCutFBR (Lewis et al. 2004; Fan and Lin 2007): a threshold
    per label, and the highest score seen where the F1 it reaches is less than ``fbr``; the
    threshold that the method itself ships. Returns the rule and its cross-validated macro-F1.
    """
    makers = _makers(natural)
    folds = np.random.default_rng(0).integers(0, FOLDS, len(valid.values))
    order = np.argsort(folds, kind="stable")
    chosen: dict[str, list[csr_array]] = {name: [] for name in makers}
    for fold in range(FOLDS):
        outside, tuned = valid.take(folds == fold), _Tuned(valid.take(folds != fold))
        for name, make in makers.items():
            chosen[name].append(make(tuned).apply(outside, taxonomy))
    targets = valid.targets[order]
    reached = {
        name: prf(csr_array(vstack(sets)), targets).macro.f1 for name, sets in chosen.items()
    }
    best = max(reached, key=lambda name: reached[name])
    return makers[best](_Tuned(valid)), reached[best]


class _Tuned:
    """What all rules of one tuning share."""

    def __init__(self, scored: Scored) -> None:
        self.common_micro = tune_threshold(scored.values, scored.targets).threshold
        self.common_macro = _tune_common_macro(scored)
        self.thresholds, self.f1, self.highest = tune_each(scored)
        self.positives = np.bincount(scored.targets.indices, minlength=scored.targets.shape[1])


def _makers(natural: float | None) -> dict[str, Callable[[_Tuned], Rule]]:
    thresholds: dict[str, Callable[[_Tuned], float | NDArray[np.float32]]] = {
        "one threshold for macro-F1": lambda tuned: tuned.common_macro
    }
    for least in MIN_POSITIVES:
        thresholds[f"per label from {least} positives"] = partial(_own_where_frequent, least)
    for fbr in FBR:
        thresholds[f"SCutFBR {fbr}"] = partial(_own_where_good, fbr)
    if natural is not None:
        thresholds["as shipped"] = lambda _: natural
    return {
        name + suffix: partial(_make, name + suffix, threshold, best)
        for best, suffix in (("never", ""), ("always", " and best"))
        for name, threshold in thresholds.items()
    }


def _own_where_frequent(least: int, tuned: _Tuned) -> NDArray[np.float32]:
    return np.where(tuned.positives >= least, tuned.thresholds, tuned.common_macro)


def _own_where_good(fbr: float, tuned: _Tuned) -> NDArray[np.float32]:
    return np.where(tuned.f1 >= fbr, tuned.thresholds, tuned.highest)


def _make(
    name: str,
    threshold: Callable[[_Tuned], float | NDArray[np.float32]],
    best: str,
    tuned: _Tuned,
) -> Rule:
    return Rule(name, threshold(tuned), best)


def tune_each(scored: Scored) -> tuple[Scores, NDArray[np.float64], Scores]:
    """Return per label (C,) the threshold of its best F1, that F1, and its highest score."""
    labels = scored.values.shape[1]
    thresholds, f1 = np.empty(labels, dtype=np.float32), np.zeros(labels)
    highest = np.nextafter(scored.values.max(axis=0), np.float32(np.inf))
    by_label = scored.targets.tocsc()
    for column in range(labels):
        true = by_label.indices[by_label.indptr[column] : by_label.indptr[column + 1]]
        thresholds[column] = highest[column]
        if len(true):
            thresholds[column], f1[column] = _tune_one(scored.values[:, column], true)
    return thresholds, f1, highest


def _tune_one(values: Scores, true: NDArray[Any]) -> tuple[float, float]:
    """Return the threshold halfway below the score with the best F1, and that F1."""
    ordered = np.sort(values)
    wanted = np.sort(values[true])[::-1]
    predicted = len(ordered) - np.searchsorted(ordered, wanted, side="left")
    hits = len(wanted) - np.searchsorted(wanted[::-1], wanted, side="left")
    f1 = 2 * hits / (predicted + len(wanted))
    best = int(np.argmax(f1))
    position = int(np.searchsorted(ordered, wanted[best], side="left"))
    lower = ordered[position - 1] if position else wanted[best]
    middle = np.float32((float(wanted[best]) + float(lower)) / 2)
    return float(middle if lower < middle else wanted[best]), float(f1[best])


def _tune_common_macro(scored: Scored) -> float:
    """Return the best for macro-F1 of some thresholds, quantiles of the scores of true cells."""
    row, column = scored.targets.nonzero()
    scores = scored.values[row, column]
    if not len(scores):
        return 0.5
    candidates = np.unique(np.quantile(scores, np.linspace(0.01, 0.95, _MACRO_CANDIDATES)))
    reached = [
        prf(csr_array(scored.values >= candidate), scored.targets).macro.f1
        for candidate in candidates
    ]
    return float(candidates[int(np.argmax(reached))])

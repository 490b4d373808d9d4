"""Compare the figures of documents that came with those of documents that a model learned from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harnn.languages import WRITINGS
from harnn.metrics import (
    benjamini_hochberg,
    histogram_shift,
    mean_distance,
    newcombe_interval,
    share_p_values,
)
from harnn.taxonomy import Taxonomy
from harnn.watching.drift import Bins, Drift, Figure, Finding, MovedLabel, judge
from harnn.watching.figures import LABEL_GROUPS, LENGTH_STARTS, SCORE_BINS, Figures

ERROR = 0.05
"""How often any interval of a comparison may miss."""
LEAST_RATIO = 1.5
"""Of the shares of a label then and now, in either direction, from which on it has moved."""
_STANDARD = NormalDist()
_SCORE_STARTS = tuple(place / SCORE_BINS for place in range(SCORE_BINS))
_RISEN = 0.05
"""By which a writing must be more frequent to be named in place of the commonest."""
_SEEN_FROM = 0.2
"""Share of the documents that have a label, from which on it must be seen when it is gone."""


def compare_figures(
    before: Figures, now: Figures, taxonomy: Taxonomy, label_counts: NDArray[np.int64]
) -> Drift:
    """Compare figures of the same model; label_counts: (C,) its training documents.

    All intervals hold together 95 of 100 times (Bonferroni). Labels and documents without one are
    compared where they were chosen alike, see :attr:`harnn.watching.Figures.choosing`.

    Raises:
        ValueError: the figures are not of this taxonomy, or of no document.
    """
    size = len(taxonomy)
    if {len(before.given), len(now.given), len(label_counts)} != {size}:
        raise ValueError(f"Expected figures of {size:,} labels.")
    if not before.documents or not now.documents:
        raise ValueError("Expected figures of at least one document each.")
    comparison = _Comparison(before, now, taxonomy, label_counts)
    return comparison.drift()


def have_moved(before: Figures, now: Figures, columns: slice, error: float) -> MovedOf:
    """Test which of some labels are given so much more or less often; error: of all together."""
    n, m = before.chosen, now.chosen
    then, today = before.given[columns], now.given[columns]
    adjusted = benjamini_hochberg(share_p_values(then, n, today, m))
    ratios = np.log((today + 0.5) / (m + 1)) - np.log((then + 0.5) / (n + 1))
    return MovedOf((adjusted <= error) & (np.abs(ratios) >= math.log(LEAST_RATIO)), adjusted)


class MovedOf(NamedTuple):
    """Labels of a level."""

    moved: NDArray[np.bool_]
    p_values: NDArray[np.float64]
    """Adjusted for all of them."""


def error_of_each(before: Figures, now: Figures, depth: int) -> float:
    """Return how often each interval of a comparison may miss, so that all hold together."""
    findings = 4 + 2 * depth + len({*before.empty_fields, *now.empty_fields})
    findings += have_vectors(before, now)
    if are_alike(before, now):
        findings += (1 + depth) * (1 + (before.f1 is not None and now.f1 is not None))
    return ERROR / findings


def are_alike(before: Figures, now: Figures) -> bool:
    """Whether labels were chosen in one way, so that how often they are given can be compared."""
    return before.choosing == now.choosing and min(before.chosen, now.chosen) > 0


def have_vectors(before: Figures, now: Figures) -> bool:
    """Whether there are vectors of one kind that can be compared."""
    return (
        before.vectors is not None
        and now.vectors is not None
        and before.vector_kind == now.vector_kind
        and before.vectors.sums.shape == now.vectors.sums.shape
        and min(before.documents, now.documents) > 1
    )


class _Comparison:
    """Makes all findings, with the share of the error that is left for each."""

    def __init__(
        self, before: Figures, now: Figures, taxonomy: Taxonomy, label_counts: NDArray[np.int64]
    ) -> None:
        self._before, self._now = before, now
        self._taxonomy, self._label_counts = taxonomy, label_counts
        self._both = min(before.documents, now.documents)
        self._alike = are_alike(before, now)
        self._fields = sorted({*before.empty_fields, *now.empty_fields})
        self._has_vectors = have_vectors(before, now)
        self._has_f1 = before.f1 is not None and now.f1 is not None and self._alike
        self._error = error_of_each(before, now, taxonomy.depth)

    def drift(self) -> Drift:
        labels: list[MovedLabel] = []
        findings = [*self._of_texts(), *self._of_answers(labels)]
        if self._has_f1:
            findings += self._of_f1()
        labels.sort(key=lambda each: (each.p_value, -abs(each.now - each.before)))
        return Drift(
            before=self._before.documents,
            documents=self._now.documents,
            findings=tuple(findings),
            labels=tuple(labels),
        )

    def _of_texts(self) -> Iterator[Finding]:
        before, now = self._before, self._now
        yield self._ratio("unknown_words", before.words, now.words)
        yield self._histogram(
            "lengths", before.lengths, now.lengths, shown=(_mean_words(before), _mean_words(now)),
            starts=LENGTH_STARTS,
        )  # fmt: skip
        counts = before.writing_counts(now), now.writing_counts(before)
        shares = [np.array(each) / sum(each) for each in counts]
        rise = shares[1] - shares[0]
        shown = int(np.argmax(rise if rise.max() >= _RISEN else shares[0]))
        yield self._histogram(
            "writings", *counts, shown=(float(shares[0][shown]), float(shares[1][shown])),
            most_bins=None, name=WRITINGS[shown], starts=WRITINGS,
        )  # fmt: skip
        for name in self._fields:
            first, second = (each.empty_fields.get(name, each.documents) for each in (before, now))
            yield self._share("empty_field", first, before.documents, second, now.documents, name)
        if self._has_vectors:
            assert before.vectors is not None
            assert now.vectors is not None
            found = mean_distance(before.vectors, now.vectors, error=self._error)
            yield self._finding("vectors", *found, name=before.vector_kind)

    def _of_answers(self, labels: list[MovedLabel]) -> Iterator[Finding]:
        before, now = self._before, self._now
        if self._alike:
            yield self._share(
                "unlabelled", before.unlabelled, before.chosen, now.unlabelled, now.chosen
            )
        yield self._share(
            "doubtful", before.doubtful, before.documents, now.doubtful, now.documents
        )
        for level, columns in enumerate(self._taxonomy.hierarchy.level_slices, start=1):
            scores = before.scores[level - 1], now.scores[level - 1]
            yield self._histogram(
                "scores", *scores, shown=(_mean_score(scores[0]), _mean_score(scores[1])),
                level=level, starts=_SCORE_STARTS,
            )  # fmt: skip
            order = np.argsort(-self._label_counts[columns], kind="stable")
            best = before.best[columns][order], now.best[columns][order]
            yield self._histogram("label_mix", *best, most_bins=LABEL_GROUPS, level=level)
            if self._alike:
                yield self._labels(level, columns, labels)

    def _of_f1(self) -> Iterator[Finding]:
        assert self._before.f1 is not None
        assert self._now.f1 is not None
        for level, (first, second) in enumerate(zip(self._before.f1, self._now.f1, strict=True)):
            yield self._ratio("f1", first, second, level=level or None)

    def _labels(self, level: int, columns: slice, labels: list[MovedLabel]) -> Finding:
        """Count the labels of a level that moved, and add them to *labels*."""
        n, m = self._before.chosen, self._now.chosen
        counts = self._before.given[columns], self._now.given[columns]
        moved, adjusted = have_moved(self._before, self._now, columns, self._error)
        z, taxonomy = _STANDARD.inv_cdf(1 - ERROR / 2), self._taxonomy
        for place in np.flatnonzero(moved).tolist():
            then, today = int(counts[0][place]), int(counts[1][place])
            low, high = newcombe_interval(today, m, then, n, z=z)
            labels.append(
                MovedLabel(
                    label=taxonomy.codes[columns.start + place],
                    name=taxonomy.names[columns.start + place],
                    path=tuple(
                        taxonomy.names[above]
                        for above in taxonomy.path(columns.start + place).tolist()[:-1]
                    ),
                    level=level,
                    before=then / n,
                    now=today / m,
                    low=low,
                    high=high,
                    p_value=float(adjusted[place]),
                )
            )
        size = len(adjusted)
        documents = math.log(2 * size / self._error) / -math.log(n / (n + m))
        seen_from = documents / n
        few = min(n, m, self._both)
        return self._finding(
            "labels", float(moved.sum()), 1.0 if moved.any() else 0.0,
            0.0 if seen_from <= _SEEN_FROM else math.inf, level=level, documents=few,
            more={"of": size, "seen_from": min(1.0, seen_from)},
        )  # fmt: skip

    def _ratio(self, figure: Figure, before: Any, now: Any, level: int | None = None) -> Finding:
        change = before.change_to(now, error=self._error)
        if change is None:
            return self._finding(figure, 0.0, 0.0, math.inf, level=level, signed=True)
        shown = (before.value, now.value)
        return self._finding(figure, *change, shown=shown, level=level, signed=True)

    def _share(
        self, figure: Figure, before: int, n: int, now: int, m: int, name: str = ""
    ) -> Finding:
        z = _STANDARD.inv_cdf(1 - self._error / 2)
        low, high = newcombe_interval(now, m, before, n, z=z)
        shown, few = (before / n, now / m), min(n, m)
        return self._finding(
            figure, now / m - before / n, low, high,
            shown=shown, name=name, signed=True, documents=few,
        )  # fmt: skip

    def _histogram(
        self,
        figure: Figure,
        before: ArrayLike,
        now: ArrayLike,
        *,
        shown: tuple[float | None, float | None] = (None, None),
        most_bins: int | None = 10,
        level: int | None = None,
        name: str = "",
        starts: tuple[float | str, ...] = (),
    ) -> Finding:
        """starts: of the bins, where people may look at them."""
        found = histogram_shift(before, now, error=self._error, most_bins=most_bins)
        ordered = figure in ("lengths", "scores")
        more = {"ks_distance": found.distance, "ks_p_value": found.p_value} if ordered else {}
        bins = [tuple(np.asarray(each, np.int64).tolist()) for each in (before, now)]
        return self._finding(
            figure, *found[:3], shown=shown, level=level, name=name, more=more,
            bins=Bins(starts, *bins) if starts else None,
        )  # fmt: skip

    def _finding(
        self,
        figure: Figure,
        change: float,
        low: float,
        high: float,
        *,
        shown: tuple[float | None, float | None] = (None, None),
        level: int | None = None,
        name: str = "",
        signed: bool = False,
        documents: int | None = None,
        more: dict[str, float] | None = None,
        bins: Bins | None = None,
    ) -> Finding:
        """signed: whether a change may go up or down."""
        documents = self._both if documents is None else documents
        return Finding(
            figure=figure,
            level=level,
            name=name,
            before=shown[0],
            now=shown[1],
            change=change,
            low=low,
            high=high,
            verdict=judge(figure, change, low, high, documents, signed=signed),
            more=more or {},
            bins=bins,
        )


def _mean_words(figures: Figures) -> float:
    return figures.words.bottoms / figures.documents


def _mean_score(counts: NDArray[np.int64]) -> float:
    """Return the mean of scores in bins, each standing for its middle."""
    return float((np.arange(SCORE_BINS) + 0.5) @ counts / SCORE_BINS / max(counts.sum(), 1))

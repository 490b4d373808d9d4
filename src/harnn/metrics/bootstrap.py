"""Whether models differ by more than the choice of documents would explain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.counting import as_binary, check_same_shape
from harnn.metrics.resampling import Answers, Resampling, Statistics, draw
from harnn.metrics.several_tests import holm
from harnn.taxonomy import Taxonomy

_NOTHING = 1e-12
"""Differences below it are the rounding of equal numbers."""
_MEASURES = ("micro_f1", "macro_f1", "hierarchical_f1", "auprc", "exact_match")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A measure of both models, and how sure their difference is."""

    measure: str
    """Its name in :class:`harnn.metrics.Report`."""
    first: float
    second: float
    difference: float
    """Second less first."""
    low: float
    """The interval from here"""
    high: float
    """to here holds 95% of the resampled differences."""
    p_value: float
    """Two-sided; small where resampled differences hardly ever have the other sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDifference:
    """The difference on one level."""

    level: int
    """1 is the top."""
    name: str
    micro_f1: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the same documents."""

    documents: int
    samples: int
    seed: int
    measures: tuple[Difference, ...]
    levels: tuple[LevelDifference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = dataclasses.asdict(self)
        return plain | {"measures": list(plain["measures"]), "levels": list(plain["levels"])}


def compare(
    first: Answers,
    second: Answers,
    targets: Any,
    taxonomy: Taxonomy,
    *,
    resampling: Resampling | None = None,
) -> Comparison:
    """Compare two models by a paired bootstrap over documents.

    targets: (N, C) label sets, sparse, closed upward. As many documents as there are are drawn with
    replacement, the same ones for both models, and all measures computed on them. The interval is
    that of the 2.5 and 97.5 percentiles of the differences; the p-value is twice the share of
    differences that are 0 or of the sign that fewer have, counted with one more of them, and never
    above 1. Resampled differences are first moved so that their mean is the difference on all
    documents: a resample lacks some rare labels, which makes every macro-F1 too low.

    AUPRC is there if both have scores. It is exact on all documents; on resamples scores are read
    in about a thousand steps with equally many true cells in each, so that a document is told by
    how many cells of it lie in each step.

    Raises:
        ValueError: shapes differ, a score is NaN, or there is no document.
    """
    check_same_shape(first=first.predictions, second=second.predictions, targets=targets)
    with_scores = first.scores is not None and second.scores is not None
    models = [
        _sample(answers, targets, taxonomy, resampling, with_scores=with_scores)
        for answers in (first, second)
    ]
    return _compare(models[0], models[1], targets, taxonomy, resampling or Resampling())


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measure of one model, and how sure it is."""

    measure: str
    """Its name in :class:`harnn.metrics.Report`."""
    value: float
    low: float
    """The interval from here"""
    high: float
    """to here holds 95% of the resampled values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One of several models."""

    name: str
    with_scores: bool
    """Whether it has scores of all labels; without them there is no AUPRC of it."""
    measures: tuple[Estimate, ...]
    levels: tuple[Estimate, ...]
    """Micro-F1 of each level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two of several models."""

    first: int
    """Position of the model."""
    second: int
    comparison: Comparison
    adjusted: Mapping[str, float]
    """p-values by measure, adjusted for all pairs, see :func:`harnn.metrics.holm`."""
    adjusted_levels: tuple[float, ...]
    """The same of the micro-F1 of each level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralComparison:
    """Several models on the same documents, and each pair of them."""

    documents: int
    samples: int
    seed: int
    systems: tuple[System, ...]
    pairs: tuple[Pair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; pairs name their models."""
        names = [system.name for system in self.systems]
        pairs = [
            {
                "first": names[pair.first],
                "second": names[pair.second],
                "adjusted": dict(pair.adjusted),
                "adjusted_levels": list(pair.adjusted_levels),
            }
            | {key: pair.comparison.to_dict()[key] for key in ("measures", "levels")}
            for pair in self.pairs
        ]
        return {
            "documents": self.documents,
            "samples": self.samples,
            "seed": self.seed,
            "systems": [dataclasses.asdict(system) for system in self.systems],
            "pairs": pairs,
        }


def compare_several(
    systems: Iterable[tuple[str, Answers]],
    targets: Any,
    taxonomy: Taxonomy,
    *,
    resampling: Resampling | None = None,
) -> SeveralComparison:
    """Compare each model with each other one as :func:`compare` does, on the same samples.

    systems: names and answers; they are drawn one after the other and not kept, so that scores
    need not be in memory at once. The p-values of a measure are also given as adjusted for all
    pairs. Intervals of single models are moved like those of differences, so that they stand around
    the value on all documents.

    Raises:
        ValueError: shapes differ, a score is NaN, there is no document, or are not two models.
    """
    resampling = resampling or Resampling()
    names, models = [], []
    for name, answers in systems:
        names.append(name)
        models.append(_sample(answers, targets, taxonomy, resampling))
        del answers
    if len(models) < 2:
        raise ValueError(f"Expected at least two models to compare, got {len(models)}.")
    places = list(combinations(range(len(models)), 2))
    found = [_compare(models[a], models[b], targets, taxonomy, resampling) for a, b in places]
    by_measure: dict[str, dict[int, float]] = {name: {} for name in _MEASURES}
    for place, comparison in enumerate(found):
        for each in comparison.measures:
            by_measure[each.measure][place] = each.p_value
    adjusted = {
        name: dict(zip(p_values, holm(list(p_values.values())).tolist(), strict=True))
        for name, p_values in by_measure.items()
    }
    levels = [
        holm([comparison.levels[level].micro_f1.p_value for comparison in found]).tolist()
        for level in range(taxonomy.depth)
    ]
    return SeveralComparison(
        documents=targets.shape[0],
        samples=resampling.samples,
        seed=resampling.seed,
        systems=tuple(map(_system, names, models)),
        pairs=tuple(
            Pair(
                first=a,
                second=b,
                comparison=comparison,
                adjusted={name: p[place] for name, p in adjusted.items() if place in p},
                adjusted_levels=tuple(p[place] for p in levels),
            )
            for place, ((a, b), comparison) in enumerate(zip(places, found, strict=True))
        ),
    )


def estimate(
    answers: Answers, targets: Any, taxonomy: Taxonomy, *, resampling: Resampling | None = None
) -> System:
    """Return the measures of one model with intervals, see :func:`compare_several`.

    Raises:
        ValueError: shapes differ, a score is NaN, or there is no document.
    """
    return _system("", _sample(answers, targets, taxonomy, resampling))


@dataclass(frozen=True, slots=True, eq=False)
class _Sampled:
    """The measures of one model on all documents, and on each sample of them."""

    observed: dict[str | int, float]
    """Also the micro-F1 of levels, by position from 0."""
    drawn: dict[str | int, NDArray[np.float64]]
    """(S,) each."""


def _sample(
    answers: Answers,
    targets: Any,
    taxonomy: Taxonomy,
    resampling: Resampling | None,
    *,
    with_scores: bool = True,
) -> _Sampled:
    check_same_shape(predictions=answers.predictions, targets=targets)
    true = as_binary(targets)
    if not true.shape[0]:
        raise ValueError("Expected at least one document.")
    hierarchy = taxonomy.hierarchy
    hierarchy.check_columns(true.shape[1])
    model = Statistics(answers, true, hierarchy, with_scores=with_scores)
    parts = [model.measure(weights) for weights in draw(true.shape[0], resampling or Resampling())]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _Sampled(model.observed(), drawn)


def _compare(
    first: _Sampled, second: _Sampled, targets: Any, taxonomy: Taxonomy, resampling: Resampling
) -> Comparison:
    def difference(name: str | int) -> Difference:
        measure = name if isinstance(name, str) else "micro_f1"
        resampled = second.drawn[name] - first.drawn[name]
        return _difference(measure, first.observed[name], second.observed[name], resampled)

    names = [name for name in _MEASURES if name in first.observed and name in second.observed]
    return Comparison(
        documents=targets.shape[0],
        samples=resampling.samples,
        seed=resampling.seed,
        measures=tuple(difference(name) for name in names),
        levels=tuple(
            LevelDifference(level=level + 1, name=name, micro_f1=difference(level))
            for level, name in enumerate(taxonomy.level_names)
        ),
    )


def _system(name: str, model: _Sampled) -> System:
    estimates = {key: _estimate(key, model) for key in model.observed}
    return System(
        name=name,
        with_scores="auprc" in model.observed,
        measures=tuple(estimates[key] for key in _MEASURES if key in estimates),
        levels=tuple(x for key, x in estimates.items() if isinstance(key, int)),
    )


def _estimate(name: str | int, model: _Sampled) -> Estimate:
    value, drawn = model.observed[name], model.drawn[name]
    low, high = np.quantile(drawn - drawn.mean() + value, [0.025, 0.975]).clip(0, 1)
    measure = name if isinstance(name, str) else "micro_f1"
    return Estimate(measure=measure, value=value, low=float(low), high=float(high))


def _difference(
    measure: str, first: float, second: float, resampled: NDArray[np.float64]
) -> Difference:
    moved = resampled - resampled.mean() + (second - first)
    moved[np.abs(moved) < _NOTHING] = 0.0
    low, high = np.quantile(moved, [0.025, 0.975])
    other_sign = min(np.count_nonzero(moved <= 0), np.count_nonzero(moved >= 0))
    return Difference(
        measure=measure,
        first=first,
        second=second,
        difference=second - first,
        low=float(low),
        high=float(high),
        p_value=min(1.0, 2 * (int(other_sign) + 1) / (len(moved) + 1)),
    )

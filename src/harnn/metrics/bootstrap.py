"""Whether models differ by more than the choice of documents would explain."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harnn.counting import as_binary, check_same_shape
from harnn.metrics.resampling import Answers, Key, Resampling, Statistics, draw
from harnn.metrics.several_tests import holm
from harnn.taxonomy import Taxonomy

ROUNDING = 1e-12
"""Differences and deviations below it are that of equal numbers."""
MEASURES = ("micro_f1", "macro_f1", "hierarchical_f1", "auprc", "exact_match")
LEVEL_MEASURES = ("micro_f1", "macro_f1", "auprc")


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
    """The differences on one level."""

    level: int
    """1 is the top."""
    name: str
    micro_f1: Difference
    macro_f1: Difference
    auprc: Difference | None = None
    """Where both have scores."""

    @property
    def measures(self) -> tuple[Difference, ...]:
        """All that there are."""
        found = (self.micro_f1, self.macro_f1, self.auprc)
        return tuple(each for each in found if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The documents that something was compared on, and how these were sampled."""

    documents: int
    samples: int
    seed: int

    @property
    def least_p_value(self) -> float:
        """What so many samples of documents can tell: no p-value over documents is smaller, before
        it is adjusted."""
        return min(1.0, 2 / (self.samples + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Sampling):
    """Two models on the same documents."""

    measures: tuple[Difference, ...]
    levels: tuple[LevelDifference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = dataclasses.asdict(self) | {"least_p_value": self.least_p_value}
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
    above 1: 2 / (samples + 1) is the smallest that there can be. Resampled differences are first
    moved so that their mean is the difference on all documents: a resample lacks some rare labels,
    which makes every macro-F1 too low.

    AUPRC is there if both have scores. It is exact on all documents; on resamples scores are read
    in about a thousand steps with equally many true cells in each, so that a document is told by
    how many cells of it lie in each step.

    Raises:
        ValueError: shapes differ, a score is NaN, or there is no document.
    """
    check_same_shape(first=first.predictions, second=second.predictions, targets=targets)
    with_scores = first.scores is not None and second.scores is not None
    models = [
        sample_measures(answers, targets, taxonomy, resampling, with_scores=with_scores)
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
    by_level: tuple[tuple[Estimate, ...], ...] = ()
    """Micro-F1, macro-F1 and, with scores, AUPRC of each level."""


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
    adjusted_by_level: tuple[Mapping[str, float], ...] = ()
    """The same of all measures of each level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralComparison(Sampling):
    """Several models on the same documents, and each pair of them."""

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
                "adjusted_by_level": [dict(each) for each in pair.adjusted_by_level],
            }
            | {key: pair.comparison.to_dict()[key] for key in ("measures", "levels")}
            for pair in self.pairs
        ]
        return {
            "documents": self.documents,
            "samples": self.samples,
            "seed": self.seed,
            "least_p_value": self.least_p_value,
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
        models.append(sample_measures(answers, targets, taxonomy, resampling))
        del answers
    if len(models) < 2:
        raise ValueError(f"Expected at least two models to compare, got {len(models)}.")
    places = list(combinations(range(len(models)), 2))
    found = [_compare(models[a], models[b], targets, taxonomy, resampling) for a, b in places]
    adjusted = adjust([each.measures for each in found])
    levels = [
        adjust([each.levels[level].measures for each in found]) for level in range(taxonomy.depth)
    ]
    return SeveralComparison(
        documents=targets.shape[0],
        samples=resampling.samples,
        seed=resampling.seed,
        systems=tuple(
            _system(name, model, taxonomy.depth) for name, model in zip(names, models, strict=True)
        ),
        pairs=tuple(
            Pair(
                first=a,
                second=b,
                comparison=comparison,
                adjusted=adjusted[place],
                adjusted_levels=tuple(level[place]["micro_f1"] for level in levels),
                adjusted_by_level=tuple(level[place] for level in levels),
            )
            for place, ((a, b), comparison) in enumerate(zip(places, found, strict=True))
        ),
    )


class Tested(Protocol):
    """A measure with its p-value."""

    @property
    def measure(self) -> str:
        """Its name."""

    @property
    def p_value(self) -> float | None:
        """0 to 1; None: nothing was tested."""


def adjust(pairs: Sequence[Sequence[Tested]]) -> list[dict[str, float]]:
    """Return the p-values of each pair by measure, adjusted for all pairs that have the measure."""
    by_measure: dict[str, dict[int, float]] = {}
    for place, tests in enumerate(pairs):
        for each in tests:
            if each.p_value is not None:
                by_measure.setdefault(each.measure, {})[place] = each.p_value
    adjusted: list[dict[str, float]] = [{} for _ in pairs]
    for name, p_values in by_measure.items():
        for place, value in zip(p_values, holm(list(p_values.values())).tolist(), strict=True):
            adjusted[place][name] = value
    return adjusted


def estimate(
    answers: Answers, targets: Any, taxonomy: Taxonomy, *, resampling: Resampling | None = None
) -> System:
    """Return the measures of one model with intervals, see :func:`compare_several`.

    Raises:
        ValueError: shapes differ, a score is NaN, or there is no document.
    """
    return _system("", sample_measures(answers, targets, taxonomy, resampling), taxonomy.depth)


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """The measures of one model on all documents, and on each sample of them."""

    observed: dict[Key, float]
    drawn: dict[Key, NDArray[np.float64]]
    """(S,) each."""


def sample_measures(
    answers: Answers,
    targets: Any,
    taxonomy: Taxonomy,
    resampling: Resampling | None,
    *,
    with_scores: bool = True,
) -> Sampled:
    """Return the measures of one model, see :func:`compare`.

    Raises:
        ValueError: shapes differ, a score is NaN, or there is no document.
    """
    check_same_shape(predictions=answers.predictions, targets=targets)
    true = as_binary(targets)
    if not true.shape[0]:
        raise ValueError("Expected at least one document.")
    hierarchy = taxonomy.hierarchy
    hierarchy.check_columns(true.shape[1])
    model = Statistics(answers, true, hierarchy, with_scores=with_scores)
    parts = [model.measure(weights) for weights in draw(true.shape[0], resampling or Resampling())]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Sampled(model.observed(), drawn)


def _compare(
    first: Sampled, second: Sampled, targets: Any, taxonomy: Taxonomy, resampling: Resampling
) -> Comparison:
    def difference(key: Key) -> Difference:
        resampled = second.drawn[key] - first.drawn[key]
        return resampled_difference(
            name_of(key), first.observed[key], second.observed[key], resampled
        )

    levels = []
    for level, name in enumerate(taxonomy.level_names):
        found = {key[0]: difference(key) for key in level_keys(level, first, second)}
        levels.append(LevelDifference(level=level + 1, name=name, **found))
    return Comparison(
        documents=targets.shape[0],
        samples=resampling.samples,
        seed=resampling.seed,
        measures=tuple(difference(key) for key in overall_keys(first, second)),
        levels=tuple(levels),
    )


def overall_keys(*models: Sampled) -> list[Key]:
    """Return the measures of all labels that all of the models have."""
    return [name for name in MEASURES if all(name in model.observed for model in models)]


def level_keys(level: int, *models: Sampled) -> list[tuple[str, int]]:
    """Return the measures of a level, from 0, that all of the models have."""
    keys = [(name, level) for name in LEVEL_MEASURES]
    return [key for key in keys if all(key in model.observed for model in models)]


def name_of(key: Key) -> str:
    """Return the name of a measure, in :class:`harnn.metrics.Report` or its levels."""
    return key if isinstance(key, str) else key[0]


def _system(name: str, model: Sampled, depth: int) -> System:
    levels = [
        tuple(_estimate(key, model) for key in level_keys(level, model)) for level in range(depth)
    ]
    return System(
        name=name,
        with_scores="auprc" in model.observed,
        measures=tuple(_estimate(key, model) for key in overall_keys(model)),
        levels=tuple(estimates[0] for estimates in levels),
        by_level=tuple(levels),
    )


def _estimate(key: Key, model: Sampled) -> Estimate:
    value, drawn = model.observed[key], model.drawn[key]
    low, high = np.quantile(drawn - drawn.mean() + value, [0.025, 0.975]).clip(0, 1)
    return Estimate(measure=name_of(key), value=value, low=float(low), high=float(high))


def resampled_difference(
    measure: str, first: float, second: float, resampled: NDArray[np.float64]
) -> Difference:
    """Return a difference with its interval and p-value, see :func:`compare`; resampled: (S,)."""
    moved = resampled - resampled.mean() + (second - first)
    moved[np.abs(moved) < ROUNDING] = 0.0
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

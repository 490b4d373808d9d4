"""Whether methods differ, each of which trained several models with other seeds."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from harnn.metrics.bootstrap import (
    ROUNDING,
    Sampled,
    Sampling,
    adjust,
    level_keys,
    name_of,
    overall_keys,
    resampled_difference,
    sample_measures,
)
from harnn.metrics.resampling import Answers, Key, Resampling
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodEstimate:
    """A measure of the models of one method, 0 to 1."""

    measure: str
    """Its name in :class:`harnn.metrics.Report`."""
    mean: float
    deviation: float | None
    """The standard deviation between the models, with n - 1; None: there is one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """Models that differ in their seed alone."""

    name: str
    models: int
    measures: tuple[MethodEstimate, ...]
    levels: tuple[tuple[MethodEstimate, ...], ...]
    """Micro-F1, macro-F1 and, where all models have scores, AUPRC of each level."""

    @property
    def seeds_differ(self) -> bool:
        """Whether its models say different things, as far as the measures tell."""
        every = (*self.measures, *(each for level in self.levels for each in level))
        return any(each.deviation for each in every)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDifference:
    """The mean of one measure over the models of two methods, and how sure their difference is."""

    measure: str
    """Its name in :class:`harnn.metrics.Report`."""
    first: float
    second: float
    difference: float
    """Second less first."""
    low: float
    """Over other documents, with these models: the interval from here"""
    high: float
    """to here holds 95% of the resampled differences."""
    documents_p_value: float
    """Two-sided, of the paired bootstrap of documents."""
    seeds_low: float | None
    """Over other seeds, on these documents: the 95% interval from here"""
    seeds_high: float | None
    """to here; None where the models of neither method differ, or a method has one model."""
    seeds_p_value: float | None
    """Two-sided, of Welch's t-test."""

    @property
    def p_value(self) -> float | None:
        """The larger of both, so that a small one says both: it holds for other documents, and
        for other seeds."""
        if self.seeds_p_value is None:
            return None
        return max(self.documents_p_value, self.seeds_p_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPair:
    """Two of the methods."""

    first: int
    """Position of the method."""
    second: int
    measures: tuple[MethodDifference, ...]
    levels: tuple[tuple[MethodDifference, ...], ...]
    adjusted: Mapping[str, float]
    """The larger p-values by measure, adjusted for all pairs, see :func:`harnn.metrics.holm`."""
    adjusted_levels: tuple[Mapping[str, float], ...]
    """The same of the measures of each level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsComparison(Sampling):
    """Several methods on the same documents, and each pair of them."""

    level_names: tuple[str, ...]
    methods: tuple[Method, ...]
    pairs: tuple[MethodPair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; pairs name their methods."""
        names = [method.name for method in self.methods]
        pairs = [
            {
                "first": names[pair.first],
                "second": names[pair.second],
                "measures": _plain(pair.measures),
                "levels": [_plain(level) for level in pair.levels],
                "adjusted": dict(pair.adjusted),
                "adjusted_levels": [dict(level) for level in pair.adjusted_levels],
            }
            for pair in self.pairs
        ]
        return {
            "documents": self.documents,
            "samples": self.samples,
            "seed": self.seed,
            "least_p_value": self.least_p_value,
            "level_names": list(self.level_names),
            "methods": [
                dataclasses.asdict(method)
                | {
                    "measures": [dataclasses.asdict(each) for each in method.measures],
                    "levels": [[dataclasses.asdict(x) for x in level] for level in method.levels],
                }
                for method in self.methods
            ],
            "pairs": pairs,
        }


def compare_methods(
    methods: Iterable[tuple[str, Iterable[Answers]]],
    targets: Any,
    taxonomy: Taxonomy,
    *,
    resampling: Resampling | None = None,
) -> MethodsComparison:
    """Compare methods by all models that each trained, on the same documents.

    methods: the name of each, and what each of its models answers, drawn one after the other and
    not kept. targets: (N, C) label sets, sparse, closed upward. What differs is the mean of a
    measure over the models of a method, and there are two ways in which that may be chance:

    - other documents: the paired bootstrap of :func:`compare`, of the difference of the means of
      these models
    - other seeds: Welch's t-test of the models' measures on these documents, with unequal
      variances and unpaired, since the same seed makes nothing alike in two methods

    Neither tells of the other. A difference that shall hold for both needs both to be small, which
    the larger of the two p-values says (an intersection-union test); of several pairs it is
    adjusted as by :func:`compare_several`. With two models a method the t-test has hardly any
    power; five are usual.

    Raises:
        ValueError: shapes differ, a score is NaN, there is no document, a method has no model, or
            there are not two methods.

    Source: Welch (1947), The generalization of Student's problem when several different population
    variances are involved; Berger (1982), Multiparameter hypothesis testing and acceptance
    sampling.
    """
    resampling = resampling or Resampling()
    names, found = [], []
    for name, every in methods:
        models = []
        for answers in every:
            models.append(sample_measures(answers, targets, taxonomy, resampling))
            del answers
        if not models:
            raise ValueError(f"Expected a model or more of method {name!r}, got none.")
        names.append(name)
        found.append(models)
    if len(found) < 2:
        raise ValueError(f"Expected at least two methods to compare, got {len(found)}.")
    depth = range(taxonomy.depth)
    places = list(combinations(range(len(found)), 2))
    measures, levels = [], []
    for a, b in places:
        both = (*found[a], *found[b])
        measures.append(tuple(_difference(key, found[a], found[b]) for key in overall_keys(*both)))
        levels.append(
            tuple(
                tuple(_difference(key, found[a], found[b]) for key in level_keys(level, *both))
                for level in depth
            )
        )
    adjusted = adjust(measures)
    by_level = [adjust([each[level] for each in levels]) for level in depth]
    return MethodsComparison(
        documents=targets.shape[0],
        samples=resampling.samples,
        seed=resampling.seed,
        level_names=tuple(taxonomy.level_names),
        methods=tuple(
            Method(
                name=name,
                models=len(models),
                measures=tuple(_estimate(key, models) for key in overall_keys(*models)),
                levels=tuple(
                    tuple(_estimate(key, models) for key in level_keys(level, *models))
                    for level in depth
                ),
            )
            for name, models in zip(names, found, strict=True)
        ),
        pairs=tuple(
            MethodPair(
                first=a,
                second=b,
                measures=measures[place],
                levels=levels[place],
                adjusted=adjusted[place],
                adjusted_levels=tuple(level[place] for level in by_level),
            )
            for place, (a, b) in enumerate(places)
        ),
    )


def _plain(differences: Sequence[MethodDifference]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(each) | {"p_value": each.p_value} for each in differences]


def _estimate(key: Key, models: Sequence[Sampled]) -> MethodEstimate:
    values = [model.observed[key] for model in models]
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    deviation = 0.0 if deviation is not None and deviation < ROUNDING else deviation
    return MethodEstimate(measure=name_of(key), mean=float(np.mean(values)), deviation=deviation)


def _difference(key: Key, first: Sequence[Sampled], second: Sequence[Sampled]) -> MethodDifference:
    ours, theirs = ([model.observed[key] for model in models] for models in (first, second))
    drawn = [np.mean([model.drawn[key] for model in models], axis=0) for models in (first, second)]
    means = float(np.mean(ours)), float(np.mean(theirs))
    sampled = resampled_difference(name_of(key), *means, drawn[1] - drawn[0])
    low = high = p_value = None
    if min(len(ours), len(theirs)) > 1 and max(np.std(ours), np.std(theirs)) > ROUNDING:
        from scipy.stats import ttest_ind  # takes longer to import than most commands need

        with warnings.catch_warnings():  # the models of one method may be equal to the last bit
            warnings.simplefilter("ignore", RuntimeWarning)
            test = ttest_ind(theirs, ours, equal_var=False)
            interval = test.confidence_interval(0.95)
        low, high, p_value = float(interval.low), float(interval.high), float(test.pvalue)
    return MethodDifference(
        measure=sampled.measure,
        first=sampled.first,
        second=sampled.second,
        difference=sampled.difference,
        low=sampled.low,
        high=sampled.high,
        documents_p_value=sampled.p_value,
        seeds_low=low,
        seeds_high=high,
        seeds_p_value=p_value,
    )

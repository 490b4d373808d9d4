"""Methods over seeds: Welch's test by its formula, the bootstrap of means, and both together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import stdtr, stdtrit

from harnn.metrics import (
    Answers,
    MethodsComparison,
    Report,
    Resampling,
    compare,
    compare_methods,
    evaluate,
    holm,
)
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_levels(
    {"top": ["A", "B"], "below": ["c", "d", "e", "f"]},
    [("c", "A"), ("d", "A"), ("e", "B"), ("f", "B"), ("f", "A")],
)
RESAMPLING = Resampling(80, 5)


def make(
    documents: int, noises: Sequence[Sequence[float]]
) -> tuple[csr_array, list[list[Answers]]]:
    """Targets, and for each method models of which the scores are the truth with so much noise."""
    random = np.random.default_rng(8)
    targets = random.random((documents, 6)) < 0.3

    def model(noise: float) -> Answers:
        values = np.clip(targets * 0.6 + 0.2 + noise * random.normal(size=targets.shape), 0, 1)
        return Answers(csr_array(values >= 0.5), values.astype(np.float32))

    return csr_array(targets), [[model(noise) for noise in method] for method in noises]


def _report(model: Answers, targets: Any) -> Report:
    assert model.scores is not None
    return evaluate(model.scores, model.predictions, targets, TAXONOMY)


def run(targets: Any, methods: Sequence[Sequence[Answers]]) -> MethodsComparison:
    named = zip("abcd", methods, strict=False)
    return compare_methods(named, targets, TAXONOMY, resampling=RESAMPLING)


def test_means_and_deviations_are_those_of_the_reports() -> None:
    targets, methods = make(60, [[0.4, 0.5, 0.45], [0.3, 0.35]])
    found = run(targets, methods)
    assert [(each.name, each.models) for each in found.methods] == [("a", 3), ("b", 2)]
    assert (found.documents, found.samples, found.seed, found.level_names) == (
        60, 80, 5, ("top", "below"),
    )  # fmt: skip
    for method, models in zip(found.methods, methods, strict=True):
        reports = [_report(x, targets) for x in models]
        for each in method.measures:
            values = [getattr(report, each.measure) for report in reports]
            assert each.mean == pytest.approx(np.mean(values))
            assert each.deviation == pytest.approx(np.std(values, ddof=1))
        for at, level in enumerate(method.levels):
            assert [each.measure for each in level] == ["micro_f1", "macro_f1", "auprc"]
            for each in level:
                values = [getattr(report.levels[at], each.measure) for report in reports]
                assert each.mean == pytest.approx(np.mean(values))
    plain = found.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_seeds_are_told_apart_by_welch() -> None:
    """t, degrees of freedom and interval by Welch's formulas."""
    targets, methods = make(80, [[0.4, 0.5, 0.45, 0.48], [0.3, 0.35, 0.42]])
    (pair,) = run(targets, methods).pairs
    values = [[_report(x, targets).micro_f1 for x in models] for models in methods]
    parts = [np.var(each, ddof=1) / len(each) for each in values]
    error = np.sqrt(sum(parts))
    difference = np.mean(values[1]) - np.mean(values[0])
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 2)
    micro = pair.measures[0]
    assert micro.measure == "micro_f1"
    assert micro.difference == pytest.approx(difference)
    assert micro.seeds_p_value == pytest.approx(2 * stdtr(freedom, -abs(difference / error)))
    width = error * stdtrit(freedom, 0.975)
    assert (micro.seeds_low, micro.seeds_high) == pytest.approx(
        (difference - width, difference + width)
    )
    assert micro.p_value == max(micro.seeds_p_value or 0, micro.documents_p_value)


def test_documents_are_those_of_the_bootstrap() -> None:
    """With one model a method it is the comparison of two models; then no seed is told."""
    targets, methods = make(50, [[0.5], [0.4]])
    found = run(targets, methods)
    alone = compare(methods[0][0], methods[1][0], targets, TAXONOMY, resampling=RESAMPLING)
    (pair,) = found.pairs
    levels = [(pair.measures, alone.measures)]
    levels += [(x, y.measures) for x, y in zip(pair.levels, alone.levels, strict=True)]
    for ours, theirs in levels:
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            assert (mine.measure, mine.difference, mine.low, mine.high) == (
                other.measure, other.difference, other.low, other.high,
            )  # fmt: skip
            assert mine.documents_p_value == other.p_value
            assert mine.p_value is mine.seeds_p_value is mine.seeds_low is None
    assert pair.adjusted == {}
    assert [each.deviation for each in found.methods[0].measures] == [None] * 5
    assert not found.methods[0].seeds_differ


def test_models_that_say_the_same_are_no_seeds() -> None:
    targets, methods = make(50, [[0.5], [0.4]])
    found = run(targets, [methods[0] * 3, methods[1] * 3])
    assert [method.seeds_differ for method in found.methods] == [False, False]
    assert {each.deviation for method in found.methods for each in method.measures} == {0.0}
    assert {each.p_value for each in found.pairs[0].measures} == {None}
    one = run(targets, [methods[0] * 3, [*methods[1], *methods[0]]])
    assert [method.seeds_differ for method in one.methods] == [False, True]
    assert one.pairs[0].measures[0].seeds_p_value is not None


def test_several_methods_are_adjusted() -> None:
    targets, methods = make(80, [[0.4, 0.5, 0.45], [0.3, 0.35, 0.3], [0.45, 0.4, 0.42]])
    found = run(targets, methods)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1), (0, 2), (1, 2)]
    raw = [pair.measures[0].p_value for pair in found.pairs]
    assert [pair.adjusted["micro_f1"] for pair in found.pairs] == holm(raw).tolist()  # type: ignore[arg-type]
    for level in range(2):
        raw = [pair.levels[level][1].p_value for pair in found.pairs]
        adjusted = [pair.adjusted_levels[level]["macro_f1"] for pair in found.pairs]
        assert adjusted == holm(raw).tolist()  # type: ignore[arg-type]


def test_what_is_refused() -> None:
    targets, methods = make(20, [[0.5], [0.4]])
    with pytest.raises(ValueError, match=r"^Expected at least two methods to compare, got 1\.$"):
        run(targets, methods[:1])
    with pytest.raises(ValueError, match=r"^Expected a model or more of method 'b', got none\.$"):
        run(targets, [methods[0], []])

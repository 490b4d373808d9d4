"""Curves, confusions, labels and drift: parity with scikit-learn and slow references."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array
from scipy.stats import binomtest, chi2_contingency
from sklearn.metrics import precision_recall_curve, precision_recall_fscore_support

from harnn._memory import row_blocks
from harnn.metrics import (
    Answers,
    LabelMetrics,
    Resampling,
    compare,
    compare_several,
    confused_documents,
    confused_siblings,
    estimate,
    f1_spread,
    holm,
    label_shift,
    threshold_curve,
    wilson_interval,
)
from harnn.taxonomy import Hierarchy, Taxonomy

TAXONOMY = Taxonomy.from_levels(
    {"top": ["A", "B"], "below": ["c", "d", "e", "f"]},
    [("c", "A"), ("d", "A"), ("e", "B"), ("f", "B"), ("f", "A")],
)


@pytest.fixture(autouse=True, params=[3, 1 << 20], ids=lambda cells: f"{cells}-cells")
def _block_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of few rows, and of all rows."""
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": request.param})


def make(documents: int = 60, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = random.random((documents, 6)) < 0.3
    scores = (0.4 * targets + 0.6 * random.random(targets.shape)).round(2).astype(np.float32)
    return scores, scores >= 0.5, targets


def test_the_curve_is_that_of_scikit_learn() -> None:
    scores, _, targets = make()
    curve = threshold_curve(scores, csr_array(targets), points=1000)
    precision, recall, thresholds = precision_recall_curve(targets.ravel(), scores.ravel())
    theirs = {
        round(float(t), 6): (p, r)
        for p, r, t in zip(precision[:-1], recall[:-1], thresholds, strict=True)
    }
    assert len(curve.thresholds) == len(set(scores[targets].tolist()))
    for place, threshold in enumerate(curve.thresholds):
        assert (curve.precision[place], curve.recall[place]) == pytest.approx(
            theirs[round(float(threshold), 6)]
        )
    assert curve.recall[-1] == 1
    assert np.all(np.diff(curve.thresholds) < 0)
    both = curve.precision + curve.recall
    assert curve.f1 == pytest.approx(2 * curve.precision * curve.recall / both)


def test_a_thinned_curve_keeps_exact_points_and_both_ends() -> None:
    scores, _, targets = make(400)
    full = threshold_curve(scores, csr_array(targets), points=1000)
    thin = threshold_curve(scores, csr_array(targets), points=9)
    assert 2 <= len(thin.thresholds) <= 9
    places = np.searchsorted(-full.thresholds, -thin.thresholds)
    assert np.array_equal(full.thresholds[places], thin.thresholds)
    assert np.array_equal(full.precision[places], thin.precision)
    assert (places[0], places[-1]) == (0, len(full.thresholds) - 1)
    assert np.diff(thin.recall).max() < 0.25
    with pytest.raises(ValueError, match=r"^Expected at least 2 points, got 1\.$"):
        threshold_curve(scores, csr_array(targets), points=1)
    assert len(threshold_curve(scores, csr_array(targets.shape, dtype=bool)).thresholds) == 0


@given(npst.arrays(bool, (4, 6)), npst.arrays(bool, (4, 6)))
def test_confused_siblings(predicted: np.ndarray, true: np.ndarray) -> None:
    hierarchy = TAXONOMY.hierarchy
    above = [set(hierarchy.parents(c).tolist()) or {"root"} for c in range(6)]
    slow: Counter[tuple[int, int]] = Counter()
    rows: dict[tuple[int, int], list[int]] = {}
    for row in range(4):
        for t in np.flatnonzero(true[row] & ~predicted[row]).tolist():
            for g in np.flatnonzero(predicted[row] & ~true[row]).tolist():
                if above[t] & above[g]:
                    slow[t, g] += 1
                    rows.setdefault((t, g), []).append(row)
    found = confused_siblings(csr_array(predicted), csr_array(true), hierarchy)
    assert {(c.true, c.given): c.documents for c in found} == slow
    assert [c.documents for c in found] == sorted(slow.values(), reverse=True)
    for each in found:
        assert each.reverse == slow[each.given, each.true]
        documents = confused_documents(csr_array(predicted), csr_array(true), each.true, each.given)
        assert documents.tolist() == rows[each.true, each.given]
    two = confused_siblings(csr_array(predicted), csr_array(true), hierarchy, most=2)
    assert two == found[:2]


def test_roots_of_other_levels_are_no_siblings() -> None:
    hierarchy = Hierarchy.from_edges(np.zeros((0, 2)), [1, 1, 2])
    predicted, true = np.array([[True, False, True]]), np.array([[False, True, False]])
    found = confused_siblings(csr_array(predicted), csr_array(true), hierarchy)
    assert [(c.true, c.given) for c in found] == [(1, 0)]


def test_labels_are_those_of_scikit_learn() -> None:
    _, predicted, true = make()
    true[:, 4] = False
    labels = LabelMetrics.count(csr_array(predicted), csr_array(true))
    theirs = precision_recall_fscore_support(true, predicted, zero_division=0)
    for ours, expected in zip(
        (labels.precision, labels.recall, labels.f1, labels.true), theirs, strict=True
    ):
        assert ours == pytest.approx(expected)
    order = sorted((x for x in range(6) if x != 4), key=lambda c: (labels.f1[c], -labels.true[c]))
    assert labels.worst(least=1, most=3).tolist() == order[:3]
    assert labels.worst(least=10_000, most=3).tolist() == []


def test_spread_by_frequency() -> None:
    f1 = np.array([0.0, 0.2, 0.4, 0.9, 1.0])
    spread = f1_spread(
        f1, np.array([1, 2, 3, 0, 5]), [0, 3, 4, 4, 700], bounds=(("few", 0, 4), ("many", 5, None))
    )
    few, many = spread
    assert (few.labels, many.labels) == (3, 1)
    assert few.mean == pytest.approx(0.2)
    assert (few.low, few.high) == pytest.approx((0.1, 0.3))
    assert (many.mean, many.low) == (1.0, 1.0)
    (none,) = f1_spread(f1, np.zeros(5, dtype=np.int64), [1] * 5, bounds=(("all", 0, None),))
    assert (none.labels, none.mean, none.low, none.high) == (0, None, None, None)


def test_holm_worked_by_hand() -> None:
    # In order 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which may not be less than the last.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).tolist() == []
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    for wrong in ([1.5], [math.nan], [[0.1]]):
        with pytest.raises(ValueError, match=r"^Expected a list of p-values from 0 to 1\.$"):
            holm(wrong)


def test_label_shift_against_the_formula() -> None:
    shift = label_shift([30, 5, 0], 100, [60, 4, 0], 120)
    pooled = 90 / 220
    error = math.sqrt(pooled * (1 - pooled) * (1 / 100 + 1 / 120))
    assert shift.z[0] == pytest.approx((0.5 - 0.3) / error)
    assert shift.p_value[0] == pytest.approx(3 * math.erfc(shift.z[0] / math.sqrt(2)))
    table = [[60, 60], [30, 70]]
    assert shift.p_value[0] / 3 == pytest.approx(chi2_contingency(table, correction=False).pvalue)
    assert shift.largest(5).tolist() == [0, 1]
    assert (shift.z[2], shift.p_value[2]) == (0, 1)
    with pytest.raises(ValueError, match="among 2 documents"):
        label_shift([1], 2, [3], 2)
    with pytest.raises(ValueError, match="Expected two counts a label"):
        label_shift([1, 1], 2, [3], 2)


def test_several_models_are_compared_as_two_are() -> None:
    scores, _, targets = make(40)
    models = [
        Answers(csr_array(scores >= cut), None if cut == 0.6 else scores) for cut in (0.5, 0.6, 0.7)
    ]
    draws = Resampling(60, 5)
    true = csr_array(targets)
    several = compare_several(zip("abc", models, strict=True), true, TAXONOMY, resampling=draws)
    assert [(pair.first, pair.second) for pair in several.pairs] == [(0, 1), (0, 2), (1, 2)]
    for pair in several.pairs:
        alone = compare(models[pair.first], models[pair.second], true, TAXONOMY, resampling=draws)
        assert pair.comparison == alone
        assert ("auprc" in pair.adjusted) == ((pair.first, pair.second) == (0, 2))
    for measure in ("micro_f1", "macro_f1"):
        raw = [
            next(m.p_value for m in pair.comparison.measures if m.measure == measure)
            for pair in several.pairs
        ]
        assert [pair.adjusted[measure] for pair in several.pairs] == pytest.approx(
            holm(raw).tolist()
        )
    assert [system.with_scores for system in several.systems] == [True, False, True]
    first = several.systems[0]
    single = estimate(models[0], true, TAXONOMY, resampling=draws)
    assert (first.measures, first.levels) == (single.measures, single.levels)
    for each in (*first.measures, *first.levels):
        assert 0 <= each.low <= each.value <= each.high <= 1
    plain = several.to_dict()
    assert plain["pairs"][0]["first"] == "a"
    assert len(plain["pairs"][2]["levels"]) == 2
    with pytest.raises(ValueError, match="at least two models"):
        compare_several([("a", models[0])], true, TAXONOMY)


@pytest.mark.parametrize(("hits", "total"), [(0, 1), (1, 1), (3, 10), (286, 300), (0, 50)])
def test_wilson_intervals_are_those_of_scipy(hits: int, total: int) -> None:
    theirs = binomtest(hits, total).proportion_ci(method="wilson")
    assert wilson_interval(hits, total) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_intervals_of_nothing() -> None:
    for hits, total in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="Expected 0 to"):
            wilson_interval(hits, total)

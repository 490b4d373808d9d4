"""Measures for comparing models: parity with slow references written from the definitions."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.metrics import (
    calibration,
    f1_by_frequency,
    hierarchical_area,
    inverse_propensities,
    lca_prf,
    prf,
    propensity_precision_at_k,
)
from harnn.metrics.calibration import measure_calibration
from harnn.metrics.frequency import FINE_BOUNDS
from harnn.taxonomy import Hierarchy

Case = tuple[np.ndarray, np.ndarray, np.ndarray, Hierarchy]


@pytest.fixture(scope="module", params=[3, 1 << 20], ids=lambda cells: f"{cells}-cells")
def _block_cells(request: pytest.FixtureRequest) -> object:
    """Blocks of few rows, and of all rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "__kwdefaults__", {"cells": request.param})
        yield


pytestmark = pytest.mark.usefixtures("_block_cells")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Scores, predictions, targets, a DAG; ties and empty sets are frequent."""
    documents, labels = draw(st.tuples(st.integers(1, 5), st.integers(1, 9)))
    shape = (documents, labels)
    tied = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])
    elements = draw(st.sampled_from([tied, st.floats(0, 1, width=32)]))
    values = draw(npst.arrays(np.float32, shape, elements=elements))
    sets = [
        draw(npst.arrays(bool, shape))
        & draw(npst.arrays(bool, (documents, 1), elements=st.sampled_from([True, True, False])))
        for _ in range(2)
    ]
    pairs = [(child, parent) for child in range(labels) for parent in range(child)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12)) if pairs else []
    levels = np.arange(1, labels + 1)  # each label may stand below all before it
    return values, sets[0], sets[1], Hierarchy.from_edges(edges, levels)


# The lowest common ancestor, with -1 for the root above all labels.


def all_paths_up(node: int, edges: np.ndarray) -> list[tuple[int, ...]]:
    """Every path from a node to each of its ancestors."""
    if node == -1:
        return [(-1,)]
    parents = [int(p) for c, p in edges if c == node] or [-1]
    longer = [(node, *path) for parent in parents for path in all_paths_up(parent, edges)]
    return [(node,), *longer]


def slow_graphs(ours: set[int], theirs: set[int], edges: np.ndarray) -> tuple[set[int], set[int]]:
    """Try every pair of labels, every common ancestor and every path."""

    def shortest(node: int) -> dict[int, tuple[int, ...]]:
        best: dict[int, tuple[int, ...]] = {}
        for path in all_paths_up(node, edges):
            best[path[-1]] = min(best.get(path[-1], path), path, key=lambda p: (len(p), p))
        return best

    def most_specific(labels: set[int]) -> set[int]:
        below = {n for x in labels for path in all_paths_up(x, edges) for n in path[1:]}
        return (labels - below) or {-1}

    ours, theirs = most_specific(ours), most_specific(theirs)
    graphs: tuple[set[int], set[int]] = (set(), set())
    for sources, others, first, second in (
        (ours, theirs, graphs[0], graphs[1]),
        (theirs, ours, graphs[1], graphs[0]),
    ):
        for source in sources:
            links = [
                (len(up) + len(shortest(other)[ancestor]), -ancestor, other)
                for other in others
                for ancestor, up in shortest(source).items()
                if ancestor in shortest(other)
            ]
            _, negative, other = min(links)
            first.update(shortest(source)[-negative])
            second.update(shortest(other)[-negative])
    return graphs[0] - {-1}, graphs[1] - {-1}


@given(cases())
def test_lca_matches_every_path(
    case: Case,
) -> None:
    _, predictions, targets, hierarchy = case
    hits = predicted = true = 0
    for ours, theirs in zip(predictions, targets, strict=True):
        graphs = slow_graphs(
            set(np.flatnonzero(ours).tolist()),
            set(np.flatnonzero(theirs).tolist()),
            hierarchy.edges,
        )
        hits += len(graphs[0] & graphs[1])
        predicted, true = predicted + len(graphs[0]), true + len(graphs[1])
    found = lca_prf(csr_array(predictions), csr_array(targets), hierarchy)
    assert found.precision == pytest.approx(hits / predicted if predicted else 0.0, rel=0, abs=1e-9)
    assert found.recall == pytest.approx(hits / true if true else 0.0, rel=0, abs=1e-9)
    total = predicted + true
    assert found.f1 == pytest.approx(2 * hits / total if total else 0.0, rel=0, abs=1e-9)


def sets_of(labels: int, *documents: list[int]) -> csr_array:
    sets = np.zeros((len(documents), labels), bool)
    for row, columns in enumerate(documents):
        sets[row, columns] = True
    return csr_array(sets)


def test_lca_by_hand() -> None:
    # 0 over 1 and 2; 1 over 3 and 4; 2 over 5.
    hierarchy = Hierarchy.from_edges([[1, 0], [2, 0], [3, 1], [4, 1], [5, 2]], [1, 2, 2, 3, 3, 3])
    # The sister of the true label: the graphs are {4, 1} and {3, 1}.
    sisters = lca_prf(sets_of(6, [0, 1, 4]), sets_of(6, [0, 1, 3]), hierarchy)
    assert (sisters.precision, sisters.recall, sisters.f1) == (1 / 2, 1 / 2, 1 / 2)
    # A cousin: {5, 2, 0} and {3, 1, 0}. The parent: {1} and {3, 1}.
    cousins = lca_prf(sets_of(6, [0, 2, 5]), sets_of(6, [0, 1, 3]), hierarchy)
    assert cousins.f1 == pytest.approx(1 / 3)
    parent = lca_prf(sets_of(6, [0, 1]), sets_of(6, [0, 1, 3]), hierarchy)
    assert (parent.precision, parent.recall) == (1, 1 / 2)
    # No prediction: the true label is linked to the root, which does not count.
    nothing = lca_prf(sets_of(6, []), sets_of(6, [0, 1, 3]), hierarchy)
    assert (nothing.precision, nothing.recall) == (0, 0)
    # The missed label 5 is linked to 3 over 0: {3, 1, 0} and {3, 5, 2, 0}.
    half = lca_prf(sets_of(6, [0, 1, 3]), sets_of(6, [0, 1, 2, 3, 5]), hierarchy)
    assert (half.precision, half.recall) == (2 / 3, 2 / 4)


def test_lca_of_a_dag_takes_the_shortest_path() -> None:
    # 4 has the parents 1 and 3, 3 is below 2, and 1 and 2 are below 0.
    hierarchy = Hierarchy.from_edges([[1, 0], [2, 0], [3, 2], [4, 1], [4, 3]], [1, 2, 2, 3, 4])
    found = lca_prf(sets_of(5, [4]), sets_of(5, [0]), hierarchy)
    assert found.precision == 1 / 3  # 4, 1, 0
    assert found.recall == 1


def slow_area(scores: np.ndarray, true: np.ndarray) -> float:
    """Go through all thresholds of one document."""
    points = [(0.0, 1.0)]
    for threshold in np.unique(scores)[::-1]:
        chosen = scores >= threshold
        hits = np.count_nonzero(chosen & true)
        points.append((hits / np.count_nonzero(true), hits / np.count_nonzero(chosen)))
    return sum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))


@given(cases())
def test_hierarchical_area_goes_through_all_thresholds(
    case: Case,
) -> None:
    values, _, targets, hierarchy = case
    closure = hierarchy.closure.toarray()
    closed = (targets.astype(int) @ closure.astype(int)) > 0
    raised = np.stack([np.where(closure[:, c], values, 0).max(axis=1) for c in range(len(closure))])
    areas = [slow_area(s, t) for s, t in zip(raised.T, closed, strict=True) if t.any()]
    expected = np.mean(areas) if areas else 0.0
    found = hierarchical_area(values, csr_array(targets), hierarchy)
    assert found == pytest.approx(expected, rel=0, abs=1e-9)
    assert hierarchical_area(raised.T, csr_array(closed)) == pytest.approx(
        expected, rel=0, abs=1e-9
    )


def test_hierarchical_area_by_hand() -> None:
    values = np.array([[0.9, 0.8, 0.1], [0.9, 0.8, 0.1]], np.float32)
    targets = csr_array(np.array([[1, 1, 0], [0, 0, 0]], bool))
    assert hierarchical_area(values, targets) == 1.0  # a document without labels has no curve
    late = csr_array(np.array([[0, 1, 0], [0, 0, 1]], bool))
    assert hierarchical_area(values, late) == pytest.approx((0.25 + 1 / 6) / 2)
    values[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^Expected scores, got NaN\.$"):
        hierarchical_area(values, targets)


def slow_error(scores: np.ndarray, true: np.ndarray) -> object:
    bins = np.minimum((scores.astype(np.float64) * 15).astype(int), 14)
    error = 0.0
    for number in set(bins.tolist()):
        inside = bins == number
        error += inside.sum() * abs(scores[inside].mean(dtype=np.float64) - true[inside].mean())
    return pytest.approx(error / len(scores), rel=0, abs=1e-9) if len(scores) else None


@given(cases(), st.integers(0, 9))
def test_calibration_matches_a_walk_over_bins(case: Case, cut: int) -> None:
    values, _, targets, _ = case
    levels = (slice(0, cut), slice(cut, values.shape[1]))
    found = measure_calibration(values, csr_array(targets), levels)
    assert found[0] == calibration(values, csr_array(targets))
    for calibrated, columns in zip(found, (slice(None), *levels), strict=True):
        scores, true = values[:, columns].ravel(), targets[:, columns].ravel()
        shown = scores >= 0.1
        assert calibrated.ece == slow_error(scores, true)
        assert calibrated.ece_shown == slow_error(scores[shown], true[shown])
        assert sum(each.count for each in calibrated.bins) == len(scores)


def test_a_table_of_reliability() -> None:
    values = np.array([[0.0, 0.09, 0.11, 1.0]], np.float32)
    found = calibration(values, csr_array(np.array([[0, 0, 1, 1]], bool)))
    assert [(each.low, each.count) for each in found.bins if each.count] == [
        (0.0, 1),
        (1 / 15, 2),
        (14 / 15, 1),
    ]
    assert found.bins[1].mean_score == pytest.approx(0.1)
    assert (found.bins[1].share_true, found.bins[2].share_true) == (0.5, None)
    assert found.bins[-1].high == 1
    assert found.ece == pytest.approx(0.8 / 4)
    assert found.ece_shown == pytest.approx(0.89 / 2)
    with pytest.raises(ValueError, match=r"^Expected scores from 0 to 1\.$"):
        calibration(values + 1, csr_array((1, 4), dtype=bool))
    with pytest.raises(ValueError, match=r"^Expected scores from 0 to 1\.$"):
        calibration(values * np.nan, csr_array((1, 4), dtype=bool))


@given(cases(), st.lists(st.integers(0, 600), min_size=9, max_size=9))
@settings(max_examples=20)
def test_buckets_are_averages_of_their_labels(case: Case, counts: list[int]) -> None:
    _, predictions, targets, _ = case
    counts = counts[: targets.shape[1]]
    for bounds in (None, FINE_BOUNDS):
        more = {} if bounds is None else {"bounds": bounds}
        buckets = f1_by_frequency(csr_array(predictions), csr_array(targets), counts, **more)
        assert sum(bucket.labels for bucket in buckets) == targets.shape[1]
        for bucket in buckets:
            inside = [
                column
                for column, count in enumerate(counts)
                if bucket.lowest
                <= count
                <= (math.inf if bucket.highest is None else bucket.highest)
            ]
            averages = prf(csr_array(predictions[:, inside]), csr_array(targets[:, inside]))
            assert bucket.labels == len(inside)
            assert bucket.support == targets[:, inside].sum()
            assert bucket.micro_f1 == averages.micro.f1
            assert bucket.macro_f1 == averages.macro.f1
            assert bucket.macro_f1_supported == averages.supported.f1


def test_buckets_have_boundaries() -> None:
    sets = csr_array(np.ones((1, 6), bool))
    buckets = f1_by_frequency(sets, sets, [0, 9, 10, 99, 100, 5000])
    assert [(bucket.name, bucket.labels) for bucket in buckets] == [
        ("tail", 2),
        ("middle", 2),
        ("head", 2),
    ]
    message = r"^Expected the training documents of 6 labels, got shape \(2,\)\.$"
    with pytest.raises(ValueError, match=message):
        f1_by_frequency(sets, sets, [1, 2])
    with pytest.raises(ValueError, match=message):
        propensity_precision_at_k(np.ones((1, 6)), sets, [1, 2], training_documents=2)


@given(cases(), st.lists(st.integers(0, 90), min_size=9, max_size=9), st.integers(1, 500))
def test_propensity_precision_matches_its_definition(
    case: Case, counts: list[int], documents: int
) -> None:
    values, _, targets, _ = case
    counts = counts[: targets.shape[1]]
    factor = max(math.log(documents) - 1, 0) * 2.5**0.55
    inverse = [1 + factor * math.exp(-0.55 * math.log(count + 1.5)) for count in counts]
    assert inverse_propensities(counts, documents) == pytest.approx(inverse)
    found = propensity_precision_at_k(
        values, csr_array(targets), counts, (1, 3), training_documents=documents
    )
    for k in (1, 3):
        gained = best = 0.0
        for scores, true in zip(values, targets, strict=True):
            top = np.argsort(-scores, kind="stable")[:k]
            gained += sum(inverse[c] for c in top if true[c])
            best += sum(sorted((inverse[c] for c in np.flatnonzero(true)), reverse=True)[:k])
        assert found[k] == pytest.approx(gained / best if best else 0.0)

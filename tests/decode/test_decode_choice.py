"""Scores, propagation and choice."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hierarchies import Hierarchy, hierarchies, scores
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn import ranking
from harnn._memory import row_blocks
from harnn.decode import (
    Decoder,
    Scores,
    count_violations,
    propagate_downward,
    propagate_upward,
)

#        0       1
#      2   3    /          4 has the parents 2 and 1
#      |    \  /
#      5     4
TREE = Hierarchy(
    edges=np.array([[2, 0], [3, 0], [4, 3], [4, 1], [5, 2]], dtype=np.int32),
    levels=np.array([1, 1, 2, 2, 3, 3], dtype=np.int32),
)
VALUES = np.array([[0.1, 0.2, 0.3, 0.4, 0.9, 0.5], [0.9, 0.8, 0.1, 0.0, 0.0, 0.2]], np.float32)


def choose(
    values: np.ndarray,
    hierarchy: Hierarchy,
    *,
    threshold: float = 0.5,
    top_k: int | None = None,
    close: str = "up",
) -> csr_array:
    """Choose by a threshold, or by rank where top_k is given."""
    strategy = "threshold" if top_k is None else "top_k"
    decoder = Decoder(threshold, strategy=strategy, top_k=top_k, close=close)
    return decoder.choose(values, edges=hierarchy.edges, levels=hierarchy.levels)


@pytest.fixture(params=[1, 7, 1 << 20], ids=lambda cells: f"{cells}-cells")
def block_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Blocks of one row, of few rows and of all rows."""
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": request.param})
    return request.param


def test_scores_keep_a_read_only_view() -> None:
    values = np.zeros((2, 3), np.float32)
    kept = Scores(["a", "b"], values)  # type: ignore[arg-type]
    assert kept.ids == ("a", "b")
    assert len(kept) == 2
    assert np.shares_memory(kept.values, values)
    assert not kept.values.flags.writeable
    assert values.flags.writeable
    with pytest.raises(AttributeError):
        kept.ids = ()  # type: ignore[misc]
    assert len(Scores((), np.zeros((0, 3), np.float32))) == 0


@pytest.mark.parametrize(
    ("ids", "values", "message"),
    [
        (
            ("a",),
            np.zeros((1, 2)),
            "Expected scores of shape (documents, labels) in float32, got shape (1, 2) in float64.",
        ),
        (
            ("a",),
            np.zeros(2, np.float32),
            "Expected scores of shape (documents, labels) in float32, got shape (2,) in float32.",
        ),
        (
            ("a",),
            np.zeros((2, 2), np.float32),
            "Expected a row of scores per id, got 2 rows for 1 ids.",
        ),
        (
            ("a",),
            np.array([[0.5, 1.5]], np.float32),
            "Expected scores from 0 to 1, got 0.5 to 1.5.",
        ),
        (
            ("a",),
            np.array([[-0.5, 1.0]], np.float32),
            "Expected scores from 0 to 1, got -0.5 to 1.",
        ),
        (
            ("a",),
            np.array([[np.nan, 1]], np.float32),
            "Expected scores from 0 to 1, got nan to nan.",
        ),
        (("a",), np.array([[0, np.inf]], np.float32), "Expected scores from 0 to 1, got 0 to inf."),
    ],
)
def test_scores_refuse(ids: tuple[str, ...], values: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Scores(ids, values)
    assert str(caught.value) == message


@pytest.mark.usefixtures("block_cells")
def test_propagation_on_a_small_dag() -> None:
    before = VALUES.copy()
    lifted = propagate_upward(VALUES, TREE.edges, TREE.levels)
    expected = [[0.9, 0.9, 0.5, 0.9, 0.9, 0.5], [0.9, 0.8, 0.2, 0.0, 0.0, 0.2]]
    np.testing.assert_array_equal(lifted, np.array(expected, np.float32))
    np.testing.assert_array_equal(VALUES, before)
    assert lifted.dtype == np.float32


def test_propagation_without_edges_copies() -> None:
    lifted = propagate_upward(VALUES, np.zeros((0, 2), np.int32), np.ones(6, np.int32))
    np.testing.assert_array_equal(lifted, VALUES)
    assert not np.shares_memory(lifted, VALUES)


@pytest.mark.parametrize(
    ("edges", "levels", "message"),
    [
        ([[1, 0]], [1, 2], "Expected the ascending levels of 3 columns."),
        ([[1, 0]], [2, 1, 3], "Expected the ascending levels of 3 columns."),
        ([[3, 0]], [1, 2, 3], "Expected edges between columns 0 to 2."),
        ([[1, -1]], [1, 2, 3], "Expected edges between columns 0 to 2."),
        ([[0, 1]], [1, 2, 3], "Expected the parent of every edge on a level above its child."),
    ],
)
def test_propagation_refuses(edges: list, levels: list, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        propagate_upward(np.zeros((1, 3), np.float32), np.array(edges), np.array(levels))
    assert str(caught.value) == message


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_propagation_is_the_maximum_over_descendants(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy.levels)))
    lifted = propagate_upward(values, hierarchy.edges, hierarchy.levels)
    naive = np.array(values)
    for column in range(values.shape[1]):
        naive[:, column] = values[:, sorted(hierarchy.descendants(column))].max(axis=1)
    np.testing.assert_array_equal(lifted, naive)
    again = propagate_upward(lifted, hierarchy.edges, hierarchy.levels)
    np.testing.assert_array_equal(again, lifted)


def test_propagation_makes_one_copy() -> None:
    labels = 2000
    levels = np.repeat([1, 2, 3], [20, 480, 1500]).astype(np.int32)
    children = np.arange(20, labels)
    parents = np.where(children < 500, children % 20, 20 + children % 480)
    edges = np.stack([children, parents], axis=1).astype(np.int32)
    values = np.random.default_rng(0).random((8000, labels), np.float32)
    tracemalloc.start()
    propagate_upward(values, edges, levels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.4 * values.nbytes


@pytest.mark.usefixtures("block_cells")
def test_choice_by_threshold_adds_the_ancestors() -> None:
    chosen = choose(VALUES, TREE, threshold=0.5)
    assert chosen.dtype == np.bool_
    assert chosen.toarray().astype(int).tolist() == [[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0]]
    raw = choose(VALUES, TREE, threshold=0.5, close="none")
    assert raw.toarray().astype(int).tolist() == [[0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0]]


@pytest.mark.usefixtures("block_cells")
def test_choice_of_the_best_breaks_ties_to_the_left() -> None:
    chosen = choose(VALUES, TREE, top_k=3)
    assert chosen.toarray().astype(int).tolist() == [[1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]]
    raw = choose(VALUES, TREE, top_k=3, close="none")
    assert raw.toarray().astype(int).tolist() == [[0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 1]]
    every = choose(VALUES, TREE, top_k=99)
    assert every.nnz == VALUES.size


def test_threshold_is_compared_in_float32() -> None:
    values = np.array([[0.3]], np.float32)
    flat = Hierarchy(np.zeros((0, 2), np.int32), np.ones(1, np.int32))
    for threshold in (0.3, np.float64(0.3), float(np.float32(0.3))):
        assert choose(values, flat, threshold=threshold).nnz == 1


def policies() -> st.SearchStrategy[dict]:
    thresholds = st.one_of(st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0]), st.floats(0, 1))
    return st.one_of(
        thresholds.map(lambda threshold: {"threshold": threshold}),
        st.integers(1, 25).map(lambda top_k: {"top_k": top_k}),
    )


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_chosen_sets_are_closed_and_follow_their_documents(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy.levels)))
    policy = data.draw(policies())
    edges = hierarchy.edges
    chosen = choose(values, hierarchy, **policy)
    dense = chosen.toarray()
    assert chosen.shape == values.shape
    assert chosen.has_canonical_format
    assert not (dense[:, edges[:, 0]] & ~dense[:, edges[:, 1]]).any()
    assert count_violations(chosen, edges) == 0
    if "top_k" in policy:
        assert (dense.sum(axis=1) == min(policy["top_k"], values.shape[1])).all()
    order = np.array(data.draw(st.permutations(range(len(values)))), dtype=int)
    shuffled = choose(values[order], hierarchy, **policy)
    np.testing.assert_array_equal(shuffled.toarray(), dense[order])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_closing_a_threshold_choice_only_adds_ancestors(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy.levels)))
    threshold = data.draw(st.sampled_from([0.1, 0.3, 0.5, 0.9]))
    closed = choose(values, hierarchy, threshold=threshold).toarray()
    raw = choose(values, hierarchy, threshold=threshold, close="none")
    naive = values >= np.float32(threshold)
    np.testing.assert_array_equal(raw.toarray(), naive)
    for column in range(values.shape[1]):
        below = sorted(hierarchy.descendants(column))
        np.testing.assert_array_equal(closed[:, column], naive[:, below].any(axis=1))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_closing_downward_keeps_labels_with_all_their_ancestors(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy.levels)))
    lowered = propagate_downward(values, hierarchy.edges, hierarchy.levels)
    naive = np.array(values)
    for column in range(values.shape[1]):  # level-major: parents come first
        for parent in hierarchy.parents(column):
            naive[:, column] = np.minimum(naive[:, column], naive[:, parent])
    np.testing.assert_array_equal(lowered, naive)
    closed = choose(values, hierarchy, threshold=0.3, close="down").toarray()
    np.testing.assert_array_equal(closed, naive >= np.float32(0.3))
    assert count_violations(closed, hierarchy.edges) == 0


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_best_labels_match_a_stable_sort(data: st.DataObject) -> None:
    values = data.draw(scores(data.draw(st.integers(1, 12))))
    top_k = data.draw(st.integers(1, 14))
    naive = np.argsort(-values, axis=1, kind="stable")[:, :top_k]
    np.testing.assert_array_equal(ranking.top_columns(values, top_k), naive)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_violations_match_counting_by_hand(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy.levels)))
    predicted = values >= 0.5
    naive = sum(
        bool(predicted[row, child] and not predicted[row, parent])
        for row in range(len(values))
        for child, parent in hierarchy.edges
    )
    assert count_violations(predicted, hierarchy.edges) == naive


def test_violations_by_edge_not_by_label() -> None:
    predicted = np.array([[0, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0]], bool)
    assert count_violations(predicted, TREE.edges) == 3

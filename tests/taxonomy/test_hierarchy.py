"""The hierarchy in numbers: relatives, propagated scores, closed sets, violations."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.taxonomy import Hierarchy
from support.hierarchies import (
    descendants_by_hand,
    edges_and_levels,
    hierarchies,
    parents_by_hand,
    scores,
)

#        0       1
#      2   3    /          4 has the parents 3 and 1
#      |    \  /
#      5     4
DAG = Hierarchy.from_edges([[2, 0], [3, 0], [4, 3], [4, 1], [5, 2]], [1, 1, 2, 2, 3, 3])
VALUES = np.array([[0.1, 0.2, 0.3, 0.4, 0.9, 0.5], [0.9, 0.8, 0.1, 0.0, 0.0, 0.2]], np.float32)


@pytest.fixture(params=[1, 7, 1 << 20], ids=lambda cells: f"{cells}-cells")
def _block_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one row, of few rows and of all rows."""
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": request.param})


# --- building -----------------------------------------------------------------------------------


@given(edges_and_levels())
def test_edges_are_kept_sorted(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    edges, levels = drawn
    hierarchy = Hierarchy.from_edges(edges, levels)
    assert hierarchy.edges.tolist() == sorted(edges.tolist())
    assert hierarchy.levels.tolist() == levels.tolist()
    assert hierarchy.edges.dtype == hierarchy.levels.dtype == np.int32
    assert len(hierarchy) == len(levels)
    assert hierarchy.depth == levels[-1]
    assert hierarchy.level_sizes == tuple(np.bincount(levels)[1:].tolist())


def test_repr() -> None:
    assert repr(DAG) == "Hierarchy(6 labels, levels 2/2/2, 5 edges)"


@pytest.mark.parametrize(
    ("edges", "levels", "message"),
    [
        ([[1, 0]], [[1, 2, 3]], "Expected levels (C,) that ascend from 1 without gaps."),
        ([[1, 0]], [2, 1, 3], "Expected levels (C,) that ascend from 1 without gaps."),
        ([], [0, 0, 1], "Expected levels (C,) that ascend from 1 without gaps."),
        ([], [1, 3], "Expected levels (C,) that ascend from 1 without gaps."),
        ([[1, 0], [1, 0]], [1, 2], "Expected every edge once."),
        ([[3, 0]], [1, 2, 3], "Expected edges between columns 0 to 2."),
        ([[1, -1]], [1, 2, 3], "Expected edges between columns 0 to 2."),
        ([[0, 1]], [1, 2, 3], "Expected the parent of every edge on a level above its child."),
    ],
)
def test_what_is_no_hierarchy_is_refused(edges: Any, levels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Hierarchy.from_edges(edges, levels)
    assert str(caught.value) == message


def test_it_cannot_be_changed() -> None:
    levels, edges = np.array([1, 2], dtype=np.int32), np.array([[1, 0]], dtype=np.int32)
    hierarchy = Hierarchy.from_edges(edges, levels)
    levels[1] = 7
    edges[0] = 9
    assert (hierarchy.levels.tolist(), hierarchy.edges.tolist()) == ([1, 2], [[1, 0]])
    for array in (hierarchy.levels, hierarchy.edges):
        assert not array.flags.writeable


# --- relatives ----------------------------------------------------------------------------------


@given(st.data())
def test_relatives_match_walking(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    labels = len(hierarchy)
    parents = {column: sorted(parents_by_hand(hierarchy, column)) for column in range(labels)}
    for column in range(labels):
        children = [child for child in range(labels) if column in parents[child]]
        assert hierarchy.parents(column).tolist() == parents[column]
        assert hierarchy.children(column).tolist() == children
        assert (column in hierarchy.roots) == (not parents[column])
        assert (column in hierarchy.leaves) == (not children)
        assert bool(hierarchy.is_parent[column]) == bool(children)
        assert hierarchy.parent_counts[column] == len(parents[column])
        below = np.flatnonzero(hierarchy.closure.toarray()[:, column])
        assert set(below.tolist()) == descendants_by_hand(hierarchy, column)


@given(st.data())
def test_a_path_goes_through_the_best_parents(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy), rows=st.just(1)))[0]
    for column in range(len(hierarchy)):
        for given_scores, ranks in ((None, np.zeros(len(hierarchy))), (values, values)):
            expected = [column]
            while parents := sorted(parents_by_hand(hierarchy, expected[0])):
                expected.insert(0, max(parents, key=lambda c: ranks[c]))
            assert hierarchy.path(column, given_scores).tolist() == expected


# --- propagated scores --------------------------------------------------------------------------


@pytest.mark.usefixtures("_block_cells")
def test_propagation_on_a_small_dag() -> None:
    before = VALUES.copy()
    lifted = DAG.propagate(VALUES)
    expected = [[0.9, 0.9, 0.5, 0.9, 0.9, 0.5], [0.9, 0.8, 0.2, 0.0, 0.0, 0.2]]
    np.testing.assert_array_equal(lifted, np.array(expected, np.float32))
    np.testing.assert_array_equal(VALUES, before)
    assert lifted.dtype == np.float32


def test_propagation_without_edges_copies() -> None:
    flat = Hierarchy.from_edges(np.zeros((0, 2), np.int32), np.ones(6, np.int32))
    lifted = flat.propagate(VALUES)
    np.testing.assert_array_equal(lifted, VALUES)
    assert not np.shares_memory(lifted, VALUES)
    assert DAG.propagate(VALUES, "none") is VALUES


def test_propagation_refuses_scores_of_other_labels() -> None:
    with pytest.raises(ValueError, match=r"^Expected scores of 6 labels, got 3\.$"):
        DAG.propagate(np.zeros((1, 3), np.float32))


@given(st.data())
def test_propagation_is_the_maximum_over_descendants(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy)))
    lifted = hierarchy.propagate(values, "up")
    naive = np.array(values)
    for column in range(values.shape[1]):
        below = sorted(descendants_by_hand(hierarchy, column))
        naive[:, column] = values[:, below].max(axis=1)
    np.testing.assert_array_equal(lifted, naive)
    np.testing.assert_array_equal(hierarchy.propagate(lifted), lifted)


@given(st.data())
def test_propagation_downward_is_the_minimum_over_ancestors(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy)))
    lowered = hierarchy.propagate(values, "down")
    naive = np.array(values)
    for column in range(values.shape[1]):  # level-major: parents come first
        for parent in parents_by_hand(hierarchy, column):
            naive[:, column] = np.minimum(naive[:, column], naive[:, parent])
    np.testing.assert_array_equal(lowered, naive)


def test_propagation_makes_one_copy() -> None:
    labels = 2000
    levels = np.repeat([1, 2, 3], [20, 480, 1500]).astype(np.int32)
    children = np.arange(20, labels)
    parents = np.where(children < 500, children % 20, 20 + children % 480)
    hierarchy = Hierarchy.from_edges(np.stack([children, parents], axis=1), levels)
    values = np.random.default_rng(0).random((8000, labels), np.float32)
    tracemalloc.start()
    hierarchy.propagate(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.4 * values.nbytes


# --- label sets ---------------------------------------------------------------------------------


@given(st.data())
def test_most_specific_sets_have_no_descendant_beside_them(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    sets = data.draw(npst.arrays(bool, (3, len(hierarchy))))
    found = hierarchy.most_specific_sets(csr_array(sets))
    assert found.dtype == np.bool_
    for row, chosen in zip(found.toarray(), sets, strict=True):
        columns = set(np.flatnonzero(chosen).tolist())
        expected = {
            column
            for column in columns
            if not (descendants_by_hand(hierarchy, column) - {column}) & columns
        }
        assert set(np.flatnonzero(row).tolist()) == expected
        assert hierarchy.most_specific(sorted(columns)).tolist() == sorted(expected)


@given(st.data())
def test_violations_match_counting_by_hand(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy)))
    predicted = values >= 0.5
    naive = sum(
        bool(predicted[row, child] and not predicted[row, parent])
        for row in range(len(values))
        for child, parent in hierarchy.edges
    )
    assert hierarchy.count_violations(predicted) == naive


def test_violations_by_edge_not_by_label() -> None:
    predicted = np.array([[0, 0, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0]], bool)
    assert DAG.count_violations(predicted) == 3

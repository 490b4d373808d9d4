"""How sure whole documents are, beside a slow reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.acceptance import are_right, confidences, judge
from harnn.taxonomy import Hierarchy, Taxonomy
from support.promises import as_scores, as_sets


def slow(sets: NDArray[np.bool_], scores: NDArray[np.float32], hierarchy: Hierarchy) -> list[float]:
    """The confidence of one document on each level: sets, scores (C,)."""
    levels, last = hierarchy.levels, 1.0
    own = np.flatnonzero(sets)
    found = []
    for level in range(1, hierarchy.depth + 1):
        above = [c for c in own.tolist() if levels[c] <= level]
        parents = {int(p) for c in above for p in hierarchy.parents(c)}
        specific = [c for c in above if c not in parents]
        last = min(last, math.prod(float(scores[c]) for c in specific))
        inside = above and levels[own].max() >= level
        found.append(last if inside else math.nan)
    return found


@st.composite
def documents(draw: st.DrawFn) -> tuple[Hierarchy, NDArray[np.bool_], NDArray[np.float32]]:
    """A DAG with orphans, closed sets and closed scores."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    levels = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    pairs = [
        (child, parent)
        for child in range(len(levels))
        for parent in range(child)
        if levels[parent] == levels[child] - 1 and draw(st.booleans())
    ]
    hierarchy = Hierarchy.from_edges(pairs, levels)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = hierarchy.lift(rng.random((6, len(levels)), dtype=np.float32))
    sets = hierarchy.lift(rng.random((6, len(levels))) < 0.2)
    return hierarchy, sets, scores


@given(documents())
def test_confidences_are_those_of_the_slow_reference(
    given_: tuple[Hierarchy, NDArray[np.bool_], NDArray[np.float32]],
) -> None:
    hierarchy, sets, scores = given_
    found = judge(scores, csr_array(sets), csr_array(sets), hierarchy)
    expected = [slow(*row, hierarchy) for row in zip(sets, scores, strict=True)]
    np.testing.assert_allclose(found.confidence, np.array(expected), rtol=1e-6)
    assert found.unanswered == int((~sets.any(axis=1)).sum())
    assert found.right.all()
    falling = np.diff(found.confidence, axis=1)
    assert not (falling > 0).any()  # NaN compares false


def test_an_answer_counts_on_its_deepest_level_and_above(taxonomy: Taxonomy) -> None:
    rows = [{"A": 0.9, "B": 0.8}, {"A": 0.9, "a1": 0.6, "a2": 0.5}, {}]
    scores = as_scores(rows, taxonomy)
    sets = as_sets([list(row) for row in rows], taxonomy)
    found = judge(scores, sets, as_sets([["A"], ["a1"], ["A"]], taxonomy), taxonomy.hierarchy)
    expected = [[0.72, np.nan, np.nan], [0.9, 0.3, np.nan], [np.nan] * 3]
    np.testing.assert_allclose(found.confidence, expected, rtol=1e-6)
    assert found.right.tolist() == [[False] * 3, [True, False, False], [True] * 3]
    assert found.unanswered == 1


def test_a_label_below_two_others_is_no_surer_than_both(taxonomy: Taxonomy) -> None:
    scores = as_scores([{"A": 0.9, "B": 0.9, "a1": 0.8, "b1": 0.8, "c": 0.79}], taxonomy)
    found = judge(
        scores, as_sets([["c"]], taxonomy), as_sets([["c"]], taxonomy), taxonomy.hierarchy
    )
    np.testing.assert_allclose(found.confidence, [[0.81, 0.64, 0.64]], rtol=1e-6)


def test_labels_that_are_never_accepted_end_a_document(taxonomy: Taxonomy) -> None:
    never = np.zeros(len(taxonomy), dtype=np.bool_)
    never[taxonomy.index["b1"]] = True
    scores = as_scores([{"A": 0.9, "B": 0.9, "a1": 0.8, "b1": 0.8, "c": 0.7}], taxonomy)
    sets = as_sets([["c"]], taxonomy)
    found = judge(scores, sets, sets, taxonomy.hierarchy, never=never)
    np.testing.assert_allclose(found.confidence, [[0.81, np.nan, np.nan]], rtol=1e-6)


def test_a_score_of_zero_is_a_label_all_the_same(taxonomy: Taxonomy) -> None:
    cells = (np.zeros(1, np.float32), np.array([0], np.int32), np.array([0, 1]))
    answers: csr_array[np.float32] = csr_array(cells, shape=(1, len(taxonomy)))
    found = confidences(answers, taxonomy.hierarchy)
    assert found[0, 0] == 0
    assert np.isnan(found[0, 1:]).all()


def test_shapes_that_differ(taxonomy: Taxonomy) -> None:
    sets = as_sets([["A"]], taxonomy)
    with pytest.raises(ValueError, match="Expected arrays of one shape"):
        judge(np.zeros((2, len(taxonomy)), np.float32), sets, sets, taxonomy.hierarchy)
    with pytest.raises(ValueError, match="Expected arrays of one shape"):
        are_right(sets, as_sets([["A"], ["A"]], taxonomy), taxonomy.hierarchy)
    with pytest.raises(ValueError, match=r"Expected scores of 6 labels, got 5\."):
        confidences(csr_array(np.zeros((1, 5), np.float32)), taxonomy.hierarchy)

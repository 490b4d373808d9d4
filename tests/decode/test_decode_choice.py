"""Scores and choice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.config import Close
from harnn.counting import top_columns
from harnn.decode import Decoder, Scores
from harnn.taxonomy import Hierarchy
from support.hierarchies import descendants_by_hand, hierarchies, parents_by_hand, scores

#        0       1
#      2   3    /          4 has the parents 3 and 1
#      |    \  /
#      5     4
DAG = Hierarchy.from_edges([[2, 0], [3, 0], [4, 3], [4, 1], [5, 2]], [1, 1, 2, 2, 3, 3])
VALUES = np.array([[0.1, 0.2, 0.3, 0.4, 0.9, 0.5], [0.9, 0.8, 0.1, 0.0, 0.0, 0.2]], np.float32)


def choose(
    values: np.ndarray,
    hierarchy: Hierarchy,
    *,
    threshold: float = 0.5,
    top_k: int | None = None,
    close: Close = "up",
) -> csr_array:
    """Choose by a threshold, or by rank where top_k is given."""
    decoder = Decoder(threshold, close=close)
    if top_k is not None:
        decoder = Decoder(threshold, strategy="top_k", top_k=top_k, close=close)
    return decoder.choose(values, hierarchy)


@pytest.fixture(params=[1, 7, 1 << 20], ids=lambda cells: f"{cells}-cells")
def _block_cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one row, of few rows and of all rows."""
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": request.param})


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


@pytest.mark.usefixtures("_block_cells")
def test_choice_by_threshold_adds_the_ancestors() -> None:
    chosen = choose(VALUES, DAG, threshold=0.5)
    assert chosen.dtype == np.bool_
    assert chosen.toarray().astype(int).tolist() == [[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0]]
    raw = choose(VALUES, DAG, threshold=0.5, close="none")
    assert raw.toarray().astype(int).tolist() == [[0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0]]


@pytest.mark.usefixtures("_block_cells")
def test_choice_of_the_best_breaks_ties_to_the_left() -> None:
    chosen = choose(VALUES, DAG, top_k=3)
    assert chosen.toarray().astype(int).tolist() == [[1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0]]
    raw = choose(VALUES, DAG, top_k=3, close="none")
    assert raw.toarray().astype(int).tolist() == [[0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 1]]
    every = choose(VALUES, DAG, top_k=99)
    assert every.nnz == VALUES.size


def test_threshold_is_compared_in_float32() -> None:
    values = np.array([[0.3]], np.float32)
    flat = Hierarchy.from_edges([], [1])
    for threshold in (0.3, np.float64(0.3), float(np.float32(0.3))):
        assert choose(values, flat, threshold=threshold).nnz == 1


def policies() -> st.SearchStrategy[dict[str, Any]]:
    thresholds = st.one_of(st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0]), st.floats(0, 1))
    return st.one_of(
        thresholds.map(lambda threshold: {"threshold": threshold}),
        st.integers(1, 25).map(lambda top_k: {"top_k": top_k}),
    )


@given(st.data())
def test_chosen_sets_are_closed_and_follow_their_documents(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy)))
    policy = data.draw(policies())
    chosen = choose(values, hierarchy, **policy)
    dense = chosen.toarray()
    assert chosen.shape == values.shape
    assert chosen.has_canonical_format
    children, parents = hierarchy.edges.T
    assert not (dense[:, children] & ~dense[:, parents]).any()
    assert hierarchy.count_violations(chosen) == 0
    if "top_k" in policy:
        assert (dense.sum(axis=1) == min(policy["top_k"], values.shape[1])).all()
    order = np.array(data.draw(st.permutations(range(len(values)))), dtype=int)
    shuffled = choose(values[order], hierarchy, **policy)
    np.testing.assert_array_equal(shuffled.toarray(), dense[order])


@given(st.data())
def test_closing_a_threshold_choice_only_adds_ancestors(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy)))
    threshold = data.draw(st.sampled_from([0.1, 0.3, 0.5, 0.9]))
    closed = choose(values, hierarchy, threshold=threshold).toarray()
    raw = choose(values, hierarchy, threshold=threshold, close="none")
    naive = values >= np.float32(threshold)
    np.testing.assert_array_equal(raw.toarray(), naive)
    for column in range(values.shape[1]):
        below = sorted(descendants_by_hand(hierarchy, column))
        np.testing.assert_array_equal(closed[:, column], naive[:, below].any(axis=1))


@given(st.data())
def test_closing_downward_keeps_labels_with_all_their_ancestors(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy)))
    naive = np.array(values)
    for column in range(values.shape[1]):  # level-major: parents come first
        for parent in parents_by_hand(hierarchy, column):
            naive[:, column] = np.minimum(naive[:, column], naive[:, parent])
    closed = choose(values, hierarchy, threshold=0.3, close="down").toarray()
    np.testing.assert_array_equal(closed, naive >= np.float32(0.3))
    assert hierarchy.count_violations(closed) == 0


@given(st.data())
def test_best_labels_match_a_stable_sort(data: st.DataObject) -> None:
    values = data.draw(scores(data.draw(st.integers(1, 12))))
    top_k = data.draw(st.integers(1, 14))
    naive = np.argsort(-values, axis=1, kind="stable")[:, :top_k]
    np.testing.assert_array_equal(top_columns(values, top_k), naive)

"""Parity with scikit-learn and with slow references, ties and empty rows and columns included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from harnn import counting
from harnn._memory import row_blocks
from harnn.metrics import (
    exact_match,
    hierarchical_prf,
    micro_auc,
    micro_auprc,
    precision_at_k,
    prf,
    recall_at_k,
)
from harnn.taxonomy import Hierarchy

SHAPES = st.tuples(st.integers(1, 8), st.integers(1, 8))


def label_sets(shape: tuple[int, int]) -> st.SearchStrategy[np.ndarray]:
    """Label sets with empty rows and columns among them."""
    rows, columns = shape
    return st.tuples(
        npst.arrays(bool, shape),
        npst.arrays(bool, (rows, 1), elements=st.sampled_from([True, True, False])),
        npst.arrays(bool, (1, columns), elements=st.sampled_from([True, True, False])),
    ).map(lambda parts: parts[0] & parts[1] & parts[2])


def scores(shape: tuple[int, int]) -> st.SearchStrategy[np.ndarray]:
    """Scores with many ties, or hardly any."""
    tied = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    return st.sampled_from([tied, st.floats(0, 1, width=32)]).flatmap(
        lambda elements: npst.arrays(np.float32, shape, elements=elements)
    )


pairs_of_sets = SHAPES.flatmap(lambda shape: st.tuples(label_sets(shape), label_sets(shape)))
scores_and_sets = SHAPES.flatmap(lambda shape: st.tuples(scores(shape), label_sets(shape)))


@pytest.fixture(scope="module", params=[3, 1 << 20], ids=lambda cells: f"{cells}-cells")
def _block_cells(request: pytest.FixtureRequest) -> object:
    """Blocks of few rows, and of all rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "__kwdefaults__", {"cells": request.param})
        patch.setattr(counting, "_SORTED_CELLS", request.param)
        yield


pytestmark = pytest.mark.usefixtures("_block_cells")


@given(pairs_of_sets)
def test_prf_is_that_of_scikit_learn(pair: tuple[np.ndarray, np.ndarray]) -> None:
    predictions, targets = pair
    found = prf(csr_array(predictions), csr_array(targets))
    supported = np.flatnonzero(targets.any(axis=0))
    # One unused column more keeps a single label multilabel for scikit-learn.
    wide = [np.pad(sets, ((0, 0), (0, 1))).astype(int) for sets in (targets, predictions)]
    every = np.arange(targets.shape[1])
    for averages, average, labels in (
        (found.micro, "micro", every),
        (found.macro, "macro", every),
        (found.supported, "macro", supported),
    ):
        expected = (
            precision_recall_fscore_support(*wide, average=average, labels=labels, zero_division=0)
            if len(labels)
            else (0.0, 0.0, 0.0)
        )
        assert averages.precision == pytest.approx(expected[0], rel=0, abs=1e-9)
        assert averages.recall == pytest.approx(expected[1], rel=0, abs=1e-9)
        assert averages.f1 == pytest.approx(expected[2], rel=0, abs=1e-9)


@given(pairs_of_sets)
@settings(max_examples=20)
def test_exact_match_is_subset_accuracy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    predictions, targets = pair
    expected = accuracy_score(
        *(np.pad(sets, ((0, 0), (0, 1))).astype(int) for sets in (targets, predictions))
    )
    assert exact_match(csr_array(predictions), csr_array(targets)) == pytest.approx(
        expected, rel=0, abs=1e-9
    )


@given(scores_and_sets)
@example((np.full((3, 2), 0.5, np.float32), np.eye(3, 2, dtype=bool)))
def test_areas_are_those_of_scikit_learn(pair: tuple[np.ndarray, np.ndarray]) -> None:
    values, targets = pair
    auprc, auc = micro_auprc(values, csr_array(targets)), micro_auc(values, csr_array(targets))
    flat = targets.ravel()
    if flat.any():
        assert auprc == pytest.approx(
            average_precision_score(flat, values.ravel()), rel=0, abs=1e-9
        )
    else:
        assert auprc == 0.0
    if flat.any() and not flat.all():
        assert auc == pytest.approx(roc_auc_score(flat, values.ravel()), rel=0, abs=1e-9)
    else:
        assert auc is None


def test_areas_are_micro_averages() -> None:
    random = np.random.default_rng(3)
    targets = random.random((60, 20)) < 0.2
    values = (random.random((60, 20)) * 0.6 + targets * 0.3).round(2).astype(np.float32)
    assert micro_auprc(values, csr_array(targets)) == pytest.approx(
        average_precision_score(targets, values, average="micro"), rel=0, abs=1e-9
    )
    assert micro_auc(values, csr_array(targets)) == pytest.approx(
        roc_auc_score(targets, values, average="micro"), rel=0, abs=1e-9
    )


@given(scores_and_sets, st.lists(st.integers(1, 10), min_size=1, max_size=3, unique=True))
def test_measures_at_k_match_a_stable_sort(
    pair: tuple[np.ndarray, np.ndarray], ks: list[int]
) -> None:
    values, targets = pair
    order = np.argsort(-values, axis=1, kind="stable")
    ranked = np.take_along_axis(targets, order, axis=1)
    labelled = targets.any(axis=1)
    precision = precision_at_k(values, csr_array(targets), ks)
    recall = recall_at_k(values, csr_array(targets), ks)
    assert list(precision) == list(recall) == ks
    for k in ks:
        hits = ranked[:, :k].sum(axis=1)
        assert precision[k] == pytest.approx((hits / k).mean(), rel=0, abs=1e-9)
        shares = hits[labelled] / targets[labelled].sum(axis=1)
        assert recall[k] == pytest.approx(shares.mean() if labelled.any() else 0.0, rel=0, abs=1e-9)


@st.composite
def sets_in_a_hierarchy(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Hierarchy]:
    predictions, targets = draw(pairs_of_sets)
    labels = targets.shape[1]
    pairs = [(child, parent) for child in range(labels) for parent in range(child)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=10)) if pairs else []
    levels = np.arange(1, labels + 1)  # each label may stand below all before it
    return predictions, targets, Hierarchy.from_edges(edges, levels)


@given(sets_in_a_hierarchy())
def test_hierarchical_prf_matches_sets(case: tuple[np.ndarray, np.ndarray, Hierarchy]) -> None:
    predictions, targets, hierarchy = case

    def close(columns: set[int]) -> set[int]:
        more = columns | {parent for child, parent in hierarchy.edges.tolist() if child in columns}
        return columns if more == columns else close(more)

    closed = [
        [close(set(np.flatnonzero(row).tolist())) for row in sets]
        for sets in (predictions, targets)
    ]
    hits = sum(len(p & t) for p, t in zip(*closed, strict=True))
    predicted, true = (sum(map(len, sets)) for sets in closed)
    for column, row in enumerate(hierarchy.closure.toarray()):
        assert set(np.flatnonzero(row).tolist()) == close({column})
    found = hierarchical_prf(csr_array(predictions), csr_array(targets), hierarchy)
    assert found.precision == pytest.approx(hits / predicted if predicted else 0.0, rel=0, abs=1e-9)
    assert found.recall == pytest.approx(hits / true if true else 0.0, rel=0, abs=1e-9)
    total = predicted + true
    assert found.f1 == pytest.approx(2 * hits / total if total else 0.0, rel=0, abs=1e-9)
    plain = hierarchical_prf(csr_array(predictions), csr_array(targets))
    assert plain == prf(csr_array(predictions), csr_array(targets)).micro

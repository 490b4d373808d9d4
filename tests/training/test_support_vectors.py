"""Weights equal scikit-learn's; labels without a choice; sampling, threads and stopping."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.sparse import block_diag, csr_array, vstack
from sklearn.svm import LinearSVC

from harnn._memory import row_blocks
from harnn.branches.linear import LinearClassifier
from harnn.taxonomy import Hierarchy
from harnn.training.support_vectors import _LEAST_WEIGHT, _sample, train_classifier

TOPICS = 6
ROOTS = Hierarchy.from_edges([], [1] * TOPICS)


def problem(documents: int = 200, seed: int = 0) -> tuple[csr_array, csr_array]:
    """Documents of about two topics, each with ten features of its own."""
    generator = np.random.default_rng(seed)
    targets = generator.random((documents, TOPICS)) < 0.3
    found = np.repeat(targets, 10, axis=1) & (generator.random((documents, 10 * TOPICS)) < 0.4)
    noise = generator.random((documents, 10 * TOPICS)) < 0.05
    values = (found | noise) * generator.uniform(0.5, 1, (documents, 10 * TOPICS))
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    return csr_array(values.astype(np.float32)), csr_array(targets)


def test_parity_with_scikit_learn() -> None:
    vectors, targets = problem()
    trained = train_classifier(vectors, targets, ROOTS, seed=5)
    exact = train_exactly(vectors, targets)
    weights = trained.weights.toarray()
    assert trained.weights.dtype == np.float32
    np.testing.assert_array_equal(weights, weights.astype(np.float16))
    kept = weights != 0
    assert np.abs(weights[kept]).min() >= _LEAST_WEIGHT
    # the solver stops early, so the optimum is only approached
    np.testing.assert_allclose(weights[kept], exact.weights.toarray()[kept], atol=0.1)
    np.testing.assert_allclose(trained.bias, exact.bias, atol=0.1)
    assert np.abs(exact.weights.toarray()[~kept]).max() < _LEAST_WEIGHT + 0.1
    margins = trained.margins(vectors)
    assert margins.shape == targets.shape
    assert margins.dtype == np.float32
    np.testing.assert_allclose(margins, vectors @ weights + trained.bias, atol=1e-5)
    assert np.mean((margins > 0) == targets.toarray()) > 0.95


@pytest.mark.parametrize("cells", [1, 7 * TOPICS])
def test_blocks_of_documents_change_no_margin(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, targets = problem()
    trained = train_classifier(vectors, targets, ROOTS)
    at_once = trained.margins(vectors)
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": cells})
    np.testing.assert_array_equal(trained.margins(vectors), at_once)


def train_exactly(vectors: csr_array, targets: csr_array) -> LinearClassifier:
    entries = vectors.astype(np.float64)
    machines = [
        LinearSVC(C=1.0, dual=True, tol=1e-8, max_iter=100_000, random_state=0).fit(entries, column)
        for column in targets.toarray().T
    ]
    weights = np.stack([machine.coef_[0] for machine in machines], axis=1)
    return LinearClassifier(csr_array(weights), np.array([m.intercept_[0] for m in machines]))


def test_labels_without_a_choice() -> None:
    vectors, targets = problem()
    dense = targets.toarray()
    dense[:, 1], dense[:, 4] = False, True
    trained = train_classifier(vectors, csr_array(dense), ROOTS)
    margins = trained.margins(vectors)
    assert (margins[:, 1] == -3).all()
    assert (margins[:, 4] == 3).all()
    assert trained.weights[:, [1, 4]].nnz == 0
    others = train_classifier(vectors, targets, ROOTS).margins(vectors)
    np.testing.assert_array_equal(np.delete(margins, [1, 4], 1), np.delete(others, [1, 4], 1))


def nested() -> tuple[csr_array, csr_array, Hierarchy]:
    """Topic 1 below topic 0, topic 3 below topics 0 and 2, topic 5 below 4 with all of its rows."""
    vectors, targets = problem(600, seed=3)
    dense = targets.toarray()
    edges = [(1, 0), (3, 0), (3, 2)]
    for child, parent in edges:
        dense[:, parent] |= dense[:, child]
    dense[:, 4] = dense[:, 5]
    hierarchy = Hierarchy.from_edges([*edges, (5, 4)], [1, 2, 2, 3, 3, 4])
    return vectors, csr_array(dense), hierarchy


def test_sampled_training_still_separates(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, targets, hierarchy = nested()
    whole = train_classifier(vectors, targets, hierarchy)
    monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", 1)
    monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 60)
    sampled = train_classifier(vectors, targets, hierarchy)
    true = targets.toarray()
    for label in (0, 2, 4):  # labels without parents see everything
        found = sampled.weights[:, [label]].toarray()
        np.testing.assert_array_equal(found, whole.weights[:, [label]].toarray())
    for label in (1, 3, 5):
        margins = sampled.margins(vectors)[:, label]
        assert np.mean((margins > 0) == true[:, label]) > 0.9
        assert np.corrcoef(margins, whole.margins(vectors)[:, label])[0, 1] > 0.9


@pytest.mark.parametrize("cost", [1.0, 0.3])
def test_an_only_example_among_very_many_labels(
    cost: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights are those that the search would find if nothing resembles it."""
    vectors, targets = problem(documents=4_000)
    alone = np.zeros((1, vectors.shape[1] + 4), dtype=np.float32)
    alone[0, -4:] = 0.5
    wider = csr_array((vectors.data, vectors.indices, vectors.indptr), shape=(4_000, len(alone[0])))
    vectors = csr_array(vstack([wider, csr_array(alone)], format="csr"))
    targets = csr_array(block_diag([targets, csr_array([[True]])], format="csr"))
    roots = Hierarchy.from_edges([], [1] * targets.shape[1])
    searched = train_classifier(vectors, targets, roots, cost=cost)
    monkeypatch.setattr("harnn.training.support_vectors.MANY_LABELS", 5)
    told = train_classifier(vectors, targets, roots, cost=cost)
    for label in range(TOPICS):  # with several examples
        found = told.weights[:, [label]].toarray()
        np.testing.assert_array_equal(found, searched.weights[:, [label]].toarray())
    one, other = (found.margins(vectors)[:, -1] for found in (searched, told))
    np.testing.assert_allclose(one, other, atol=0.05)
    assert told.weights[:, [TOPICS]].nnz == 4


def test_a_label_with_all_documents_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", 1)
    monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 0)
    vectors, targets, hierarchy = nested()
    trained = train_classifier(vectors, targets, hierarchy)
    assert (trained.margins(vectors)[:, 5] == 3).all()


def test_samples_have_weights_for_those_left_out() -> None:
    order = np.array([5, 0, 3, 1, 4, 2])
    rows, weights = _sample(order, np.array([3, 3, 1]), 2)
    np.testing.assert_array_equal(rows, [0, 1, 3, 5])
    np.testing.assert_array_equal(weights, [2, 1, 1, 2])
    assert weights.sum() == 6
    rows, weights = _sample(order, np.arange(6), 2)
    np.testing.assert_array_equal(rows, np.arange(6))
    np.testing.assert_array_equal(weights, np.ones(6))


@pytest.mark.parametrize("work", [4e9, 1])
def test_repeating_changes_nothing(work: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", work)
    monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 60)
    vectors, targets, hierarchy = nested()
    first = train_classifier(vectors, targets, hierarchy, seed=7)
    other = train_classifier(vectors, targets, hierarchy, seed=7)
    np.testing.assert_array_equal(first.weights.toarray(), other.weights.toarray())
    np.testing.assert_array_equal(first.bias, other.bias)


def test_warnings_of_the_process_stay_as_they_were() -> None:
    vectors, targets, hierarchy = nested()
    before = list(warnings.filters)
    train_classifier(vectors, targets, hierarchy)
    assert warnings.filters == before


def test_given_vectors_stay_as_they_are() -> None:
    vectors, targets = problem()
    copies = vectors.copy(), targets.copy()
    train_classifier(vectors, targets, ROOTS)
    assert (vectors.dtype, vectors.indices.dtype) == (copies[0].dtype, copies[0].indices.dtype)
    np.testing.assert_array_equal(vectors.toarray(), copies[0].toarray())
    np.testing.assert_array_equal(targets.toarray(), copies[1].toarray())


def test_without_features_a_label_has_the_score_of_its_share() -> None:
    targets = csr_array(np.array([[1, 0], [1, 0], [1, 1], [0, 0]], dtype=bool))
    nothing = csr_array(np.zeros((4, 0), dtype=np.float32))
    found = train_classifier(nothing, targets, Hierarchy.from_edges([], [1, 1]))
    np.testing.assert_allclose(found.bias, [0.5, -0.5])  # 2 p - 1 minimises the squared hinge
    assert found.weights.shape == (0, 2)


def test_stopping() -> None:
    vectors, targets = problem()
    asked = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(InterruptedError):
        train_classifier(vectors, targets, ROOTS, stopped=stopped)
    assert 3 <= len(asked) < TOPICS + 1

"""Machines equal those of liblinear, by their objective and by what they say of documents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.svm import LinearSVC

from harnn.training.support_vectors import Documents, Machines, find_machines

CLOSE = 1e-5


def find(
    vectors: NDArray[Any], positive: NDArray[np.bool_], costs: NDArray[Any], **options: Any
) -> Machines:
    documents = Documents.of(csr_array(vectors.astype(np.float32)))
    signs = np.where(positive, np.float32(1), np.float32(-1))
    return find_machines(documents, signs, costs.astype(np.float32), **options)


def objective(
    weights: NDArray[Any], vectors: NDArray[Any], positive: NDArray[np.bool_], costs: NDArray[Any]
) -> float:
    """The bias is the last weight."""
    margins = vectors @ weights[:-1] + weights[-1]
    slack = np.maximum(0, 1 - np.where(positive, margins, -margins))
    return float(weights @ weights / 2 + costs @ slack**2)


def liblinear(
    vectors: NDArray[Any], positive: NDArray[np.bool_], costs: NDArray[Any]
) -> NDArray[Any]:
    """Return the weights and the bias; a document of no cost gives each label both classes."""
    more = np.vstack([vectors, np.zeros((2, vectors.shape[1]))])
    machine = LinearSVC(C=1.0, dual=True, tol=1e-9, max_iter=1_000_000, random_state=0)
    machine.fit(csr_array(more), [*positive, True, False], sample_weight=[*costs, 1e-12, 1e-12])
    return np.append(machine.coef_[0], machine.intercept_[0])


@st.composite
def problems(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any]]:
    """Sparse documents, some without features and some twice; labels with none, all or some."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, features = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    labels = draw(st.integers(1, 16))
    vectors = generator.random((count, features)) * (generator.random((count, features)) < 0.4)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    vectors = vectors.astype(np.float32).astype(np.float64)
    positive = generator.random((count, labels)) < generator.random(labels)
    positive[:, 0] = draw(st.booleans())  # none, or all
    positive[:, -1] = np.arange(count) == 0
    if draw(st.booleans()):
        again = generator.integers(0, count, 5)
        vectors = np.vstack([vectors, vectors[again]])
        positive = np.vstack([positive, ~positive[again]])
    cost = draw(st.sampled_from([0.1, 0.3, 1.0, 3.0]))
    costs = cost * generator.choice([1.0, 2.0, 7.5], len(vectors)).astype(np.float64)
    return vectors, positive, costs


@given(problem=problems())
def test_parity_with_liblinear(
    problem: tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any]],
) -> None:
    vectors, positive, costs = problem
    found = find(vectors, positive, costs, tolerance=CLOSE)
    assert found.weights.dtype == found.duals.dtype == np.float32
    for label, weights in enumerate(found.weights.T.astype(np.float64)):
        best = liblinear(vectors, positive[:, label], costs)
        told = objective(weights, vectors, positive[:, label], costs)
        lowest = objective(best, vectors, positive[:, label], costs)
        assert told == pytest.approx(lowest, rel=1e-4, abs=1e-5)
        margins, expected = (vectors @ x[:-1] + x[-1] for x in (weights, best))
        np.testing.assert_allclose(margins, expected, atol=3e-3)


@settings(max_examples=20)
@given(problem=problems())
def test_weights_are_those_of_the_dual_variables(
    problem: tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any]],
) -> None:
    """w = sum of alpha y x; alpha is 0 or 2 cost times what is missing to the margin."""
    vectors, positive, costs = problem
    weights, duals = find(vectors, positive, costs, tolerance=CLOSE)
    signs = np.where(positive, 1, -1)
    wide = np.hstack([vectors, np.ones((len(vectors), 1))])
    np.testing.assert_allclose(weights, wide.T @ (duals * signs), atol=1e-3)
    slack = np.maximum(0, 1 - signs * (wide @ weights))
    np.testing.assert_allclose(duals, 2 * costs[:, None] * slack, atol=0.05)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_without_features_the_bias_is_the_least_squared_hinge(share: float) -> None:
    """p (1 - b)^2 + (1 - p) (1 + b)^2 is least at 2 p - 1; large weights cost next to nothing."""
    positive = (np.arange(400) < 400 * share)[:, None]
    found = find(np.zeros((400, 3)), positive, np.full(400, 100.0), tolerance=1e-4)
    assert found.weights[:-1].max() == 0
    assert found.weights[-1, 0] == pytest.approx(2 * share - 1, abs=0.01)


@given(labels=st.integers(1, 16), seed=st.integers(0, 99))
@settings(max_examples=10)
def test_the_same_seed_gives_the_same_bits(labels: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    vectors, positive = generator.random((60, 9)), generator.random((60, labels)) < 0.4
    costs = np.ones(60)
    first, second = (find(vectors, positive, costs, seed=seed) for _ in range(2))
    assert first.weights.tobytes() == second.weights.tobytes()
    assert first.duals.tobytes() == second.duals.tobytes()
    other = find(vectors, positive, costs, seed=seed + 1)
    assert first.weights.tobytes() != other.weights.tobytes()
    np.testing.assert_allclose(first.weights, other.weights, atol=0.5)


@example(entries=3)
@example(entries=4)
@example(entries=5)
@given(entries=st.integers(0, 11))
@settings(max_examples=4)
def test_any_number_of_entries(entries: int) -> None:
    """Entries are summed four at a time and the rest one by one."""
    generator = np.random.default_rng(entries)
    vectors = np.zeros((50, 12), dtype=np.float32)
    vectors[:, :entries] = generator.random((50, entries)) + 0.1
    positive, costs = generator.random(50) < 0.4, np.full(50, 0.5)
    found = find(vectors, positive[:, None], costs, tolerance=CLOSE).weights[:, 0]
    best = liblinear(vectors, positive, costs)
    lowest = objective(best, vectors, positive, costs)
    assert objective(found, vectors, positive, costs) == pytest.approx(lowest, rel=1e-4)
    np.testing.assert_allclose(found, best, atol=0.02)


def test_it_ends_when_it_is_told_to() -> None:
    vectors, positive = np.random.default_rng(0).random((50, 3)), np.ones((50, 1), dtype=bool)
    halted = np.ones(1, dtype=np.uint8)
    assert not find(vectors, positive, np.ones(50), halted=halted).weights.any()

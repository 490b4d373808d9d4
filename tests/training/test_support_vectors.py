"""Classifiers of all labels: labels without a choice; sampling, threads and stopping."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import block_diag, csc_array, csr_array, hstack, vstack
from sklearn.svm import LinearSVC

from harnn._memory import row_blocks
from harnn.branches.linear import LinearClassifier
from harnn.taxonomy import Hierarchy
from harnn.training import descent
from harnn.training.support_vectors import (
    _LEAST_WEIGHT,
    OrderedDocuments,
    _Training,
    train_classifier,
)

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
    # The documents that are passed over depend on all labels that are solved together.
    found, alone = (np.delete(x, [1, 4], 1) for x in (margins, others))
    np.testing.assert_allclose(found, alone, atol=0.1)


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


def training_on(vectors: csr_array, targets: csr_array, hierarchy: Hierarchy) -> _Training:
    documents = OrderedDocuments.of(vectors)
    return _Training(documents, csc_array(targets), hierarchy, cost=1.0, seed=0)


def test_sampled_training_still_separates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 60)
    vectors, targets, hierarchy = nested()
    whole = train_classifier(vectors, targets, hierarchy)
    made = training_on(vectors, targets, hierarchy)
    children, true = np.array([1, 3, 5]), targets.toarray()
    assert len(made._sample(children, 60)[0]) < len(true)
    for label, column in zip(children, made._solve(children, share=0.0), strict=True):
        margins = vectors[:, column.features] @ column.weights + column.bias
        assert np.mean((margins > 0) == true[:, label]) > 0.9
        assert np.corrcoef(margins, whole.margins(vectors)[:, label])[0, 1] > 0.9
    monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", 1)
    sampled = train_classifier(vectors, targets, hierarchy)  # in one block with the roots
    np.testing.assert_allclose(sampled.margins(vectors), whole.margins(vectors), atol=0.1)


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
        one, other = (found.margins(vectors)[:, label] for found in (searched, told))
        np.testing.assert_allclose(one, other, atol=0.1)
    one, other = (found.margins(vectors)[:, -1] for found in (searched, told))
    np.testing.assert_allclose(one, other, atol=0.05)
    assert told.weights[:, [TOPICS]].nnz == 4


def test_a_label_with_all_documents_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 0)
    _, targets, hierarchy = nested()
    (column,) = training(targets, hierarchy)._solve(np.array([5]), share=0.0)
    assert column.bias == 3
    assert not len(column.features)


def training(targets: csr_array, hierarchy: Hierarchy) -> _Training:
    vectors = csr_array(np.ones((targets.shape[0], 1), dtype=np.float32))
    return training_on(vectors, targets, hierarchy)


def test_samples_have_weights_for_those_left_out() -> None:
    """Labels 2 and 3 are below 0 and 1, which have the documents 1 and 3 and 4 of eight."""
    targets = np.zeros((8, 4), dtype=bool)
    targets[[1, 3], 0] = targets[4, 1] = True
    hierarchy = Hierarchy.from_edges([(2, 0), (3, 1)], [1, 1, 2, 2])
    made = training(csr_array(targets), hierarchy)
    rows, weights = made._sample(np.array([2, 3]), 2)
    assert len(rows) == 5
    assert (np.diff(rows) > 0).all()
    assert dict(zip(rows.tolist(), weights.tolist(), strict=True)) == {
        row: 1.0 if row in (1, 3, 4) else 2.5 for row in rows.tolist()
    }
    assert weights.sum() == 8
    for labels, size in (([2], 6), ([2, 3], 100), ([0, 2], 1)):  # enough, too much, a root
        rows, weights = made._sample(np.array(labels), size)
        np.testing.assert_array_equal(rows, np.arange(8))
        np.testing.assert_array_equal(weights, np.ones(8))


def test_blocks_of_labels() -> None:
    """Of like frequency, or of one parent."""
    generator = np.random.default_rng(0)
    targets = generator.random((50, 40)) < generator.random(40)
    edges = [(child, child % 5) for child in range(5, 40)]
    made = training(csr_array(targets), Hierarchy.from_edges(edges, [1] * 5 + [2] * 35))
    labels = np.arange(1, 40)
    blocks = list(made._blocks(labels, sampled=False))
    assert [len(block) for block in blocks] == [16, 16, 7]
    counts = targets.sum(axis=0)[np.concatenate(blocks)]
    assert (np.diff(counts) >= 0).all()
    ordered = np.concatenate(list(made._blocks(labels, sampled=True)))
    np.testing.assert_array_equal(np.sort(ordered), labels)
    assert set(ordered[:4].tolist()) == {1, 2, 3, 4}
    assert (np.diff(ordered[4:] % 5) >= 0).all()


@pytest.mark.parametrize("work", [4e9, 1])
def test_repeating_changes_nothing(work: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", work)
    monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 60)
    vectors, targets, hierarchy = nested()
    first = train_classifier(vectors, targets, hierarchy, seed=7)
    other = train_classifier(vectors, targets, hierarchy, seed=7)
    np.testing.assert_array_equal(first.weights.toarray(), other.weights.toarray())
    np.testing.assert_array_equal(first.bias, other.bias)


@pytest.mark.parametrize("sampled", [False, True])
def test_threads_change_no_bit(sampled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if sampled:
        monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", 1)
        monkeypatch.setattr("harnn.training.support_vectors._LEAST_SAMPLE", 60)
    vectors, targets, _ = nested()
    wide = csr_array(hstack([targets] * 9, format="csr"))  # several blocks of labels
    edges = [(6 + label, label % 6) for label in range(48)]
    forest = Hierarchy.from_edges(edges, [1] * 6 + [2] * 48)
    one, four = (train_classifier(vectors, wide, forest, threads=n) for n in (1, 4))
    np.testing.assert_array_equal(one.weights.toarray(), four.weights.toarray())
    np.testing.assert_array_equal(one.bias, four.bias)


def test_without_a_hierarchy_every_label_sees_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, targets, hierarchy = nested()
    whole = train_classifier(vectors, targets, hierarchy)
    monkeypatch.setattr("harnn.training.support_vectors._FULL_WORK", 1)
    other = train_classifier(vectors, targets, None)
    np.testing.assert_array_equal(whole.weights.toarray(), other.weights.toarray())


def test_memory_bounds_what_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, targets, hierarchy = nested()
    made: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int) -> None:
            made.append(workers)
            super().__init__(workers)

    monkeypatch.setattr("harnn.training.support_vectors.ThreadPoolExecutor", Pool)
    train_classifier(vectors, targets, hierarchy, threads=3)
    one = 16 * (8 * vectors.shape[1] + 13 * vectors.shape[0])
    for room in (2 * one + 2, one // 2):
        monkeypatch.setattr("harnn.training.support_vectors._MOST_BYTES", room)
        train_classifier(vectors, targets, hierarchy, threads=3)
    assert made == [3, 2, 1]


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


def test_a_stop_ends_all_threads() -> None:
    generator = np.random.default_rng(0)
    vectors = csr_array(generator.random((4_000, 200)).astype(np.float32))
    targets = csr_array(generator.random((4_000, 64)) < 0.5)
    train_classifier(*problem(), ROOTS)  # compiled
    others = set(threading.enumerate())  # of tests before this one
    asked = time.monotonic()

    def stopped() -> bool:
        return time.monotonic() > asked + 0.3

    with pytest.raises(InterruptedError):
        train_classifier(vectors, targets, None, cost=1e6, threads=2, stopped=stopped)
    assert time.monotonic() < asked + 5  # a poll of .1 s; all of it takes twice that and more
    while set(threading.enumerate()) - others:
        assert time.monotonic() < asked + 10
        time.sleep(0.01)


def test_an_error_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("harnn.training.support_vectors.find_machines", fail)
    with pytest.raises(ZeroDivisionError):
        train_classifier(*problem(), ROOTS)


@pytest.mark.slow
def test_numba_is_imported_where_it_trains_alone() -> None:
    code = (
        "import sys, harnn, harnn.training, harnn.cli.app, harnn.prediction, harnn.estimator;"
        "import harnn.training.support_vectors, harnn.training.train_linear;"
        "sys.exit(any(name in sys.modules for name in ('numba', 'llvmlite')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["unwritable", "damaged"])
def test_what_is_compiled_need_not_be_kept(damage: str, tmp_path: Path) -> None:
    """A copy of the package at a place that cannot be written, or with a damaged cache."""
    source = Path(descent.__file__)
    copied = tmp_path / "descent_copy.py"
    copied.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    cache = tmp_path / "cache"
    environment = {"NUMBA_CACHE_DIR": str(cache), "PATH": "", "PYTHONPATH": str(tmp_path)}
    run = [sys.executable, "-c", "import descent_copy; print(len(descent_copy.descend.signatures))"]
    if damage == "unwritable":
        cache.write_text("a file, where a directory is expected")
    else:
        subprocess.run(run, check=True, env=environment, capture_output=True)
        kept = [path for path in cache.rglob("*") if path.suffix in (".nbi", ".nbc")]
        assert kept
        for path in kept:
            path.write_bytes(path.read_bytes()[:40] + b"damaged")
    done = subprocess.run(run, check=True, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_weights_near_old_ones_are_the_nearest() -> None:
    """Parity with a general minimiser of |w - w0|^2 / 2 + sum of squared hinges."""
    vectors, targets = problem(60)
    generator = np.random.default_rng(3)
    size = vectors.shape[1]
    old = LinearClassifier(
        csr_array(generator.normal(size=(size, TOPICS)).astype(np.float16).astype(np.float32)),
        generator.normal(size=TOPICS).astype(np.float32),
    )
    found = train_classifier(vectors, targets, ROOTS, near=old)
    dense = np.hstack([vectors.toarray(), np.ones((60, 1))])
    start = np.vstack([old.weights.toarray(), old.bias]).astype(np.float64)
    for label in range(TOPICS):
        rows = dense * np.where(targets.toarray()[:, [label]], 1.0, -1.0)

        def loss(
            w: np.ndarray, rows: np.ndarray = rows, w0: np.ndarray = start[:, label]
        ) -> tuple[float, np.ndarray]:
            hinges = np.maximum(0, 1 - rows @ w)
            value = ((w - w0) ** 2).sum() / 2 + (hinges**2).sum()
            return float(value), w - w0 - 2 * hinges @ rows

        best = minimize(loss, start[:, label], jac=True, method="L-BFGS-B", tol=1e-12).x
        weights = np.append(found.weights.toarray()[:, label], found.bias[label])
        np.testing.assert_allclose(weights, best, atol=0.1)


def test_documents_that_the_old_weights_satisfy_change_nothing() -> None:
    vectors, targets = problem(40)
    weights = np.where(np.repeat(np.eye(TOPICS), 10, axis=0) > 0, 8.0, 0.0).astype(np.float32)
    old = LinearClassifier(csr_array(weights), np.full(TOPICS, -4.0, dtype=np.float32))
    signs = np.where(targets.toarray(), 1, -1)
    sure = np.flatnonzero((signs * old.margins(vectors) >= 1).all(axis=1))
    assert 5 < len(sure) < 40
    found = train_classifier(vectors[sure], targets[sure], ROOTS, near=old)
    np.testing.assert_array_equal(found.weights.toarray(), weights)
    np.testing.assert_array_equal(found.bias, old.bias)

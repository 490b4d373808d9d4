"""One support vector machine a label, on sparse vectors, in seconds."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from harnn.branches.linear import LinearClassifier
from harnn.taxonomy import Hierarchy
from harnn.training.plan import MANY_LABELS
from harnn.training.process import interruptible

_TOLERANCE = 0.1
"""Of the solver: a thousand times its default, twice as fast and no worse on held-out text."""
_LEAST_WEIGHT = 0.05
"""Smaller weights are dropped: 19 of 20 of them, which change no score by much."""
_FULL_WORK = 3e9
"""Products of a vector's entry and a label, up to which every label sees every document."""
_LEAST_SAMPLE = 1_000
_NEVER = -3.0
"""The margin of a label without training documents."""
_ONE_SOLVER = threading.Lock()
"""Liblinear draws from one random state for the whole process."""


class _Column(NamedTuple):
    """The weights of one label."""

    features: NDArray[np.int64]
    weights: NDArray[np.float32]
    bias: float


_CONSTANT = _Column(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), _NEVER)


def train_classifier(
    vectors: csr_array,
    targets: csr_array,
    hierarchy: Hierarchy,
    *,
    cost: float = 1.0,
    seed: int = 0,
    stopped: Callable[[], bool] = lambda: False,
) -> LinearClassifier:
    """Train a squared-hinge support vector machine (liblinear) for every label.

    vectors: (N, V) of length 1; targets: (N, C), closed upward; cost: of an error beside that of
    large weights.

    Without features a label has the score that its share of the documents gives it.

    Where documents times labels are many, a label with parents sees all documents of its parents
    and a sample of all others, weighted for those left out: the others are easy to tell apart.
    Where labels are very many, one with a single example gets the weights that are best while no
    other document resembles it. Weights are kept in half precision, small ones not at all.

    Raises:
        InterruptedError: *stopped* said so; the label in work is left behind.
    """
    from sklearn.exceptions import ConvergenceWarning

    by_label = csc_array(targets)
    indices, bounds = vectors.indices.astype(np.int32), vectors.indptr.astype(np.int32)
    # The only form that liblinear takes as it is.
    entries = csr_array((vectors.data.astype(np.float64), indices, bounds), shape=vectors.shape)
    documents = np.random.default_rng(seed).permutation(targets.shape[0])
    share = _FULL_WORK / max(entries.nnz * targets.shape[1], 1)

    def members(label: int) -> NDArray[Any]:
        return by_label.indices[by_label.indptr[label] : by_label.indptr[label + 1]]

    def train(label: int) -> _Column:
        if stopped():
            raise InterruptedError
        mine = members(label)
        if targets.shape[1] > MANY_LABELS and len(mine) == 1:
            return _only_example(entries[mine], cost)
        positive = np.zeros(targets.shape[0], dtype=bool)
        positive[mine] = True
        if not positive.any():
            return _CONSTANT
        if positive.all():
            return _CONSTANT._replace(bias=-_NEVER)
        if not entries.shape[1]:  # which liblinear refuses; the bias with the least squared hinge
            return _CONSTANT._replace(bias=2 * len(mine) / targets.shape[0] - 1)
        parents = hierarchy.parents(label)
        if share >= 1 or not len(parents):
            return _train_label(entries, positive, None, cost, seed)
        near = np.concatenate([members(parent) for parent in parents])
        rows, weights = _sample(documents, near, max(int(share * len(documents)), _LEAST_SAMPLE))
        if positive[rows].all():
            return _CONSTANT._replace(bias=-_NEVER)
        return _train_label(entries[rows], positive[rows], weights, cost, seed)

    def train_all() -> list[_Column]:
        return [train(label) for label in range(targets.shape[1])]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        columns = interruptible(train_all, stopped)
    return _assemble(columns, vectors.shape[1])


def _sample(
    documents: NDArray[np.int64], near: NDArray[Any], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the rows *near* and *size* of the others, with the weight of each row."""
    is_near = np.zeros(len(documents), dtype=bool)
    is_near[near] = True
    far = documents[~is_near[documents]]
    drawn = far[:size]
    weights = np.where(is_near, 1.0, len(far) / max(len(drawn), 1))
    rows = np.sort(np.concatenate([np.flatnonzero(is_near), drawn]))
    return rows, weights[rows]


def _train_label(
    vectors: csr_array,
    positive: NDArray[np.bool_],
    weights: NDArray[np.float64] | None,
    cost: float,
    seed: int,
) -> _Column:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=cost, dual=True, tol=_TOLERANCE, random_state=seed)
    with _ONE_SOLVER:  # one that was left behind may be at work
        machine.fit(vectors, positive, sample_weight=weights)
    coefficients = machine.coef_[0]
    return _column(np.arange(len(coefficients)), coefficients, float(machine.intercept_[0]))


def _only_example(vector: csr_array, cost: float) -> _Column:
    """Return the weights of a label with one example x (1, V), all others having none of its words.

    The others hold the bias at -1; w = a x then minimises a^2 / 2 + cost (2 - a)^2.
    """
    return _column(vector.indices, vector.data * (4 * cost / (1 + 2 * cost)), -1.0)


def _column(features: NDArray[Any], weights: NDArray[Any], bias: float) -> _Column:
    rounded = weights.astype(np.float16).astype(np.float32)
    kept = np.abs(rounded) >= _LEAST_WEIGHT
    return _Column(features[kept].astype(np.int64), rounded[kept], bias)


def _assemble(columns: Sequence[_Column], features: int) -> LinearClassifier:
    weights = csc_array(
        (
            np.concatenate([column.weights for column in columns]),
            np.concatenate([column.features for column in columns]),
            np.cumsum([0, *(len(column.features) for column in columns)]),
        ),
        shape=(features, len(columns)),
    )
    bias = np.array([column.bias for column in columns], dtype=np.float32)
    return LinearClassifier(csr_array(weights), bias)

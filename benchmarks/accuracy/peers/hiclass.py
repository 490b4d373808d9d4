"""HiClass: local classifiers down a tree; predicts one path a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from accuracy.features import Kind
from accuracy.peers.base import (
    LinearPeer,
    Training,
    first_specific,
    load_pickle,
    require_single_path,
    save_pickle,
)
from harnn.taxonomy import Taxonomy


class HiClass(LinearPeer):
    """A local classifier per parent node, node or level over logistic regression.

    A label with several parents is put on one path, its first; closing upward adds the others.
    """

    probabilities = True

    def __init__(self, *, model: str, C: float = 100.0, features: Kind = "words") -> None:
        super().__init__(features=features, specific=True)
        self.model = model
        self.C = C

    def train(self, data: Training, folder: Path) -> None:
        require_single_path(data, "HiClass predicts one path")
        super().train(data, folder)

    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:  # noqa: ARG002
        import hiclass
        from sklearn.linear_model import LogisticRegression

        rows, first = first_specific(data)
        names = np.array([_named(path) for path in _paths(data.taxonomy)])
        local = LogisticRegression(C=self.C, max_iter=1000, random_state=data.seed)
        model = getattr(hiclass, self.model)(
            local_classifier=local, n_jobs=data.threads, return_all_probabilities=True
        )
        model.fit(X[rows], names[first])
        save_pickle(folder / "model.pickle", model)

    def columns_of(self, specific: csr_array) -> NDArray[np.int64]:
        """Score all labels: those above a most specific one have a score of their own."""
        return np.arange(specific.shape[1])

    def open(
        self,
        folder: Path,
        *,
        labels: int,
        threads: int,  # noqa: ARG002
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        model: Any = load_pickle(folder / "model.pickle")

        if self.model == "LocalClassifierPerParentNode":
            return lambda X: _chained(model, X, labels)

        def score(X: csr_matrix) -> NDArray[np.float32]:
            values = np.zeros((X.shape[0], labels), dtype=np.float32)
            for names, found in zip(model.classes_, model.predict_proba(X), strict=True):
                for position, name in enumerate(names):
                    _raise_score(values, name, found[:, position])
            return values

        return score


def _chained(model: Any, X: csr_matrix, labels: int) -> NDArray[np.float32]:
    """Return (N, labels): each label's probability below its parent times that of the parent.

    From the classifiers that HiClass trained; its own ``predict_proba`` per parent node divides a
    level by the number of parents on it (release 5.0.8), which leaves levels on different scales.
    """
    values = np.zeros((X.shape[0], labels), dtype=np.float32)
    waiting: list[tuple[Any, Any]] = [(model.root_, 1.0)]
    while waiting:
        node, above = waiting.pop()
        if node != model.root_:
            _raise_score(values, str(node).rsplit(model.separator_, 1)[-1], above)
        classifier = model.hierarchy_.nodes[node].get("classifier")
        if classifier is None:
            continue
        probabilities = classifier.predict_proba(X)
        for position, child in enumerate(classifier.classes_):
            waiting.append((child, above * probabilities[:, position]))
    return values


def _raise_score(values: NDArray[np.float32], name: str, found: Any) -> None:
    if name.isdecimal():
        column = int(name)
        values[:, column] = np.maximum(values[:, column], found)


def _named(path: NDArray[np.int64]) -> list[str]:
    """Return the names of a path; below its end stands a name that says so.

    HiClass knows no documents that end at an inner label, only at a label of its own.
    """
    end = f"end of {path[path >= 0][-1]}"
    return [str(column) if column >= 0 else end for column in path]


def _paths(taxonomy: Taxonomy) -> NDArray[np.int64]:
    """Return (C, L): the columns from a root down to each label, -1 below it."""
    paths = np.full((len(taxonomy), taxonomy.depth), -1, dtype=np.int64)
    for column in range(len(taxonomy)):
        path = taxonomy.path(column)
        paths[column, : len(path)] = path
    return paths

"""scikit-learn: linear support vectors and logistic regression."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from accuracy.features import Kind
from accuracy.peers.base import (
    LinearPeer,
    Training,
    first_specific,
    load_pickle,
    require_single_path,
    save_pickle,
)


class SklearnLinear(LinearPeer):
    """``OneVsRestClassifier`` over ``LinearSVC`` or ``LogisticRegression``, or the latter alone.

    ``softmax`` is multinomial logistic regression over the most specific labels: for datasets
    with one of them a document.
    """

    def __init__(
        self,
        *,
        loss: Literal["svc", "logistic", "softmax"] = "svc",
        C: float = 1.0,
        features: Kind = "words",
        specific: bool = False,
    ) -> None:
        super().__init__(features=features, specific=specific or loss == "softmax")
        self.loss = loss
        self.C = C
        self.probabilities = loss != "svc"
        self.natural = 0.0 if loss == "svc" else 0.5

    def train(self, data: Training, folder: Path) -> None:
        if self.loss == "softmax":
            require_single_path(data, "softmax predicts one class")
        super().train(data, folder)

    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:
        from sklearn.multiclass import OneVsRestClassifier

        if self.loss == "softmax":
            rows, first = first_specific(data)
            save_pickle(folder / "model.pickle", self._softmax(data.seed).fit(X[rows], first))
            return
        model = OneVsRestClassifier(self._estimator(data.seed), n_jobs=data.threads)
        model.fit(X.astype(np.float64), Y.astype(np.int64))
        save_pickle(folder / "model.pickle", model)

    def _estimator(self, seed: int) -> Any:
        if self.loss == "svc":
            from sklearn.svm import LinearSVC

            return LinearSVC(C=self.C, random_state=seed)
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.C, solver="liblinear", random_state=seed)

    def _softmax(self, seed: int) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.C, max_iter=300, tol=1e-3, random_state=seed)

    def open(
        self,
        folder: Path,
        *,
        labels: int,
        threads: int,  # noqa: ARG002
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        model = load_pickle(folder / "model.pickle")
        if self.probabilities:
            return lambda X: model.predict_proba(X)
        return lambda X: model.decision_function(X).reshape(X.shape[0], labels)

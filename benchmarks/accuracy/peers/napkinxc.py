"""napkinXC: binary relevance, probabilistic label trees, and its two multi-class methods."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from accuracy.features import Kind
from accuracy.peers.base import LinearPeer, Training, first_specific, require_single_path


class NapkinXC(LinearPeer):
    """``BR``, ``PLT``, ``OVR`` or ``HSM`` with their defaults."""

    probabilities = True
    natural = 0.5

    def __init__(self, *, model: str, features: Kind = "words", **settings: Any) -> None:
        self.multiclass = model in ("OVR", "HSM")
        super().__init__(features=features, specific=self.multiclass)
        self.model = model
        self.settings = settings

    def train(self, data: Training, folder: Path) -> None:
        if self.multiclass:
            require_single_path(data, f"napkinXC {self.model} predicts one class")
        super().train(data, folder)

    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:
        wanted: Any = Y
        if self.multiclass:
            rows, first = first_specific(data)
            X, wanted = X[rows], np.searchsorted(np.unique(data.specific.indices), first).tolist()
        more = {"seed": data.seed} if self.model in ("PLT", "HSM") else {}
        model = self._make(folder, threads=data.threads, **more)
        model.fit(X, wanted)

    def open(
        self, folder: Path, *, labels: int, threads: int
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        model = self._make(folder, threads=threads)
        model.load()

        def score(X: csr_matrix) -> NDArray[np.float32]:
            values = np.zeros((X.shape[0], labels), dtype=np.float32)
            for row, found in enumerate(model.predict_proba(X, top_k=labels)):
                for column, probability in found:
                    values[row, column] = probability
            return values

        return score

    def _make(self, folder: Path, **more: Any) -> Any:
        from napkinxc import models

        return getattr(models, self.model)(str(folder / "napkinxc"), **self.settings, **more)

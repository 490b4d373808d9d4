"""Omikuji: partitioned label trees (Parabel, Bonsai), the main backend of Annif."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from accuracy.features import Kind
from accuracy.peers.base import LinearPeer, Training


class Omikuji(LinearPeer):
    """A forest of label trees with the hyperparameters of the library but those given."""

    probabilities = True
    natural = 0.5

    def __init__(self, *, features: Kind = "words", beam_size: int = 10, **settings: Any) -> None:
        super().__init__(features=features)
        self.beam_size = beam_size
        self.settings = settings

    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:
        from omikuji import Model

        source = folder / "train.txt"
        with source.open("w", encoding="utf-8") as file:
            file.write(f"{X.shape[0]} {X.shape[1]} {Y.shape[1]}\n")
            for row in range(X.shape[0]):
                labels = Y.indices[Y.indptr[row] : Y.indptr[row + 1]]
                features = " ".join(f"{name}:{value:.6g}" for name, value in _pairs(X, row))
                file.write(f"{','.join(map(str, labels))} {features}\n")
        wanted = Model.default_hyper_param()
        for name, value in self.settings.items():
            setattr(wanted, name, value)
        model = Model.train_on_data(str(source), wanted, n_threads=data.threads)
        model.save(str(folder / "omikuji"))
        source.unlink()

    def open(
        self, folder: Path, *, labels: int, threads: int
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        from omikuji import Model

        model = Model.load(str(folder / "omikuji"))
        model.init_prediction_thread_pool(threads)

        def score(X: csr_matrix) -> NDArray[np.float32]:
            values = np.zeros((X.shape[0], labels), dtype=np.float32)
            for row in range(X.shape[0]):
                found = model.predict(_pairs(X, row), beam_size=self.beam_size, top_k=labels)
                for column, probability in found:
                    values[row, column] = probability
            return values

        return score


def _pairs(X: csr_matrix, row: int) -> list[tuple[int, float]]:
    """Return the features of one document and their values."""
    entries = slice(X.indptr[row], X.indptr[row + 1])
    return list(zip(X.indices[entries].tolist(), X.data[entries].tolist(), strict=True))

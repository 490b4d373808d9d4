"""What every peer has in common."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from accuracy.features import Kind, make_vectorizer
from accuracy.reading import single_path_share
from harnn.taxonomy import Taxonomy

ScoreTexts = Callable[[Sequence[str]], NDArray[np.float32]]

_SINGLE = 0.99


class UnsuitableError(Exception):
    """The method cannot do what this dataset needs; says why."""


@dataclass(frozen=True)
class Training:
    """What a peer learns from."""

    texts: list[str]
    targets: csr_array
    """(N, C) bool, closed upward."""
    taxonomy: Taxonomy
    seed: int
    threads: int

    @cached_property
    def specific(self) -> csr_array:
        """(N, C) bool: the most specific labels alone."""
        return self.taxonomy.hierarchy.most_specific_sets(self.targets)


def require_single_path(data: Training, what: str) -> None:
    """Refuse datasets where over 1% of the documents do not have one most specific label.

    Raises:
        UnsuitableError: this is one; names *what* needs the others.
    """
    share = single_path_share(data.specific)
    if share <= _SINGLE:
        raise UnsuitableError(
            f"{what}; {100 * share:.1f}% of the documents have exactly one most specific label."
        )


def first_specific(data: Training) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows with a most specific label, and the first of those of each row."""
    starts = data.specific.indptr
    rows = np.flatnonzero(np.diff(starts))
    return rows, data.specific.indices[starts[:-1][rows]].astype(np.int64)


class Peer(ABC):
    """A library with its settings."""

    probabilities: bool = False
    """Whether scores are meant as probabilities."""
    natural: float | None = None
    """The threshold that the library itself cuts scores at."""

    @abstractmethod
    def train(self, data: Training, folder: Path) -> None:
        """Train and save everything that scoring needs into *folder*.

        Raises:
            UnsuitableError: the dataset has a shape that the library does not do.
        """

    @abstractmethod
    def load(self, folder: Path, *, threads: int) -> ScoreTexts:
        """Return a function from texts to scores (N, C) of all labels, higher is likelier."""


class LinearPeer(Peer):
    """A peer that reads TF-IDF features."""

    def __init__(self, *, features: Kind = "words", specific: bool = False) -> None:
        self.features = features
        self.specific = specific
        """Learn the most specific labels alone; their ancestors follow from closing upward."""

    def train(self, data: Training, folder: Path) -> None:
        vectorizer = make_vectorizer(self.features, data.texts)
        X = csr_matrix(vectorizer.fit_transform(data.texts), dtype=np.float32)
        X.sort_indices()
        targets = data.specific if self.specific else data.targets
        columns = self.columns_of(targets)
        Y = csr_matrix(targets[:, columns].astype(np.float32))
        self.fit(X, Y, data, folder)
        save_pickle(folder / "features.pickle", (vectorizer, columns, targets.shape[1]))

    def load(self, folder: Path, *, threads: int) -> ScoreTexts:
        vectorizer, columns, labels = load_pickle(folder / "features.pickle")
        score = self.open(folder, labels=len(columns), threads=threads)

        def score_texts(texts: Sequence[str]) -> NDArray[np.float32]:
            X = csr_matrix(vectorizer.transform(texts), dtype=np.float32)
            X.sort_indices()
            found = np.asarray(score(X), dtype=np.float32)
            values = np.full((len(texts), labels), found.min(initial=0.0), dtype=np.float32)
            values[:, columns] = found
            return values

        return score_texts

    def columns_of(self, targets: csr_array) -> NDArray[np.int64]:
        """Return the labels to learn: those that occur."""
        return np.unique(targets.indices).astype(np.int64)

    @abstractmethod
    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:
        """Train on features (N, D) and the labels to learn (N, K) and save into *folder*."""

    @abstractmethod
    def open(
        self, folder: Path, *, labels: int, threads: int
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        """Return a function from features (N, D) to scores (N, K)."""


def save_pickle(path: Path, value: Any) -> None:
    with path.open("wb") as file:
        pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)


def load_pickle(path: Path) -> Any:
    """Read what this benchmark wrote a moment ago; never a file from elsewhere."""
    with path.open("rb") as file:
        return pickle.load(file)

"""One support vector machine a label, on sparse vectors, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from harnn._cores import count_cores
from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.branches.linear import LinearClassifier
from harnn.taxonomy import Hierarchy
from harnn.training.plan import MANY_LABELS
from harnn.training.process import interruptible

_TOLERANCE = 0.05
"""The longest step of a dual variable, which are mostly 0 to 2, that may be left: closer ones are
no better on held-out text."""
_LEAST_STEP = 0.2
"""Of the tolerance: shorter steps are not made."""
_PASSES = (12, 1_000)
"""Over the documents, at least and at most: fewer than 12 are too few for rare labels."""
_LEAST_WEIGHT = 0.05
"""Smaller weights are dropped: 19 of 20 of them, which change no score by much."""
_FULL_WORK = 1e11
"""Products of a vector's entry and a label, up to which every label sees every document."""
_LEAST_SAMPLE = 1_000
_NEVER = -3.0
"""The margin of a label without training documents."""
_MOST_BYTES = 1 << 30
"""Of all that is worked on at the same time."""
_LANES = 16
"""Labels that are solved at once; see :mod:`harnn.training.descent`."""
_CELLS_AT_ONCE = 1 << 22
_ROWS_AT_ONCE = 1 << 14
_LINE = 64
"""Bytes of a line of the processor's cache, in which the weights of 16 labels stand."""


class Column(NamedTuple):
    """The weights of one label."""

    features: NDArray[np.int64]
    weights: NDArray[np.float32]
    bias: float


Blocks = Sequence[NDArray[np.int64]]
"""The labels of each block."""
_NOWHERE = Column(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), _NEVER)
_ALWAYS = _NOWHERE._replace(bias=-_NEVER)


class Documents(NamedTuple):
    """Documents that are learned from."""

    entries: csr_array
    """(N, V) float32."""
    columns: NDArray[np.int32]
    """Of the entries; SciPy has larger numbers where the entries are very many."""
    lengths: NDArray[np.float32]
    """(N,) x'x + 1, where 1 stands for the bias."""

    @classmethod
    def of(cls, vectors: csr_array) -> Documents:
        """Gather what the solver wants to know of vectors (N, V)."""
        entries = vectors.astype(np.float32, copy=False)
        lengths = np.empty(entries.shape[0], dtype=np.float32)
        columns = entries.indices
        wide = columns.dtype != np.int32
        if wide:
            columns = blank(columns.shape, np.int32)
        for rows in _blocks_of(entries):
            cells = _cells(entries, rows)
            if wide:
                columns[cells] = entries.indices[cells]
            lengths[rows] = entries[rows].power(2).sum(axis=1) + 1
        return cls(entries, columns, lengths)

    def only(self, rows: NDArray[Any]) -> Documents:
        """Return some of the documents."""
        if len(rows) == len(self.lengths):
            return self
        entries = self.entries
        offsets = np.concatenate([[0], np.cumsum(np.diff(entries.indptr)[rows])])
        values = blank((int(offsets[-1]),), np.float32)
        columns = blank((int(offsets[-1]),), entries.indices.dtype)
        for block in row_blocks(len(rows), 1, cells=_ROWS_AT_ONCE):
            part = entries[rows[block]]
            cells = slice(offsets[block.start], offsets[block.stop])
            values[cells], columns[cells] = part.data, part.indices
        shape = (len(rows), entries.shape[1])
        return Documents.of(csr_array((values, columns, offsets), shape=shape))


class OrderedDocuments(NamedTuple):
    """Documents with the features by their frequency, so that what is often read stays near."""

    documents: Documents
    features: NDArray[np.int64]
    """(V,) the features in that order."""

    @classmethod
    def of(cls, vectors: csr_array, *, taken: bool = False) -> OrderedDocuments:
        """Put the features of vectors (N, V) into order; taken: the vectors are overwritten."""
        entries = vectors if taken else vectors.copy()
        frequency = np.zeros(vectors.shape[1], dtype=np.int64)
        for rows in _blocks_of(entries):
            frequency += np.bincount(
                entries.indices[_cells(entries, rows)], minlength=len(frequency)
            )
        features = np.argsort(-frequency, kind="stable")
        places = np.empty(len(features), dtype=np.int32)
        places[features] = np.arange(len(features), dtype=np.int32)
        for rows in _blocks_of(entries):
            cells = _cells(entries, rows)
            part = entries[rows]
            part = csr_array((part.data, places[part.indices], part.indptr), shape=part.shape)
            part.sort_indices()
            entries.data[cells], entries.indices[cells] = part.data, part.indices
        entries.has_sorted_indices = True
        return cls(Documents.of(entries), features)


class Machines(NamedTuple):
    """What was found for K labels."""

    weights: NDArray[np.float32]
    """(V + 1, K), the bias last."""
    duals: NDArray[np.float32]
    """(N, K), 0 and above."""


def train_classifier(
    vectors: csr_array | OrderedDocuments,
    targets: csr_array,
    hierarchy: Hierarchy | None,
    *,
    cost: float = 1.0,
    seed: int = 0,
    threads: int = 0,
    stopped: Callable[[], bool] = lambda: False,
    near: LinearClassifier | None = None,
    spread: Spread | None = None,
) -> LinearClassifier:
    """Train a squared-hinge support vector machine for every label.

    vectors: (N, V) of length 1, or these in order, where more than one classifier is trained on
    them; targets: (N, C), closed upward; cost: of an error beside that of large weights; threads: 0
    for all cores. The same seed gives the same bits, whatever the threads. Without a *hierarchy*
    every label sees every document.

    Without features a label has the score that its share of the documents gives it.

    near: weights that the documents are to move as little as they can; then not the size of the
    weights counts, but that of their difference (Yang et al. 2007, "Cross-domain video concept
    detection using adaptive SVMs"). None: 0. spread: solves blocks of labels in other processes;
    None: this one, in threads.

    Labels are solved 16 at a time (:mod:`harnn.training.descent`); within the tolerance the weights
    of one depend on which others those are. Where documents times labels are very many, labels see
    all documents of their parents and a sample of all others, weighted for those left out: the
    others are easy to tell apart. Where labels are very many, one with a single example gets the
    weights that are best while no other document resembles it. Weights are kept in half precision,
    small ones not at all.

    Raises:
        InterruptedError: *stopped* said so.
    """
    halted = np.zeros(1, dtype=np.uint8)
    if isinstance(vectors, OrderedDocuments):
        documents = vectors
    else:
        documents = interruptible(partial(OrderedDocuments.of, vectors), stopped)

    def train() -> list[Column]:
        training = _Training(
            documents,
            csc_array(targets),
            hierarchy,
            cost=cost,
            seed=seed,
            stopped=stopped,
            halted=halted,
            near=None if near is None else (csc_array(near.weights), near.bias),
        )
        return training.run(threads or count_cores(), spread)

    try:
        columns = train() if spread else interruptible(train, stopped)
    finally:
        halted[0] = 1  # what was left behind ends
    return _assemble(columns, len(documents.features))


def find_machines(
    documents: Documents,
    signs: NDArray[np.float32],
    costs: NDArray[np.float32],
    *,
    seed: int | Sequence[int] = 0,
    tolerance: float = _TOLERANCE,
    halted: NDArray[np.uint8] | None = None,
    start: NDArray[np.float32] | None = None,
) -> Machines:
    """Solve K labels, 1 to 16: signs (N, K) of +-1, costs (N,) of errors, above 0.

    The less *tolerance*, the closer to the optimum; halted: (1,), set to 1 where it shall end.
    start: (V + 1, K) weights, the bias last, from which those that are found differ by little;
    None: 0. The dual is the same: the weights are then start and the sum over documents.
    """
    from harnn.training.descent import descend

    entries, softness = documents.entries, 0.5 / costs
    labels = signs.shape[1]
    # Copies of labels in the lanes that are left over take the same steps, which cost nothing.
    filled = _lines(len(signs), _LANES)
    filled[:] = signs[:, np.arange(_LANES) % labels]
    weights, duals = _lines(entries.shape[1] + 1, _LANES), _lines(len(signs), _LANES)
    if start is not None:
        weights[:] = start[:, np.arange(_LANES) % labels]
    descend(
        entries.indptr.astype(np.int64, copy=False),
        documents.columns,
        entries.data,
        filled,
        softness.astype(np.float32),
        (1 / (documents.lengths + softness)).astype(np.float32),
        weights,
        duals,
        np.float32(tolerance),
        np.float32(tolerance * _LEAST_STEP),
        _PASSES,
        np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] | np.uint64(1),
        np.zeros(1, dtype=np.uint8) if halted is None else halted,
    )
    return Machines(weights[:, :labels], duals[:, :labels])


@dataclass(frozen=True, eq=False)
class _Training:
    """All labels of one classifier."""

    ordered: OrderedDocuments
    members: csc_array
    """(N, C)."""
    hierarchy: Hierarchy | None
    cost: float
    seed: int
    stopped: Callable[[], bool] = bool
    halted: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(1, dtype=np.uint8))
    """(1,), set to 1 where all shall end."""
    near: tuple[csc_array, NDArray[np.float32]] | None = None
    """Weights (V, C), features in their own order, and biases that are moved little."""

    @property
    def documents(self) -> Documents:
        return self.ordered.documents

    @property
    def features(self) -> NDArray[np.int64]:
        return self.ordered.features

    def run(self, threads: int, spread: Spread | None) -> list[Column]:
        """Return the columns of all labels."""
        count, labels = self.members.shape
        columns = [_NOWHERE] * labels
        sizes = np.diff(self.members.indptr)
        for label in np.flatnonzero(sizes == count):
            columns[label] = _ALWAYS
        searched = (sizes > 0) & (sizes < count)
        if self.near is not None:
            searched[:] = True  # a document without a label can contradict the old weights
        if not self.documents.entries.shape[1]:  # the bias with the least squared hinge
            for label in np.flatnonzero(searched):
                columns[label] = _NOWHERE._replace(bias=2 * sizes[label] / count - 1)
            return columns
        if labels > MANY_LABELS and self.near is None:
            for label in np.flatnonzero(sizes == 1):
                columns[label] = self._only_example(int(label))
            searched &= sizes > 1
        work = self.documents.entries.nnz * int(np.count_nonzero(searched))
        share = 1.0 if self.hierarchy is None else _FULL_WORK / max(work, 1)
        blocks = list(self._blocks(np.flatnonzero(searched), sampled=share < 1))
        if spread is None:
            solved = self.solve(blocks, share, threads)
        else:
            solved = spread(BlockSolver(replace(self, stopped=bool), share), blocks)
        for block, found in zip(blocks, solved, strict=True):
            for label, column in zip(block, found, strict=True):
                columns[label] = column
        return columns

    def solve(self, blocks: Blocks, share: float, threads: int) -> Iterator[list[Column]]:
        """Yield the columns of each block."""
        workers = min(threads, max(1, _MOST_BYTES // self._bytes()))
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(partial(self._solve, share=share), blocks)

    def _blocks(self, labels: NDArray[np.int64], *, sampled: bool) -> Iterator[NDArray[np.int64]]:
        """Yield 16 labels each, of like frequency; where documents are sampled, of one parent."""
        keys = np.diff(self.members.indptr)[labels]
        if sampled:
            keys = np.array([min(self._parents(label), default=-1) for label in labels])
        ordered = labels[np.argsort(keys, kind="stable")]
        for start in range(0, len(ordered), _LANES):
            yield ordered[start : start + _LANES]

    def _solve(self, labels: NDArray[np.int64], *, share: float) -> list[Column]:
        """Return the columns of one block."""
        if self.halted[0] or self.stopped():
            raise InterruptedError
        count = self.members.shape[0]
        positive = self.members[:, labels].toarray().astype(bool)
        costs = np.full(count, self.cost, dtype=np.float32)
        documents = self.documents
        if share < 1:
            rows, counted = self._sample(labels, max(int(share * count), _LEAST_SAMPLE))
            documents, positive = documents.only(rows), positive[rows]
            costs = (self.cost * counted).astype(np.float32)
        signs = np.where(positive, np.float32(1), np.float32(-1))
        seed = (self.seed, int(labels[0]))
        start = self._start(labels)
        found = find_machines(documents, signs, costs, seed=seed, halted=self.halted, start=start)
        features, lanes = np.nonzero(np.abs(found.weights[:-1]) >= _LEAST_WEIGHT)
        weights, features = found.weights[features, lanes], self.features[features]
        bias = found.weights[-1].tolist()
        return [
            _ALWAYS
            if start is None and positive[:, lane].all()
            else _column(features[lanes == lane], weights[lanes == lane], bias[lane])
            for lane in range(len(labels))
        ]

    def _start(self, labels: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Return the weights (V + 1, K) that are moved little, in the order of the entries."""
        if self.near is None:
            return None
        weights, bias = self.near
        rows = weights[:, labels].toarray()[self.features]
        return np.vstack([rows, bias[labels]]).astype(np.float32)

    def _sample(
        self, labels: NDArray[np.int64], size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the documents of the labels' parents and *size* others, and what each counts.

        Of labels without parents these are all documents.
        """
        near = np.zeros(self.members.shape[0], dtype=bool)
        for label in labels:
            parents = self._parents(label)
            if not len(parents):
                near[:] = True
            for parent in parents:
                near[self._examples(parent)] = True
        far = np.random.default_rng(self.seed).permutation(np.flatnonzero(~near))
        drawn = far[:size]
        counted = np.where(near, 1.0, len(far) / max(len(drawn), 1))
        near[drawn] = True
        rows = np.flatnonzero(near)
        return rows, counted[rows]

    def _parents(self, label: int) -> NDArray[Any]:
        assert self.hierarchy is not None
        return self.hierarchy.parents(label)

    def _examples(self, label: int) -> NDArray[Any]:
        return self.members.indices[self.members.indptr[label] : self.members.indptr[label + 1]]

    def _only_example(self, label: int) -> Column:
        """Return the weights of a label with one example x, all others having none of its words.

        The others hold the bias at -1; w = a x then minimises a^2 / 2 + cost (2 - a)^2.
        """
        vector = self.documents.entries[self._examples(label)]
        factor = 4 * self.cost / (1 + 2 * self.cost)
        return _column(self.features[vector.indices], vector.data * factor, -1.0)

    def _bytes(self) -> int:
        """Return what is worked on for a block: weights, their sizes, signs, duals, positives."""
        count, features = self.documents.entries.shape
        return _LANES * (8 * features + 13 * count) + 1


def _blocks_of(entries: csr_array) -> Iterator[slice]:
    """Yield documents that follow each other, so many that a copy of them takes little memory."""
    mean = entries.nnz // max(entries.shape[0], 1)
    yield from row_blocks(entries.shape[0], max(mean, 1), cells=_CELLS_AT_ONCE)


def _cells(entries: csr_array, rows: slice) -> slice:
    """Return the entries of documents that follow each other."""
    return slice(int(entries.indptr[rows.start]), int(entries.indptr[rows.stop]))


class BlockSolver(NamedTuple):
    """What solves blocks of labels, here or in another process."""

    training: _Training
    share: float
    """Of the documents, that each label sees."""

    def solve(self, blocks: Blocks, threads: int) -> list[list[Column]]:
        """Return the columns of each block."""
        return list(self.training.solve(blocks, self.share, threads))


Spread = Callable[[BlockSolver, Blocks], Iterator[list[Column]]]
"""Yields the columns of each block, in their order."""


def _lines(rows: int, columns: int) -> NDArray[np.float32]:
    """Return zeros (rows, columns) that begin where a line of the processor's cache does."""
    size = np.dtype(np.float32).itemsize
    spare = np.zeros(rows * columns + _LINE // size, dtype=np.float32)
    start = -spare.ctypes.data % _LINE // size
    return spare[start : start + rows * columns].reshape(rows, columns)


def _column(features: NDArray[Any], weights: NDArray[Any], bias: float) -> Column:
    rounded = weights.astype(np.float16).astype(np.float32)
    kept = np.abs(rounded) >= _LEAST_WEIGHT
    return Column(features[kept].astype(np.int64), rounded[kept], bias)


def _assemble(columns: Sequence[Column], features: int) -> LinearClassifier:
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

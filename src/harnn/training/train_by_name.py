"""Learn how names of labels fit texts, from labels with documents, for labels without any.

Labels with documents are divided into folds; each fold in turn is taken for labels without. What
is fitted to them is judged on labels that it was not fitted to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.branches.by_name import Encode, HeldOut, Relation, Siblings, has_text, label_texts
from harnn.branches.by_name.relation import FEATURES, features, similarities
from harnn.counting import counts_at_thresholds
from harnn.metrics.ranked import average_precision
from harnn.taxonomy import Taxonomy

FOLDS = 5
_RIDGE = 10.0
"""Of both sides of the map, in units of documents and of labels."""
_LEAST_PAIRS = 50
"""Of a validation document and a held-out label; of fewer nothing is learned."""
_LEAST_LABELS = 20
_SURE = 2.0
"""Standard errors that the names must gain."""
_MOST_LABELS = 20_000
"""With documents, that are learned from: evenly chosen."""
_MOST_CELLS = 20_000_000
"""Validation documents times labels that are looked at: of more, evenly chosen documents."""
_PULL = 0.1
"""A ridge on the weights: next to nothing."""
_MOST_ROUNDS = 50
_LEAST_STEP = 1e-8
_SMALL = 1e-7
_NAMELESS = [0, FEATURES]
"""Terms that know no name: the bias and what siblings score."""


@dataclass(frozen=True, eq=False)
class LabelMoments:
    """What the map is made of, in place of the training documents."""

    texts: NDArray[np.float64]
    """(D, D), the sum over documents of x x'."""
    labels: NDArray[np.float64]
    """(C, D), for each label the sum of the vectors of its documents."""

    @classmethod
    def of(cls, vectors: NDArray[np.float32], targets: Any) -> Self:
        """vectors: (N, D); targets: (N, C) label sets, sparse."""
        size, marks = vectors.shape[1], csr_array(targets)
        texts, labels = np.zeros((size, size)), np.zeros((marks.shape[1], size))
        for rows in row_blocks(len(vectors), size):
            part = np.asarray(vectors[rows], dtype=np.float64)
            texts += part.T @ part
            labels += marks[rows].astype(np.float64).T @ part
        return cls(texts, labels)

    def map_to(
        self,
        names: NDArray[np.float32],
        label_counts: NDArray[np.int64],
        columns: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """Return V (D, D) from the labels in *columns* (K,), whose texts have the vectors *names*
        (K, D): the ridge regression of both sides that is described in :class:`Relation`.
        """
        size, weights = len(self.texts), np.maximum(label_counts[columns], 1) ** -0.5
        names = names.astype(np.float64)
        moments = (self.labels[columns] * weights[:, np.newaxis]).T @ names
        left = np.linalg.solve(self.texts + _RIDGE * np.eye(size), moments)
        right = names.T @ names + _RIDGE * weights.mean() * np.eye(size)
        return np.ascontiguousarray(np.linalg.solve(right, left.T).T, dtype=np.float32)


class _Cells(NamedTuple):
    """Pairs of a validation document and a held-out label whose parents are all true for it."""

    terms: NDArray[np.float64]
    """(M, 1 + FEATURES), the first of them 1."""
    true: NDArray[np.float64]
    """(M,) 0 or 1."""
    fold: NDArray[np.int64]
    """(M,) of the label."""
    label: NDArray[np.int64]
    """(M,)"""


class _Weights(NamedTuple):
    """Fitted to the labels of all folds but one, (1 + FEATURES,) each."""

    by_name: NDArray[np.float64]
    without_names: NDArray[np.float64]

    @classmethod
    def without(cls, cells: _Cells, fold: int) -> Self:
        others = cells.fold != fold
        terms, true = cells.terms[others], cells.true[others]
        nameless = np.zeros(terms.shape[1])
        nameless[_NAMELESS] = _regress(terms[:, _NAMELESS], true)
        return cls(_regress(terms, true), nameless)


class Learned(NamedTuple):
    """What was found out about names."""

    relation: Relation | None
    """None: there are too few labels or documents to learn from."""
    pays: bool
    """Whether names tell held-out labels better than what stands around them, beyond chance."""
    why_not: str
    """A few words, where it is None or does not pay."""


class _Given(NamedTuple):
    """Validation documents and the labels that are learned from."""

    moments: LabelMoments
    taxonomy: Taxonomy
    label_counts: NDArray[np.int64]
    columns: NDArray[np.int64]
    """(K,) labels with text and documents, each in a fold."""
    fold: NDArray[np.int64]
    """(K,)"""
    names: NDArray[np.float32]
    """(C, D), zeros where a text is not needed."""
    siblings: Siblings
    """Of all in *columns*."""
    vectors: NDArray[np.float32]
    """(N, D)"""
    scores: NDArray[np.float32]
    """(N, C) of the blend."""
    targets: Any
    """(N, C), sparse."""


def learn_names(
    moments: LabelMoments,
    encode: Encode,
    taxonomy: Taxonomy,
    label_counts: NDArray[np.int64],
    *,
    vectors: NDArray[np.float32],
    scores: NDArray[np.float32],
    targets: Any,
    seed: int,
) -> Learned:
    """Learn the relation of names and texts from validation documents.

    moments: of the training documents; vectors: (N, D), scores: (N, C) as new documents get them,
    and targets: (N, C), sparse, of the validation documents. The order of the labels changes
    nothing.
    """
    readable = has_text(taxonomy)
    columns = np.flatnonzero(readable & (label_counts > 0))
    columns = columns[_evenly(len(columns), _MOST_LABELS)]
    if len(columns) < _LEAST_LABELS:
        return Learned(None, False, f"only {len(columns):,} labels with documents have a name")
    rows = _evenly(len(vectors), _MOST_CELLS // len(columns))
    siblings = Siblings.of(taxonomy.hierarchy, columns, readable)
    names = np.zeros((len(taxonomy), vectors.shape[1]), dtype=np.float32)
    names[siblings.columns] = encode(label_texts(taxonomy, siblings.columns))
    by_code = sorted(range(len(columns)), key=lambda place: taxonomy.codes[columns[place]])
    fold = np.empty(len(columns), dtype=np.int64)
    fold[by_code] = np.random.default_rng(seed).permutation(len(columns)) % FOLDS
    given = _Given(
        moments,
        taxonomy,
        label_counts,
        columns,
        fold,
        names,
        siblings,
        vectors[rows],
        scores[rows],
        csr_array(targets)[rows],
    )
    return _learn(given)


def _learn(given: _Given) -> Learned:
    spreads = _spreads(given)
    parts = [_held_out_cells(given, fold, spreads) for fold in range(FOLDS)]
    cells = _Cells(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    pairs = int(cells.true.sum())
    if pairs < _LEAST_PAIRS:
        few = f"only {pairs:,} pairs of a validation document and a label that can be held out"
        return Learned(None, False, few)
    weights = _regress(cells.terms, cells.true)
    apart = {fold: _Weights.without(cells, fold) for fold in np.unique(cells.fold).tolist()}
    gain = _gain(cells, apart)
    held_out = _judge(given, apart, spreads, pairs)
    matrix = given.moments.map_to(given.names[given.columns], given.label_counts, given.columns)
    relation = Relation(matrix, spreads, tuple(weights.tolist()), held_out)
    pays = gain > 0 and held_out.auprc > held_out.auprc_without_names
    return Learned(relation, pays, "" if pays else held_out.describe())


def _spreads(given: _Given) -> tuple[float, float]:
    """Return the spread of both similarities; of the map that of the first fold is taken."""
    matrix = _map_without(given, 0)
    both = similarities(given.vectors, given.names[given.columns], matrix)
    cosine, mapped = (float(np.std(each, dtype=np.float64)) for each in both)
    return max(cosine, _SMALL), max(mapped, _SMALL)


def _map_without(given: _Given, fold: int) -> NDArray[np.float32]:
    others = given.columns[given.fold != fold]
    return given.moments.map_to(given.names[others], given.label_counts, others)


def _blocks(
    given: _Given, fold: int, spreads: tuple[float, float]
) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
    """Yield documents, the labels of a fold (U,) and what is made of them, (B, U, 1 + FEATURES)."""
    taxonomy, held = given.taxonomy, given.columns[given.fold == fold]
    matrix = _map_without(given, fold)
    readable = np.zeros(len(taxonomy), dtype=np.bool_)
    readable[given.siblings.columns] = True
    siblings = Siblings.of(taxonomy.hierarchy, held, readable)
    known = given.label_counts[siblings.columns] > 0
    known &= ~np.isin(siblings.columns, held)
    names = given.names[siblings.columns]
    for rows in row_blocks(len(given.vectors), len(siblings.columns)):
        scores = given.scores[rows][:, siblings.columns] * known
        similar = similarities(given.vectors[rows], names, matrix, spreads)
        terms = features(similar, siblings, scores)
        yield rows, held, np.stack([np.ones_like(terms[0]), *terms], axis=-1)


def _held_out_cells(given: _Given, fold: int, spreads: tuple[float, float]) -> _Cells:
    hierarchy = given.taxonomy.hierarchy
    found: list[tuple[NDArray[Any], ...]] = []
    for rows, held, terms in _blocks(given, fold, spreads):
        true = given.targets[rows].toarray().astype(np.float32)
        possible = np.ones_like(true)
        by_label = np.ascontiguousarray(true.T)
        for step in hierarchy.downward.values():
            possible[:, step.readers] = step.lowest(by_label).T
        at = np.nonzero(possible[:, held])
        label = held[at[1]]
        found.append((terms[at], true[at[0], label], np.full(len(label), fold), label))
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return _Cells(np.zeros((0, 1 + FEATURES)), np.zeros(0), nothing, nothing)
    terms, true, folds, labels = (np.concatenate(each) for each in zip(*found, strict=True))
    return _Cells(terms, true.astype(np.float64), folds, labels)


def _regress(terms: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a logistic regression by Newton's method; terms: (M, K), true: (M,). Returns (K,)."""
    weights, pull = np.zeros(terms.shape[1]), _PULL * np.eye(terms.shape[1])
    current = _loss(terms, true, weights)
    for _ in range(_MOST_ROUNDS):
        likely = _sigmoid(terms @ weights)
        gradient = terms.T @ (likely - true) + _PULL * weights
        curvature = (terms.T * (likely * (1 - likely))) @ terms + pull
        step, length = np.linalg.solve(curvature, gradient), 1.0
        while (found := _loss(terms, true, weights - length * step)) > current and length > _SMALL:
            length /= 2
        weights, before, current = weights - length * step, current, found
        if before - current <= _LEAST_STEP * abs(before):
            break
    return weights


def _loss(
    terms: NDArray[np.float64], true: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    odds = terms @ weights
    return float(np.logaddexp(0, odds).sum() - odds @ true + _PULL / 2 * (weights @ weights))


def _gain(cells: _Cells, apart: dict[int, _Weights]) -> float:
    """Return by how much names raise the log likelihood of held-out labels, less two standard
    errors over the labels.
    """
    gains = np.zeros(len(cells.true))
    for fold, weights in apart.items():
        mine = cells.fold == fold
        odds = [cells.terms[mine] @ each for each in weights]
        by_name, without = (each * cells.true[mine] - np.logaddexp(0, each) for each in odds)
        gains[mine] = by_name - without
    _, label = np.unique(cells.label, return_inverse=True)
    of_labels = np.bincount(label, weights=gains)
    return float(of_labels.sum() - _SURE * of_labels.std() * np.sqrt(len(of_labels)))


def _judge(
    given: _Given,
    apart: dict[int, _Weights],
    spreads: tuple[float, float],
    pairs: int,
) -> HeldOut:
    """Score all documents for each label by what was fitted to labels of other folds."""
    hierarchy = given.taxonomy.hierarchy
    found: tuple[list[NDArray[np.float32]], ...] = ([], [])
    true = []
    for fold, weights in apart.items():
        for rows, held, terms in _blocks(given, fold, spreads):
            others = given.scores[rows].copy()
            others[:, held] = 0
            above = _lowest_parent(hierarchy.lift(others), hierarchy)[:, held]
            for each, some in zip(weights, found, strict=True):
                some.append((above * _sigmoid(terms @ each)).astype(np.float32).ravel())
            true.append(given.targets[rows][:, held].toarray().ravel())
    marks = csr_array(np.concatenate(true)[:, np.newaxis])
    scores = [np.concatenate(each)[:, np.newaxis] for each in found]
    names, without = (average_precision(counts_at_thresholds(each, marks)) for each in scores)
    expected = float(scores[0].sum(dtype=np.float64))
    return HeldOut(len(given.columns), pairs, float(names), float(without), expected)


def _lowest_parent(closed: NDArray[np.float32], hierarchy: Any) -> NDArray[np.float32]:
    """Return (B, C) the lowest score of the parents of each label; 1 without parents."""
    lowest, by_label = np.ones_like(closed), np.ascontiguousarray(closed.T)
    for step in hierarchy.downward.values():
        lowest[:, step.readers] = step.lowest(by_label).T
    return lowest


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-odds)))


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return all numbers below *count*, or *most* at most, evenly chosen."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, max(most, 1)).astype(np.int64)

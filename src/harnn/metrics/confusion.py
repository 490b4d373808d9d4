"""Which sibling a label is taken for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape
from harnn.taxonomy import Hierarchy


class Confusion(NamedTuple):
    """A true label that was missed where a sibling of it was predicted and is not true."""

    true: int
    """Column of the label that was missed."""
    given: int
    """Column of the sibling."""
    documents: int
    reverse: int
    """Documents where it is the other way round."""


def confused_siblings(
    predictions: Any, targets: Any, hierarchy: Hierarchy, *, most: int | None = None
) -> tuple[Confusion, ...]:
    """Count for how many documents a label was missed and a sibling wrongly given.

    predictions, targets: (N, C) label sets, sparse. Siblings share a parent; labels without
    parents are siblings of those on their level. A document with several missed labels or several
    wrong siblings counts once for each pair of them. The pairs with most documents come first, of
    equals those with the lower columns; *most* of them, or all.

    Raises:
        ValueError: the shapes differ, or are not of the hierarchy.
    """
    check_same_shape(predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    hierarchy.check_columns(true.shape[1])
    labels = true.shape[1]
    groups = _sibling_groups(hierarchy)
    pairs = np.zeros(0, dtype=np.int64)
    counts = np.zeros(0, dtype=np.int64)
    for found in _pairs(predicted, true, groups):
        pairs, positions = np.unique(np.concatenate([pairs, found]), return_inverse=True)
        weights = np.concatenate([counts, np.ones(len(found), dtype=np.int64)])
        counts = np.bincount(positions, weights=weights, minlength=len(pairs)).astype(np.int64)
    number = dict(zip(pairs.tolist(), counts.tolist(), strict=True))
    order = np.lexsort((pairs, -counts))[:most]
    return tuple(
        Confusion(
            pair // labels,
            pair % labels,
            number[pair],
            number.get(pair % labels * labels + pair // labels, 0),
        )
        for pair in pairs[order].tolist()
    )


def confused_documents(predictions: Any, targets: Any, true: int, given: int) -> NDArray[np.int64]:
    """Return the rows in which the label *true* was missed and *given* wrongly predicted."""
    predicted, right = as_binary(predictions), as_binary(targets)
    missed = _column(right, true) & ~_column(predicted, true)
    return np.flatnonzero(missed & _column(predicted, given) & ~_column(right, given))


def _sibling_groups(hierarchy: Hierarchy) -> csr_array[np.bool_]:
    """(C, groups): which labels stand under one parent, or without any on one level."""
    labels = len(hierarchy)
    children, parents = hierarchy.edges.T
    roots = hierarchy.roots
    rows = np.concatenate([children, roots])
    groups = np.concatenate([parents, labels + hierarchy.levels[roots] - 1])
    cells = (np.ones(len(rows), dtype=np.bool_), (rows, groups))
    return csr_array(cells, shape=(labels, labels + hierarchy.depth))


def _pairs(
    predicted: csr_array[np.bool_], true: csr_array[np.bool_], groups: csr_array[np.bool_]
) -> Iterator[NDArray[np.int64]]:
    """Yield true * C + given of each pair of each document, in blocks of documents."""
    labels = true.shape[1]
    for rows in row_blocks(*true.shape):
        block_predicted, block_true = predicted[rows], true[rows]
        missed = as_binary(block_true > block_predicted)
        wrong = as_binary(block_predicted > block_true)
        missed_in, wrong_in = (_in_groups(sets, groups) for sets in (missed, wrong))
        both: Any = csr_array(missed_in @ wrong_in.T)
        first, second = both.nonzero()  # each pair once, however many parents they share
        yield missed.indices[first].astype(np.int64) * labels + wrong.indices[second]


def _in_groups(sets: csr_array[np.bool_], groups: csr_array[np.bool_]) -> csr_array[np.int64]:
    """(cells, documents * groups): in which groups of its document each label of a set is."""
    row = np.repeat(np.arange(sets.shape[0], dtype=np.int64), np.diff(sets.indptr))
    of_cells = csr_array(groups[sets.indices])
    cell = np.repeat(np.arange(sets.nnz), np.diff(of_cells.indptr))
    place = row[cell] * groups.shape[1] + of_cells.indices
    ones = np.ones(len(place), dtype=np.int64)
    return csr_array((ones, (cell, place)), shape=(sets.nnz, sets.shape[0] * groups.shape[1]))


def _column(sets: csr_array[np.bool_], column: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.zeros(sets.shape[0], dtype=np.bool_)
    found[np.searchsorted(sets.indptr, np.flatnonzero(sets.indices == column), "right") - 1] = True
    return found

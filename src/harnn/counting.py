"""Exact counting over scores and label sets: what decoding and metrics both stand on.

Scores are dense (N, C) and can be large, so everything here walks over blocks of rows and never
holds a second array of their size. Label sets are sparse (N, C).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._memory import row_blocks

# Every distinct positive score is looked up once in every block: fewer, larger blocks are faster.
_SORTED_CELLS = 1 << 22
_NAN = "Expected scores, got NaN."


@dataclass(frozen=True, slots=True, eq=False)
class ThresholdCounts:
    """What lies above each distinct score of a positive cell, from the highest score down."""

    thresholds: NDArray[Any]
    """(D,), strictly descending."""
    positives_at_least: NDArray[np.int64]
    """(D,) positive cells with a score of at least the threshold."""
    cells_at_least: NDArray[np.int64]
    """(D,) cells with a score of at least the threshold."""
    cells_above: NDArray[np.int64]
    """(D,) cells with a score above the threshold."""
    positives: int
    cells: int


def as_binary(labels: Any) -> csr_array[np.bool_]:
    """Return label sets (N, C) as a boolean CSR array without stored zeros or duplicates.

    The given array is left as it is; it is copied only where it must be tidied.
    """
    binary = csr_array(labels).astype(np.bool_, copy=False)
    if not binary.has_canonical_format:
        binary = binary.copy()
        binary.sum_duplicates()
    if not binary.data.all():
        binary = binary.copy()
        binary.eliminate_zeros()
    return binary


def labels_above(scores: NDArray[Any], threshold: float) -> csr_array[np.bool_]:
    """Return the label sets (N, C) of scores of at least a threshold, without a dense array."""
    least = np.float32(threshold)
    parts = [as_binary(scores[rows] >= least) for rows in row_blocks(*scores.shape)]
    return as_binary(vstack(parts)) if parts else as_binary(scores >= least)


def check_same_shape(**arrays: Any) -> None:
    """Check that all arrays are two-dimensional and of one shape.

    Raises:
        ValueError: they are not; names each array with its shape.
    """
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 2 for shape in shapes.values()):
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"Expected arrays of one shape (documents, labels), got {found}.")


def counts_at_thresholds(scores: NDArray[Any], targets: Any) -> ThresholdCounts:
    """Count cells above every distinct score of a positive cell, exactly, ties included.

    scores: (N, C); targets: (N, C) label sets, sparse. Beside its result it needs memory
    for one block of scores.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
    """
    check_same_shape(scores=scores, targets=targets)
    of_true = _scores_of(scores, as_binary(targets))
    thresholds, counts = np.unique(of_true, return_counts=True)
    below = np.zeros(len(thresholds), dtype=np.int64)
    not_above = np.zeros(len(thresholds), dtype=np.int64)
    for rows in row_blocks(*scores.shape, cells=_SORTED_CELLS):
        block = np.array(scores[rows]).ravel()
        block.sort()
        if len(block) and np.isnan(block[-1]):  # sorting puts NaN last
            raise ValueError(_NAN)
        below += np.searchsorted(block, thresholds, side="left")
        not_above += np.searchsorted(block, thresholds, side="right")
    cells = int(scores.shape[0]) * int(scores.shape[1])
    return ThresholdCounts(
        thresholds=thresholds[::-1],
        positives_at_least=np.cumsum(counts[::-1], dtype=np.int64),
        cells_at_least=cells - below[::-1],
        cells_above=cells - not_above[::-1],
        positives=len(of_true),
        cells=cells,
    )


def top_columns(block: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Return the columns of the *k* highest scores of each row, best first; of ties the left one.

    block: (B, C) scores; returns (B, min(k, C)). Works on full copies of the block: give it
    blocks of rows.

    Raises:
        ValueError: a score is NaN.
    """
    rows, columns = block.shape
    k = min(k, columns)
    if rows == 0 or k == 0:
        return np.empty((rows, k), dtype=np.int64)
    highest = np.partition(block, columns - k, axis=1)[:, columns - k :]
    if np.isnan(highest).any():  # partitioning puts NaN last
        raise ValueError(_NAN)
    last = highest[:, :1]
    chosen = block >= last
    if np.count_nonzero(chosen) > rows * k:  # more than k: of those tied with the last, the left
        room = k - np.count_nonzero(block > last, axis=1)[:, np.newaxis]
        tied = block == last
        chosen &= ~tied | (np.cumsum(tied, axis=1, dtype=np.int32) <= room)
    found = np.nonzero(chosen)[1].reshape(rows, k)
    order = np.argsort(-np.take_along_axis(block, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _scores_of(scores: NDArray[Any], targets: csr_array[np.bool_]) -> NDArray[Any]:
    """Return the scores of the positive cells, (positives,), row after row."""
    of_true = np.empty(targets.nnz, dtype=scores.dtype)
    for rows in row_blocks(*scores.shape):
        begin, end = targets.indptr[rows.start], targets.indptr[rows.stop]
        lengths = np.diff(targets.indptr[rows.start : rows.stop + 1])
        row = np.repeat(np.arange(rows.start, rows.stop), lengths)
        of_true[begin:end] = scores[row, targets.indices[begin:end]]
    return of_true

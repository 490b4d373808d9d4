"""Choose label sets from scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.decode.upward import lift, upward_steps
from harnn.ranking import row_blocks, top_columns


def choose(
    values: NDArray[np.float32],
    *,
    edges: NDArray[Any],
    levels: NDArray[Any],
    threshold: float | None = None,
    top_k: int | None = None,
    close_upward: bool = True,
) -> csr_array[np.bool_]:
    """Choose the labels at or above *threshold*, or the *top_k* best labels of each document.

    values: (N, C) float32; edges and levels as in :func:`harnn.decode.propagate_upward`; returns
    label sets (N, C). With ``close_upward`` scores are propagated upward first, so that a set
    holds every ancestor of its labels: for a threshold this adds the ancestors, for ``top_k`` it
    keeps the number of labels. The threshold is compared in float32; of equal scores the left
    column comes first, which is never below the other in the hierarchy.

    Raises:
        ValueError: not exactly one of threshold and top_k, either out of range, or edges and
            levels describe no hierarchy of C labels.
    """
    _check_policy(threshold, top_k)
    steps = upward_steps(edges, levels, labels=values.shape[1]) if close_upward else ()
    lengths, columns = [np.zeros(1, dtype=np.int64)], [np.empty(0, dtype=np.int32)]
    for rows in row_blocks(*values.shape):
        block = np.ascontiguousarray(
            lift(values[rows], steps) if close_upward else values[rows], np.float32
        )
        if threshold is not None:
            chosen = block >= np.float32(threshold)
            lengths.append(np.count_nonzero(chosen, axis=1))
            columns.append(np.nonzero(chosen)[1].astype(np.int32))
        elif top_k is not None:
            best = np.sort(top_columns(block, top_k), axis=1)
            lengths.append(np.full(best.shape[0], best.shape[1]))
            columns.append(best.ravel().astype(np.int32))
    indices = np.concatenate(columns)
    indptr = np.cumsum(np.concatenate(lengths))
    return csr_array((np.ones(len(indices), np.bool_), indices, indptr), shape=values.shape)


def _check_policy(threshold: float | None, top_k: int | None) -> None:
    if (threshold is None) == (top_k is None):
        raise ValueError(
            f"Expected either a threshold or top_k, got threshold={threshold} and top_k={top_k}."
        )
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"Expected a threshold from 0 to 1, got {threshold}.")
    if top_k is not None and top_k < 1:
        raise ValueError(f"Expected top_k of at least 1, got {top_k}.")

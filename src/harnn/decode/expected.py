"""The set of labels with the highest expected F1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harnn.counting import top_columns

_CONSIDERED = 128
_NODES = 64
_ROWS = 64


def best_expected_f1(block: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Choose for each document the set with the highest expected F1, (B, C).

    block: (B, C) scores, taken as probabilities of independent labels. The best set holds the k
    best labels for some k; of equal sets the smallest is taken, and none where that no label is
    true is likelier than the expected F1 of any other set. For up to 64 labels the expectation is
    exact. Sets hold at most the 128 best labels of a document; how many of the others are true
    counts as Poisson distributed.

    Source: Lewis (1995), Evaluating and optimizing autonomous text classification systems, for
    the form of the best set.
    """
    chosen = np.zeros(block.shape, dtype=np.bool_)
    for start in range(0, len(block), _ROWS):
        rows = block[start : start + _ROWS]
        columns = top_columns(rows, _CONSIDERED)  # (B, M)
        scores = np.take_along_axis(rows, columns, axis=1).astype(np.float64)
        others = np.maximum(rows.sum(axis=1, dtype=np.float64) - scores.sum(axis=1), 0)
        if columns.shape[1] == rows.shape[1]:
            others[:] = 0
        sizes = _best_sizes(scores, others)
        inside = np.arange(columns.shape[1]) < sizes[:, np.newaxis]
        np.put_along_axis(chosen[start : start + _ROWS], columns, inside, axis=1)
    return chosen


def _best_sizes(scores: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many of the best labels to take, (B,).

    scores: (B, M) descending; others: (B,) how many labels are true beside these M.

    With Y true labels in all, the k best have the expected F1 of the sum over their labels i of
    2 p_i E[1 / (k + 1 + Y without i)]. As 1 / n is the integral of t^(n-1) over t from 0 to 1,
    that expectation is the integral of t^k times the product of (1 - p_j + p_j t) over j other
    than i: a polynomial in t, for which Gauss-Legendre quadrature is exact up to its degree.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = (nodes + 1) / 2, weights / 2
    missed = 1 - scores[:, :, np.newaxis] * (1 - nodes)  # (B, M, nodes), above 0
    generating = np.prod(missed, axis=1) * np.exp(-others[:, np.newaxis] * (1 - nodes))
    shares = np.cumsum(scores[:, :, np.newaxis] / missed, axis=1)
    shares *= nodes ** np.arange(1, scores.shape[1] + 1)[:, np.newaxis]
    shares *= (generating * weights)[:, np.newaxis, :]
    expected = np.empty((len(scores), scores.shape[1] + 1))
    expected[:, 0] = np.prod(1 - scores, axis=1) * np.exp(-others)  # of the empty set
    expected[:, 1:] = 2 * shares.sum(axis=2)
    best: NDArray[np.int64] = np.argmax(expected, axis=1)
    return best

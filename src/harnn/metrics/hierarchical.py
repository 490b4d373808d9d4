"""Precision and recall that give credit for the ancestors of a label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array

from harnn._memory import row_blocks
from harnn.metrics.sets import PrecisionRecall
from harnn.ranking import as_binary, check_same_shape


def ancestors_of(edges: NDArray[Any], labels: int) -> csr_array[np.bool_]:
    """Return (C, C) label sets: row c holds c itself and all its ancestors.

    edges: (n, 2) child column, parent column; labels: C.
    """
    links = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    ones = np.ones(len(links), dtype=np.bool_)
    parents = csr_array((ones, (links[:, 0], links[:, 1])), shape=(labels, labels))
    reached = as_binary(parents + eye_array(labels, dtype=np.bool_, format="csr"))
    while True:  # every round doubles the length of the paths that are followed
        further = as_binary(reached @ reached)
        if further.nnz == reached.nnz:
            return further
        reached = further


def hierarchical_prf(
    predictions: Any, targets: Any, ancestors: Any | None = None
) -> PrecisionRecall:
    """Compute hierarchical precision, recall and F1 over all documents.

    predictions, targets: (N, C) label sets, sparse. ancestors: (C, C), row c marks c and all its
    ancestors; both kinds of sets are closed upward with it. Without it they are taken as closed.

    Raises:
        ValueError: the shapes differ.

    Source: Kiritchenko, Matwin, Nock and Famili (2006), Learning and Evaluation in the Presence
    of Class Hierarchies; as there, the root above all labels does not count.
    """
    check_same_shape(predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    closure = None if ancestors is None else as_binary(ancestors)
    hits = predicted_size = true_size = 0
    for rows in row_blocks(*true.shape):
        block_predicted, block_true = predicted[rows], true[rows]
        if closure is not None:
            block_predicted, block_true = block_predicted @ closure, block_true @ closure
        predicted_size += block_predicted.nnz
        true_size += block_true.nnz
        hits += int(block_predicted.multiply(block_true).sum())
    return PrecisionRecall.from_counts(hits, predicted_size, true_size)

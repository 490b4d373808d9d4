"""How sure a model is of a whole document, level by level, and whether it was right.

At a level a document stands for all labels of its answer on that level and above it: it is right
there if none of them is wrong. Its confidence is the product of the scores of the most specific of
them, which is the chance that all are right if they are right independently of each other. Of the
minimum, the mean and two kinds of products it accepts the most documents with the same precision
(docs/experiments.md). A document is in question from its highest label down to its deepest one, so
that one whose answer ends early counts on its deepest level and above, and one without an answer
nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.counting import as_binary, check_same_shape
from harnn.taxonomy import Hierarchy


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """N answered documents on L levels."""

    confidence: NDArray[np.float32]
    """(N, L) 0..1, never rising from a level to the next; NaN where the document is not in question
    or has a label, on the level or above, that is never accepted."""
    right: NDArray[np.bool_]
    """(N, L) whether no label on the level or above is wrong."""
    unanswered: int
    """Documents without any label."""

    def __len__(self) -> int:
        return len(self.confidence)


def filed_levels(confidence: NDArray[np.float32], cuts: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the deepest level that each document is filed to, (N,); 0: none.

    confidence: (N, L) as in :class:`Judged`; cuts: (L,) infinite where a level is not open. It is
    the deepest open level whose cut the document reaches, and those of all open levels above.
    """
    reached = confidence >= cuts  # NaN compares false
    fails = np.isfinite(cuts) & (confidence < cuts)
    reached &= ~np.logical_or.accumulate(fails, axis=1)
    levels = np.arange(1, len(cuts) + 1)
    found: NDArray[np.int64] = np.where(reached, levels, 0).max(axis=1, initial=0)
    return found


def judge(
    scores: NDArray[np.float32],
    predictions: Any,
    targets: Any,
    hierarchy: Hierarchy,
    *,
    never: NDArray[np.bool_] | None = None,
) -> Judged:
    """Judge answers by the true labels.

    scores: (N, C) as answers show them; predictions, targets: (N, C) label sets, sparse, closed
    upward; never: (C,) labels that are never accepted.

    Raises:
        ValueError: shapes differ.
    """
    check_same_shape(scores=scores, predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    lengths = np.diff(predicted.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    cells = (scores[rows, predicted.indices], predicted.indices, predicted.indptr)
    answers: csr_array[np.float32] = csr_array(cells, shape=predicted.shape)
    return Judged(
        confidences(answers, hierarchy, never=never),
        are_right(predicted, true, hierarchy),
        int(np.count_nonzero(lengths == 0)),
    )


def are_right(predictions: Any, targets: Any, hierarchy: Hierarchy) -> NDArray[np.bool_]:
    """Return whether no label on a level or above is wrong, (N, L); both sets as for :func:`judge`.

    Raises:
        ValueError: shapes differ.
    """
    check_same_shape(predictions=predictions, targets=targets)
    hierarchy.check_columns(targets.shape[1])
    wrong = as_binary(as_binary(predictions) > as_binary(targets)).tocoo()
    rows, columns = wrong.coords
    first = np.full(wrong.shape[0], hierarchy.depth + 1)
    np.minimum.at(first, rows, hierarchy.levels[columns])
    return np.arange(1, hierarchy.depth + 1) < first[:, np.newaxis]


def confidences(
    answers: csr_array[np.float32],
    hierarchy: Hierarchy,
    *,
    never: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Return how sure documents are on each level, (N, L), see :class:`Judged`.

    answers: (N, C) the scores of the labels of each answer, sparse, with a cell for each label
    whatever its score; closed upward; never: (C,) labels that are never accepted.

    Raises:
        ValueError: the answers have another number of columns.
    """
    hierarchy.check_columns(answers.shape[1])
    documents, depth = answers.shape[0], hierarchy.depth
    rows = np.repeat(np.arange(documents), np.diff(answers.indptr))
    levels = hierarchy.levels[answers.indices]
    found = np.empty((documents, depth))
    sure = np.ones(documents)
    for level in range(1, depth + 1):
        sure = np.minimum(sure, _products(answers, rows, levels <= level, hierarchy))
        found[:, level - 1] = sure
    every_level = np.arange(1, depth + 1)
    first, last = np.full(documents, depth + 1), np.zeros(documents, dtype=np.int64)
    np.minimum.at(first, rows, levels)
    np.maximum.at(last, rows, levels)
    if never is not None:
        banned = never[answers.indices]
        np.minimum.at(last, rows[banned], levels[banned] - 1)
    outside = (every_level < first[:, np.newaxis]) | (every_level > last[:, np.newaxis])
    found[outside] = np.nan
    return found.astype(np.float32)


def _products(
    answers: csr_array[np.float32],
    rows: NDArray[np.intp],
    kept: NDArray[np.bool_],
    hierarchy: Hierarchy,
) -> NDArray[np.float64]:
    """Return the product of the scores of the most specific labels, (N,), of those *kept* of all
    cells; 1 without any.
    """
    products = np.ones(answers.shape[0])
    cells = np.flatnonzero(kept)
    if not len(cells):
        return products
    indptr = np.searchsorted(rows[cells], np.arange(answers.shape[0] + 1))
    columns = answers.indices[cells]
    sets = csr_array((np.ones(len(cells), np.bool_), columns, indptr), shape=answers.shape)
    specific = hierarchy.most_specific_sets(sets)
    is_specific = np.asarray(specific[rows[cells], columns]).ravel()
    own = answers.data[cells][is_specific].astype(np.float64)
    np.multiply.at(products, rows[cells][is_specific], own)
    return products

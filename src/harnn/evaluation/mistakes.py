"""The documents where a model was most sure and wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.counting import as_binary, check_same_shape
from harnn.taxonomy import Hierarchy


class Mistake(NamedTuple):
    """A label of a document that was wrongly given or missed."""

    row: int
    column: int
    score: float


def wrong_with_most_score(
    scores: NDArray[Any], predictions: Any, targets: Any, hierarchy: Hierarchy, *, most: int
) -> tuple[Mistake, ...]:
    """Find labels that were given and are not true, the highest scores first.

    scores: (N, C); predictions, targets: (N, C) label sets, sparse. Of labels below each other the
    most specific ones are looked at, whose ancestors have the same mistake; of each document the
    one with the highest score, of equals the lowest column, is told.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(scores=scores, predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    wrong = as_binary(hierarchy.most_specific_sets(as_binary(predicted > true)))
    return _surest(scores, wrong, sign=-1, most=most)


def missed_with_least_score(
    scores: NDArray[Any], predictions: Any, targets: Any, hierarchy: Hierarchy, *, most: int
) -> tuple[Mistake, ...]:
    """Find labels that are true and were not given, the lowest scores first.

    scores: (N, C); predictions, targets: (N, C) label sets, sparse. Labels below one that was
    missed too are left out; of each document the one with the lowest score is told.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(scores=scores, predictions=predictions, targets=targets)
    predicted, true = as_binary(predictions), as_binary(targets)
    missed = as_binary(true > predicted)
    ones = np.ones(len(hierarchy.edges), dtype=np.int64)
    shape = (len(hierarchy), len(hierarchy))
    to_children = csr_array((ones, (hierarchy.edges[:, 1], hierarchy.edges[:, 0])), shape)
    below = as_binary(csr_array(missed.astype(np.int64) @ to_children))
    return _surest(scores, as_binary(missed > below), sign=1, most=most)


def _surest(
    scores: NDArray[Any], mistakes: csr_array[np.bool_], *, sign: int, most: int
) -> tuple[Mistake, ...]:
    rows = np.repeat(np.arange(mistakes.shape[0]), np.diff(mistakes.indptr))
    columns = mistakes.indices
    found = scores[rows, columns]
    order = np.lexsort((columns, rows, sign * found))
    _, first = np.unique(rows[order], return_index=True)  # of each document the surest
    order = order[np.sort(first)][:most]
    return tuple(
        Mistake(int(row), int(column), float(score))
        for row, column, score in zip(rows[order], columns[order], found[order], strict=True)
    )

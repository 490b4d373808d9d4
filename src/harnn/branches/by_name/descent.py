"""What the score of a label by its name is made of: scores of those above it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.taxonomy import Hierarchy


class Descent(NamedTuple):
    """From a label by its name up through the parent with the lowest score, step by step."""

    named: tuple[int, ...]
    """The label itself, then those above it that are scored by their names too, as columns."""
    parent: int | None
    """The parent whose score its own is a part of; None: it has none."""
    parent_score: float
    """1 where it has no parent."""
    source: int | None
    """The label with documents that gives the topmost of them its score: its parent, or the one
    below that parent that has the highest score; None: the topmost has no parent."""
    siblings: int
    """With a text of their own, which its name was compared with."""


def descents_of(
    columns: list[int],
    named: NDArray[np.int64],
    compared: NDArray[np.int64],
    scores: NDArray[np.float32],
    hierarchy: Hierarchy,
) -> dict[int, Descent]:
    """Follow labels by their names, by column.

    named: columns of all such labels; compared: those of labels that have a text, so far as they
    stand beside such labels; scores: (C,) before closing, those by name included.
    """
    others = scores.copy()
    others[named] = 0
    lifted = hierarchy.lift(others[None])[0]
    known = lifted.copy()
    known[named] = scores[named]

    def follow(column: int) -> Descent:
        chain, parent = [column], _lowest(column, known, hierarchy)
        above = parent
        while above is not None and np.isin(above, named):
            chain.append(above)
            above = _lowest(above, known, hierarchy)
        source = None if above is None else _highest_below(above, others, lifted, hierarchy)
        parent_score = 1.0 if parent is None else float(known[parent])
        beside = len(np.intersect1d(_beside(column, hierarchy), compared))
        return Descent(tuple(chain), parent, parent_score, source, beside)

    return {column: follow(column) for column in columns}


def _lowest(column: int, known: NDArray[np.float32], hierarchy: Hierarchy) -> int | None:
    parents = hierarchy.parents(column)
    return int(parents[known[parents].argmin()]) if len(parents) else None


def _highest_below(
    column: int, scores: NDArray[np.float32], lifted: NDArray[np.float32], hierarchy: Hierarchy
) -> int:
    """Return the label from which closing upward takes the score of *column*."""
    while scores[column] < lifted[column]:
        children = hierarchy.children(column)
        column = int(children[lifted[children].argmax()])
    return column


def _beside(column: int, hierarchy: Hierarchy) -> NDArray[np.int64]:
    """Return the siblings of a label as columns."""
    parents = hierarchy.parents(column).tolist()
    groups = [hierarchy.children(parent) for parent in parents] if parents else [hierarchy.roots]
    return np.setdiff1d(np.concatenate(groups), [column]).astype(np.int64)

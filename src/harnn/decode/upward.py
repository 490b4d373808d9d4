"""Scores that respect the hierarchy: no label below any of its descendants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.ranking import row_blocks


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The parents of one level with all their children, grouped by parent."""

    parents: NDArray[np.int64]
    children: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Where the children of each parent begin."""


def propagate_upward(
    values: NDArray[np.float32], edges: NDArray[Any], levels: NDArray[Any]
) -> NDArray[np.float32]:
    """Return scores in which every label has at least the highest score of its descendants.

    values: (N, C) float32; edges: (n, 2) child column, parent column; levels: (C,), ascending,
    every parent above its child. The input is left as it is; the result is the only array of its
    size.

    Raises:
        ValueError: edges and levels do not describe such a hierarchy of C labels.
    """
    steps = upward_steps(edges, levels, labels=values.shape[1])
    result = np.empty(values.shape, dtype=np.float32)
    for rows in row_blocks(*values.shape):
        result[rows] = lift(values[rows], steps)
    return result


def upward_steps(edges: NDArray[Any], levels: NDArray[Any], *, labels: int) -> tuple[Step, ...]:
    """Order the edges for :func:`lift`: from the deepest parents up to the roots.

    Raises:
        ValueError: see :func:`propagate_upward`.
    """
    edges, levels = np.asarray(edges, dtype=np.int64).reshape(-1, 2), np.asarray(levels)
    if levels.shape != (labels,) or (np.diff(levels) < 0).any():
        raise ValueError(f"Expected the ascending levels of {labels:,} columns.")
    if edges.size and not (edges.min() >= 0 and edges.max() < labels):
        raise ValueError(f"Expected edges between columns 0 to {labels - 1:,}.")
    edges = edges[np.lexsort((edges[:, 0], edges[:, 1]))]
    children, parents = edges[:, 0], edges[:, 1]
    if (levels[parents] >= levels[children]).any():
        raise ValueError("Expected the parent of every edge on a level above its child.")
    steps = []
    for level in np.unique(levels[parents])[::-1]:
        here = levels[parents] == level
        distinct, starts = np.unique(parents[here], return_index=True)
        steps.append(Step(parents=distinct, children=children[here], starts=starts))
    return tuple(steps)


def lift(block: NDArray[np.float32], steps: tuple[Step, ...]) -> NDArray[np.float32]:
    """Propagate the scores of a block of rows (B, C) upward; returns a new array."""
    # Labels as rows: a maximum over labels then runs along contiguous documents.
    by_label = np.array(block.T, dtype=np.float32, order="C")  # (C, B)
    for step in steps:
        highest = np.maximum.reduceat(by_label[step.children], step.starts, axis=0)
        by_label[step.parents] = np.maximum(by_label[step.parents], highest)
    return by_label.T

"""Scores and sets that respect the hierarchy: no label above, or below, what its place allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn.config import Close

Cell = TypeVar("Cell", np.float32, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The labels of one level that change together, with the labels that each of them reads."""

    changed: NDArray[np.int64]
    read: NDArray[np.int64]
    """Grouped by changed label."""
    starts: NDArray[np.int64]
    """Where the labels read by each changed label begin."""


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """The edges between C labels, ordered for passes over blocks of rows (B, C)."""

    labels: int
    upward: tuple[Step, ...]
    """Parents read their children; the deepest parents first."""
    downward: tuple[Step, ...]
    """Children read their parents; the highest children first."""
    leaves: NDArray[np.int64]
    """Columns without children."""

    @classmethod
    def from_edges(cls, edges: NDArray[Any], levels: NDArray[Any], *, labels: int) -> Self:
        """Order the edges, (n, 2) child column, parent column; levels: (C,), ascending.

        Raises:
            ValueError: edges and levels do not describe a hierarchy of C labels with every parent
                on a level above its child.
        """
        edges, levels = np.asarray(edges, dtype=np.int64).reshape(-1, 2), np.asarray(levels)
        if levels.shape != (labels,) or (np.diff(levels) < 0).any():
            raise ValueError(f"Expected the ascending levels of {labels:,} columns.")
        if edges.size and not (edges.min() >= 0 and edges.max() < labels):
            raise ValueError(f"Expected edges between columns 0 to {labels - 1:,}.")
        children, parents = edges[:, 0], edges[:, 1]
        if (levels[parents] >= levels[children]).any():
            raise ValueError("Expected the parent of every edge on a level above its child.")
        return cls(
            labels=labels,
            upward=_steps(parents, children, levels)[::-1],
            downward=_steps(children, parents, levels),
            leaves=np.setdiff1d(np.arange(labels), parents),
        )

    def close(self, block: NDArray[Cell], close: Close) -> NDArray[Cell]:
        """Return scores or sets (B, C) closed ``up`` or ``down``, or as they are for ``none``."""
        if close == "none":
            return block
        return self.lift(block) if close == "up" else self.lower(block)

    def lift(self, block: NDArray[Cell]) -> NDArray[Cell]:
        """Give every label at least the maximum of its descendants; returns a new array."""
        return _pass_over(block, self.upward, np.maximum)

    def lower(self, block: NDArray[Cell]) -> NDArray[Cell]:
        """Give every label at most the minimum of its ancestors; returns a new array."""
        return _pass_over(block, self.downward, np.minimum)

    def path_confidence(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the least confident step on the way down to each label, (B, C).

        block: scores closed up or down. A step's confidence is the score of a label without
        parents, and else the label's score divided by the lowest score of its parents: with one
        parent, its probability given the parent. No label is above any of its ancestors.
        """
        by_label = np.array(block.T, dtype=np.float32, order="C")  # (C, B)
        steps = by_label.copy()
        for step in self.downward:
            lowest = np.minimum.reduceat(by_label[step.read], step.starts, axis=0)
            sure = np.zeros_like(lowest)
            np.divide(by_label[step.changed], lowest, out=sure, where=lowest > 0)
            steps[step.changed] = sure
        return _pass_over(steps.T, self.downward, np.minimum)


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
    return _propagate(values, edges, levels, "up")


def propagate_downward(
    values: NDArray[np.float32], edges: NDArray[Any], levels: NDArray[Any]
) -> NDArray[np.float32]:
    """Return scores in which every label has at most the lowest score of its ancestors.

    Of several parents all count, as a document of a label belongs to all its ancestors. Otherwise
    as :func:`propagate_upward`.

    Raises:
        ValueError: see :func:`propagate_upward`.
    """
    return _propagate(values, edges, levels, "down")


def _propagate(
    values: NDArray[np.float32], edges: NDArray[Any], levels: NDArray[Any], close: Close
) -> NDArray[np.float32]:
    hierarchy = Hierarchy.from_edges(edges, levels, labels=values.shape[1])
    result = np.empty(values.shape, dtype=np.float32)
    for rows in row_blocks(*values.shape):
        result[rows] = hierarchy.close(values[rows], close)
    return result


def _steps(
    changed: NDArray[np.int64], read: NDArray[np.int64], levels: NDArray[Any]
) -> tuple[Step, ...]:
    """Group edges by the label that changes, one step for each of its levels, top first."""
    order = np.lexsort((read, changed))
    changed, read = changed[order], read[order]
    steps = []
    for level in np.unique(levels[changed]):
        here = levels[changed] == level
        distinct, starts = np.unique(changed[here], return_index=True)
        steps.append(Step(changed=distinct, read=read[here], starts=starts))
    return tuple(steps)


def _pass_over(block: NDArray[Cell], steps: tuple[Step, ...], extreme: np.ufunc) -> NDArray[Cell]:
    # Labels as rows: an extreme over labels then runs along contiguous documents.
    by_label = np.array(block.T, order="C")  # (C, B)
    for step in steps:
        found = extreme.reduceat(by_label[step.read], step.starts, axis=0)
        by_label[step.changed] = extreme(by_label[step.changed], found)
    return by_label.T

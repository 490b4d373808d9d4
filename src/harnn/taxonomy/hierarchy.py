"""The hierarchy in numbers: who stands above whom, and what follows for scores and label sets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar, final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.config import Close
from harnn.counting import as_binary
from harnn.taxonomy.graph import Closure, IntArray, ancestor_closure

Cell = TypeVar("Cell", np.float32, np.bool_)
Links = tuple[npt.NDArray[np.int64], IntArray]
"""Where the relatives of each label start, with one more entry for the end, and the relatives."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The labels of one level that read relatives of theirs, all parents or all children."""

    readers: npt.NDArray[np.int64]
    """Columns, ascending."""
    read: npt.NDArray[np.int64]
    """Columns, grouped by reader."""
    starts: npt.NDArray[np.int64]
    """Where the labels read by each reader begin."""

    def highest(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the highest value that each reader reads, (readers, B) of a block (C, B)."""
        return np.asarray(np.maximum.reduceat(block[self.read], self.starts, axis=0))

    def lowest(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the lowest value that each reader reads, (readers, B) of a block (C, B)."""
        return np.asarray(np.minimum.reduceat(block[self.read], self.starts, axis=0))


@final
@dataclass(frozen=True, eq=False, repr=False)
class Hierarchy:
    """Levels and edges of C labels; immutable, and everything derived is computed once.

    Columns are level-major and every parent stands on a level above its children. A label below
    the top may have no parents. Build it with :meth:`from_edges`; a taxonomy owns its own.
    """

    levels: IntArray
    """(C,), 1-based, ascending."""
    edges: IntArray
    """(n, 2): child column, parent column; sorted."""

    @classmethod
    def from_edges(cls, edges: npt.ArrayLike, levels: npt.ArrayLike) -> Self:
        """Check and sort edges, (n, 2) child column, parent column; levels: (C,), ascending.

        Raises:
            ValueError: they do not describe a hierarchy with every parent above its children.
        """
        pairs = np.array(edges, dtype=np.int32).reshape(-1, 2)
        heights = np.array(levels, dtype=np.int32)
        steps = np.diff(heights, prepend=0) if heights.ndim == 1 else np.array([-1])
        if not np.isin(steps, (0, 1)).all() or (heights.size and heights[0] != 1):
            raise ValueError("Expected levels (C,) that ascend from 1 without gaps.")
        if pairs.size and not (pairs.min() >= 0 and pairs.max() < len(heights)):
            raise ValueError(f"Expected edges between columns 0 to {len(heights) - 1:,}.")
        if (heights[pairs[:, 1]] >= heights[pairs[:, 0]]).any():
            raise ValueError("Expected the parent of every edge on a level above its child.")
        ordered = np.unique(pairs, axis=0)
        if len(ordered) < len(pairs):
            raise ValueError("Expected every edge once.")
        for array in (heights, ordered):
            array.setflags(write=False)
        return cls(heights, ordered)

    def __len__(self) -> int:
        """Count the labels, C."""
        return len(self.levels)

    def __repr__(self) -> str:
        sizes = "/".join(f"{size:,}" for size in self.level_sizes)
        return f"Hierarchy({len(self):,} labels, levels {sizes}, {len(self.edges):,} edges)"

    @property
    def depth(self) -> int:
        """Number of levels."""
        return int(self.levels[-1]) if len(self.levels) else 0

    @cached_property
    def level_slices(self) -> tuple[slice, ...]:
        """Columns of each level: ``scores[:, level_slices[l]]``."""
        bounds = np.searchsorted(self.levels, np.arange(1, self.depth + 2)).tolist()
        return tuple(slice(start, stop) for start, stop in itertools.pairwise(bounds))

    @property
    def level_sizes(self) -> tuple[int, ...]:
        """How many labels each level has, from the top."""
        return tuple(part.stop - part.start for part in self.level_slices)

    @cached_property
    def closure(self) -> Closure:
        """(C, C) bool: row c marks label c itself and all its ancestors.

        Raises:
            TaxonomyError: more pairs than can be held (see ``graph.CLOSURE_LIMIT``).
        """
        closure = ancestor_closure(self.level_slices, self.edges)
        for array in (closure.data, closure.indices, closure.indptr):
            array.setflags(write=False)
        return closure

    @cached_property
    def upward(self) -> dict[int, Step]:
        """By level: its labels that have children, and those children."""
        children, parents = self.edges[:, 0], self.edges[:, 1]
        return _steps(parents, children, self.levels)

    @cached_property
    def downward(self) -> dict[int, Step]:
        """By level: its labels that have parents, and those parents."""
        children, parents = self.edges[:, 0], self.edges[:, 1]
        return _steps(children, parents, self.levels)

    @cached_property
    def leaves(self) -> IntArray:
        """Columns without children."""
        return np.flatnonzero(np.diff(self._child_links[0]) == 0).astype(np.int32)

    @cached_property
    def roots(self) -> IntArray:
        """Columns without parents."""
        return np.flatnonzero(self.parent_counts == 0).astype(np.int32)

    @property
    def parent_counts(self) -> npt.NDArray[np.int64]:
        """(C,) parents of each label."""
        return np.diff(self._parent_links[0])

    @cached_property
    def is_parent(self) -> npt.NDArray[np.bool_]:
        """(C,) whether each label has children."""
        return np.diff(self._child_links[0]) > 0

    def parents(self, column: int) -> IntArray:
        """Return the columns of a label's parents, ascending."""
        return self._linked(self._parent_links, column)

    def children(self, column: int) -> IntArray:
        """Return the columns of a label's children, ascending."""
        return self._linked(self._child_links, column)

    def path(self, column: int, scores: npt.NDArray[np.float32] | None = None) -> IntArray:
        """Return the columns from a root to a label.

        Of several parents the way leads through the one with the highest of *scores* (C,), and of
        equals, or without scores, through the first.
        """
        path = [self._checked(column)]
        while len(parents := self.parents(path[-1])):
            place = 0 if scores is None else int(np.argmax(scores[parents]))
            path.append(int(parents[place]))
        return np.array(path[::-1], dtype=np.int32)

    def close_upward(self, columns: npt.ArrayLike) -> IntArray:
        """Return the given columns with those of all their ancestors, ascending."""
        marked, _ = self._marked_by(columns)
        return marked

    def most_specific(self, columns: npt.ArrayLike) -> IntArray:
        """Return the given columns that have no descendant among them, ascending."""
        marked, times = self._marked_by(columns)
        # Every given label marks itself once; a second mark comes from a descendant.
        return np.intersect1d(marked[times == 1], np.asarray(columns, dtype=np.int32))

    def close_sets(self, sets: Any) -> csr_array[np.bool_, tuple[int, int]]:
        """Return label sets (N, C), sparse, of any type, with all ancestors, as bool.

        Raises:
            ValueError: the sets have another number of columns.
        """
        closed: csr_array[np.bool_, tuple[int, int]] = csr_array(
            self._checked_sets(sets) @ self.closure
        )
        closed.sort_indices()
        return closed

    def most_specific_sets(self, sets: Any) -> csr_array[np.bool_, tuple[int, int]]:
        """Return of label sets (N, C), sparse, those with no descendant in their set, as bool.

        Raises:
            ValueError: the sets have another number of columns.
        """
        given = self._checked_sets(sets)
        # For every label how many labels of the set reach it, itself included.
        reached = csr_array(given.astype(np.int32) @ self.closure.astype(np.int32))
        reached.data = reached.data == 1
        return as_binary(reached.multiply(given))

    def count_violations(self, predictions: Any) -> int:
        """Count pairs of a document and an edge with the child predicted and the parent not.

        predictions: (N, C) label sets, sparse.
        """
        predicted = as_binary(predictions)
        ones = np.ones(len(self.edges), dtype=np.int64)
        to_parents = csr_array((ones, (self.edges[:, 0], self.edges[:, 1])), (len(self), len(self)))
        violations = 0
        for rows in row_blocks(*predicted.shape):
            present = predicted[rows].astype(np.int64)
            wanted = present @ to_parents  # cell: how many predicted labels have it as a parent
            violations += int(wanted.sum()) - int(wanted.multiply(present).sum())
        return violations

    def close(self, block: npt.NDArray[Cell], close: Close) -> npt.NDArray[Cell]:
        """Return scores or sets (B, C) closed ``up`` or ``down``, or as they are for ``none``."""
        if close == "none":
            return block
        return self.lift(block) if close == "up" else self.lower(block)

    def lift(self, block: npt.NDArray[Cell]) -> npt.NDArray[Cell]:
        """Give every label at least the maximum of its descendants; returns a new array."""
        by_label = _by_label(block)
        for step in reversed(self.upward.values()):  # the deepest parents first
            own = by_label[step.readers]
            by_label[step.readers] = np.maximum(own, step.highest(by_label))
        return by_label.T

    def lower(self, block: npt.NDArray[Cell]) -> npt.NDArray[Cell]:
        """Give every label at most the minimum of its ancestors; returns a new array."""
        by_label = _by_label(block)
        for step in self.downward.values():
            own = by_label[step.readers]
            by_label[step.readers] = np.minimum(own, step.lowest(by_label))
        return by_label.T

    def propagate(
        self, scores: npt.NDArray[np.float32], close: Close = "up"
    ) -> npt.NDArray[np.float32]:
        """Return scores (N, C) closed as :meth:`close` does, in blocks of documents.

        The input is left as it is; the result, for ``none`` the input, is the only array of its
        size.

        Raises:
            ValueError: the scores have another number of columns.
        """
        self.check_columns(scores.shape[1])
        if close == "none":
            return scores
        result = blank(scores.shape, np.float32)
        for rows in row_blocks(*scores.shape):
            result[rows] = self.close(scores[rows], close)
        return result

    def path_confidence(self, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the least confident step on the way down to each label, (B, C).

        block: scores closed up or down. A step's confidence is the score of a label without
        parents, and else the label's score divided by the lowest score of its parents: with one
        parent, its probability given the parent. No label is above any of its ancestors.
        """
        by_label = _by_label(block)  # (C, B)
        steps = by_label.copy()
        for step in self.downward.values():
            lowest = step.lowest(by_label)
            sure = np.zeros_like(lowest)
            np.divide(by_label[step.readers], lowest, out=sure, where=lowest > 0)
            steps[step.readers] = sure
        return self.lower(steps.T)

    def check_columns(self, columns: int) -> None:
        """Raises:
        ValueError: *columns* is not the number of labels.
        """
        if columns != len(self):
            raise ValueError(f"Expected scores of {len(self):,} labels, got {columns:,}.")

    @cached_property
    def _parent_links(self) -> Links:
        bounds = np.searchsorted(self.edges[:, 0], np.arange(len(self) + 1))
        return bounds.astype(np.int64), self.edges[:, 1]

    @cached_property
    def _child_links(self) -> Links:
        order = np.argsort(self.edges[:, 1], kind="stable")
        children = self.edges[order, 0]
        children.setflags(write=False)
        bounds = np.searchsorted(self.edges[order, 1], np.arange(len(self) + 1))
        return bounds.astype(np.int64), children

    def _linked(self, links: Links, column: int) -> IntArray:
        start, stop = links[0][self._checked(column) :][:2]
        return links[1][start:stop]

    def _marked_by(self, columns: npt.ArrayLike) -> tuple[IntArray, npt.NDArray[np.int64]]:
        """Return what the rows of distinct columns mark, ascending, and in how many rows."""
        given = np.unique(np.asarray(columns, dtype=np.int32))
        if not len(given):
            return given, np.zeros(0, dtype=np.int64)
        self._checked(int(given[0]))
        self._checked(int(given[-1]))
        bounds, indices = self.closure.indptr, self.closure.indices
        rows = [indices[bounds[column] : bounds[column + 1]] for column in given.tolist()]
        marked, times = np.unique(np.concatenate(rows), return_counts=True)
        return marked.astype(np.int32, copy=False), times

    def _checked_sets(self, sets: Any) -> csr_array[np.bool_, tuple[int, int]]:
        given: Any = csr_array(sets)
        if given.ndim != 2 or given.shape[1] != len(self):
            raise ValueError(f"label sets of shape {given.shape}, expected (N, {len(self)})")
        marks: csr_array[np.bool_, tuple[int, int]] = given.astype(np.bool_)
        marks.eliminate_zeros()
        return marks

    def _checked(self, column: int) -> int:
        if not 0 <= column < len(self):
            raise IndexError(f"column {column}, expected 0 to {len(self) - 1}")
        return int(column)


def _steps(readers: IntArray, read: IntArray, levels: IntArray) -> dict[int, Step]:
    """Group edges by the label that reads, one step for each of its levels, top first."""
    order = np.lexsort((read, readers))
    grouped, relatives = readers[order].astype(np.int64), read[order].astype(np.int64)
    return dict(_steps_of_levels(grouped, relatives, levels[grouped]))


def _steps_of_levels(
    readers: npt.NDArray[np.int64], read: npt.NDArray[np.int64], levels: IntArray
) -> Iterator[tuple[int, Step]]:
    for level in np.unique(levels).tolist():
        here = levels == level
        distinct, starts = np.unique(readers[here], return_index=True)
        yield level, Step(distinct, read[here], starts)


def _by_label(block: npt.NDArray[Cell]) -> npt.NDArray[Cell]:
    """Copy (B, C) to (C, B): an extreme over labels then runs along contiguous documents."""
    return np.array(block.T, order="C")

"""Labels and what stands beside them: children of the same parent, roots beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harnn.taxonomy import Hierarchy

Places = NDArray[np.int64]
_FAINTEST = 1e-12
"""Of what the siblings of a label weigh beside it, at least."""
_NOTHING = 1e-300


@dataclass(frozen=True, eq=False)
class Siblings:
    """U labels among R, which are these labels and all their siblings.

    Labels without a parent are siblings of each other.
    """

    columns: Places
    """(R,) of the taxonomy, ascending."""
    own: Places
    """(U,) where among the R the labels themselves stand, ascending."""
    members: Places
    """Where among the R the children of each parent stand, grouped by parent."""
    starts: Places
    """Where each of these groups begins."""
    groups: Places
    """The groups that each label is in, grouped by label."""
    firsts: Places
    """(U,) where those of each label begin."""

    @classmethod
    def of(cls, hierarchy: Hierarchy, labels: Places, readable: NDArray[np.bool_]) -> Self:
        """Find the siblings of *labels*, columns in ascending order.

        readable: (C,) which labels can be compared at all; all of *labels* must be.
        """
        pairs = _child_parent(hierarchy)
        pairs = pairs[readable[pairs[:, 0]]]
        parents = np.unique(pairs[np.isin(pairs[:, 0], labels), 1])
        pairs = pairs[np.isin(pairs[:, 1], parents)]
        pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
        columns = np.unique(pairs[:, 0])
        group = np.searchsorted(parents, pairs[:, 1])
        mine = np.isin(pairs[:, 0], labels)
        order = np.argsort(pairs[mine, 0], kind="stable")
        return cls(
            columns=columns,
            own=np.searchsorted(columns, labels),
            members=np.searchsorted(columns, pairs[:, 0]),
            starts=np.searchsorted(group, np.arange(len(parents))),
            groups=group[mine][order],
            firsts=np.searchsorted(pairs[mine, 0][order], labels),
        )

    def log_odds(self, similarities: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return (N, U) how much more like a text each label is than all its siblings together.

        similarities: (N, R). Were one of a label and its siblings right with a probability in
        proportion to exp(similarity), these were the log odds of the label; 0 without siblings.
        """
        if not len(self.own):
            return np.zeros((len(similarities), 0))
        highest = similarities.max(axis=1, keepdims=True)
        weights = np.exp((similarities - highest).astype(np.float64))
        sums = np.add.reduceat(weights[:, self.members], self.starts, axis=1)
        own = weights[:, self.own]
        counts = np.diff(self.firsts, append=len(self.groups))
        others = np.add.reduceat(sums[:, self.groups], self.firsts, axis=1) - counts * own
        own = np.maximum(own, _NOTHING)
        odds = np.log(own) - np.log(np.maximum(others, np.maximum(_FAINTEST * own, _NOTHING)))
        return np.where(self._has_siblings, odds, 0)

    def highest(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, U) the highest of *scores* (N, R) of a label and its siblings."""
        if not len(self.own):
            return np.zeros((len(scores), 0), dtype=np.float32)
        best = np.maximum.reduceat(scores[:, self.members], self.starts, axis=1)
        return np.asarray(np.maximum.reduceat(best[:, self.groups], self.firsts, axis=1))

    @property
    def _has_siblings(self) -> NDArray[np.bool_]:
        sizes = np.diff(self.starts, append=len(self.members))
        return np.asarray(np.maximum.reduceat(sizes[self.groups], self.firsts) > 1)


def _child_parent(hierarchy: Hierarchy) -> Places:
    """Return pairs of a label and its parent; C stands for the parent of those that have none."""
    roots = hierarchy.roots.astype(np.int64)
    above = np.full(len(roots), len(hierarchy), dtype=np.int64)
    return np.concatenate([hierarchy.edges.astype(np.int64), np.stack([roots, above], axis=1)])

"""Prediction down the taxonomy: below the best labels of a level only their children look.

In a level of more than ``WHOLE`` labels not every label attends to the document. Those that do are,
for each document apart, the children of the labels that were scored highest in the levels above.
What the level says of the document as a whole (the mean attention over its labels, and where the
labels that fired looked) is read from labels evenly spread over the level, the same for every
document, so that an answer does not depend on what else is in the batch. The other labels are
scored by what all labels of a level share, and by the mean evidence of the labels spread over it:
their scores are on the scale that calibration and thresholds were fitted to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harnn.network.label_share import LevelShare
from harnn.taxonomy import Hierarchy

WHOLE = 1_024
"""Labels of a level up to which all of them look; of larger ones as many stand for all."""
_MOST_VALUES = 16 << 20
"""Of candidates in memory at once: 64 MB an array."""


class Candidates(NamedTuple):
    """The labels of one level that look at the documents of a batch."""

    columns: Tensor
    """(B, n) int64 of 0..C_l; the first ones of a row, as many as *counts* says."""
    counts: Tensor
    """(B,) candidates of each document."""
    spread: Tensor
    """(M,) int64 labels that stand for all of the level, ascending."""

    @property
    def real(self) -> Tensor:
        """(B, n) where *columns* holds a candidate."""
        positions = torch.arange(self.columns.shape[1], device=self.columns.device)
        return positions < self.counts[:, None]

    def parts(self, width: int) -> Iterator[slice]:
        """Documents whose candidates fit into memory together, by numbers for each candidate."""
        most = max(1, _MOST_VALUES // (self.columns.shape[1] * width))
        for start in range(0, len(self.columns), most):
            yield slice(start, start + most)

    def within(self, part: slice) -> Candidates:
        """Return those in some labels of the level, counted from there."""
        inside = self.real & (self.columns >= part.start) & (self.columns < part.stop)
        counts = inside.sum(dim=1)
        first = torch.argsort(~inside, dim=1, stable=True)[:, : max(int(counts.max()), 1)]
        columns = (self.columns - part.start).masked_fill(~inside, 0).gather(1, first)
        spread = self.spread[(self.spread >= part.start) & (self.spread < part.stop)]
        return Candidates(columns, counts, spread - part.start)

    def to(self, device: torch.device) -> Candidates:
        return Candidates(*(x.to(device) for x in self))


class Beam:
    """Chooses the candidates of each level from the scores of the levels above."""

    def __init__(self, hierarchy: Hierarchy, width: int, *, whole: int = WHOLE) -> None:
        """width: labels of a level whose children look; whole: see ``WHOLE``.

        Raises:
            ValueError: *width* is below 1.
        """
        if width < 1:
            raise ValueError(f"Expected a beam of at least 1 label, got {width}.")
        self.width = width
        self._hierarchy = hierarchy
        self._whole = whole

    def kept(
        self, level: int, scores: Tensor, share: LevelShare | None = None
    ) -> NDArray[np.int64]:
        """Return the columns (B, K) of the best labels of a level by their scores (B, C_l).

        share: of the level's labels, where the scores are theirs alone.
        """
        if share is None:
            best = scores.topk(min(self.width, scores.shape[1]), dim=1, sorted=False).indices
        else:
            best = share.best(scores, self.width)
        return np.asarray(
            best.cpu().numpy() + self._hierarchy.level_slices[level].start, dtype=np.int64
        )

    def candidates(self, level: int, kept: Sequence[NDArray[np.int64]]) -> Candidates | None:
        """Return which labels of a level, counted from 0, look; None: all.

        kept: what :meth:`kept` returned for the levels above.
        """
        part = self._hierarchy.level_slices[level]
        size = part.stop - part.start
        if size <= self._whole or not kept:
            return None
        rows = []
        for row in np.concatenate(kept, axis=1):
            below = np.unique(np.concatenate([self._hierarchy.children(c) for c in row.tolist()]))
            rows.append(below[(below >= part.start) & (below < part.stop)] - part.start)
        counts = np.array([len(row) for row in rows], dtype=np.int64)
        columns = np.zeros((len(rows), max(int(counts.max(initial=0)), 1)), dtype=np.int64)
        for number, row in enumerate(rows):
            columns[number, : len(row)] = row
        spread = np.linspace(0, size - 1, self._whole).round().astype(np.int64)
        return Candidates(*(torch.from_numpy(x) for x in (columns, counts, np.unique(spread))))

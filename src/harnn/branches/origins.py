"""From which labels of an old edition the labels of a new one have their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.taxonomy import Hierarchy


@dataclass(frozen=True, eq=False)
class LabelOrigins:
    """The weights of C' new labels as weighted means of those of C old ones.

    A label with one origin of share 1 has its weights to the bit.

    Raises:
        ValueError: the parts do not fit together.
    """

    old: Hierarchy
    new: Hierarchy
    shares: csr_array
    """(C', C) float32; a row sums to 1, or holds nothing where nothing is known of a label."""
    shift: NDArray[np.float32]
    """(C',) what is added to the logits of each label."""
    levels: tuple[int, ...]
    """For each new level the old one, counted from 0, whose features it goes on with."""
    counts: NDArray[np.int64]
    """(C',) documents from which the weights of each label were learned."""
    is_added: NDArray[np.bool_]
    """(C',) whether nothing of the old edition became a label."""
    texts: tuple[str, ...] = ()
    """T texts, names of labels, that branches read as documents."""
    hints: csr_array | None = None
    """(C', T) float32: what sum of texts sets a label apart from others with the same origins;
    None: nothing."""

    def __post_init__(self) -> None:
        shape = (len(self.new), len(self.old))
        if self.shares.shape != shape or not len(self.shift) == len(self.counts) == shape[0]:
            raise ValueError(f"Expected shares of shape {shape}, got {self.shares.shape}.")
        if len(self.levels) != self.new.depth or not set(self.levels) <= set(range(self.old.depth)):
            raise ValueError(f"Expected an old level for each new one, got {self.levels}.")
        if self.hints is not None and self.hints.shape != (shape[0], len(self.texts)):
            raise ValueError(f"Expected hints of {len(self.texts)} texts, got {self.hints.shape}.")

    def rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return rows (C', ...) of the new labels from those (C, ...) of the old ones."""
        return mixed(self.shares, array)

    def bias(self, array: NDArray[Any], unit: float = 1.0) -> NDArray[Any]:
        """Return biases (C',) of the new labels; unit: how much of *array* is a logit."""
        found: NDArray[Any] = self.rows(array) + (self.shift * unit).astype(array.dtype)
        return found

    def within(self, level: int) -> csr_array:
        """Return the shares (C'_l, C_m) of the labels of a new level, counted from 0, in those of
        the old level that it goes on with.

        Rows sum to 1, or hold nothing where all origins stand on other levels.
        """
        columns = self.old.level_slices[self.levels[level]]
        part = csr_array(self.shares[self.new.level_slices[level]][:, columns])
        whole = csr_array(self.shares[self.new.level_slices[level]])
        partial = (np.diff(part.indptr) > 0) & (np.diff(part.indptr) < np.diff(whole.indptr))
        factor = np.ones(part.shape[0], dtype=np.float32)
        factor[partial] /= part.sum(axis=1)[partial]
        part.data *= np.repeat(factor, np.diff(part.indptr))
        return part


def mixed(shares: csr_array, array: NDArray[Any]) -> NDArray[Any]:
    """Return ``shares @ array``, (n, ...) of the type of *array*, which may be float16."""
    flat = array.reshape(len(array), -1).astype(np.float32)
    found: NDArray[Any] = shares @ flat
    return found.reshape(shares.shape[0], *array.shape[1:]).astype(array.dtype)

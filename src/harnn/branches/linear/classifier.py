"""A sparse linear classifier of all labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn._scratch import blank

_MOST_CELLS = 1 << 24
"""Of weights that are filled up with zeros: 64 MB."""
_LEAST_SHARE = 1 / 32
"""Of weights that are not zero, from which on that is faster: 2 to 8 times."""


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """Weights (V, C) and biases (C,): margins are above 0 where a label fits."""

    weights: csr_array = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)

    def margins(self, vectors: csr_array) -> NDArray[np.float32]:
        """Return the margins (N, C) of vectors (N, V)."""
        filled = self._can_be_filled and vectors.nnz >= self.weights.shape[0]  # worth it
        margins = blank((vectors.shape[0], self.weights.shape[1]), np.float32)
        for rows in row_blocks(*margins.shape):
            part = vectors if rows == slice(0, len(margins)) else vectors[rows]
            margins[rows] = part @ self._filled if filled else (part @ self.weights).toarray()
            margins[rows] += self.bias
        return margins

    @property
    def _can_be_filled(self) -> bool:
        cells = self.weights.shape[0] * self.weights.shape[1]
        return cells * _LEAST_SHARE <= self.weights.nnz and cells <= _MOST_CELLS

    @cached_property
    def _filled(self) -> NDArray[np.float32]:
        """The weights with their zeros; products are the same to the bit."""
        return np.asarray(self.weights.toarray(), dtype=np.float32)

"""A sparse linear classifier of all labels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """Weights (V, C) and biases (C,): margins are above 0 where a label fits."""

    weights: csr_array = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)

    def margins(self, vectors: csr_array) -> NDArray[np.float32]:
        """Return the margins (N, C) of vectors (N, V)."""
        margins = np.empty((vectors.shape[0], self.weights.shape[1]), dtype=np.float32)
        for rows in row_blocks(*margins.shape):
            margins[rows] = (vectors[rows] @ self.weights).toarray()
        margins += self.bias
        return margins

"""Scores that respect the hierarchy by construction: no label above any of its ancestors.

E. Giunchiglia and T. Lukasiewicz, Coherent Hierarchical Multi-Label Classification Networks,
NeurIPS 2020, arXiv 2010.10151, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class MaxConstraint(nn.Module):
    """Lift every label to the highest of itself and its descendants.

    Args:
        edges: (n, 2) child column, parent column.
        level_sizes: labels of each level, level-major; a parent stands above its child.
    """

    def __init__(self, edges: NDArray[Any], level_sizes: Sequence[int]) -> None:
        super().__init__()
        ends = np.cumsum(level_sizes)
        edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
        level = np.searchsorted(ends, edges[:, 1], side="right")
        self.steps = 0
        for number in range(len(ends))[::-1]:  # the deepest parents first
            if (level == number).any():
                part = torch.from_numpy(np.ascontiguousarray(edges[level == number].T))
                self.register_buffer(f"edges_{self.steps}", part, persistent=False)
                self.steps += 1

    def forward(self, values: Tensor) -> Tensor:
        """Return scores or logits (B, C) of which no label is above any of its ancestors."""
        for step in range(self.steps):
            children, parents = self.get_buffer(f"edges_{step}")
            index = parents.expand(len(values), -1)
            values = values.scatter_reduce(1, index, values[:, children], "amax")
        return values

    def for_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the logits (B, C) that the cross-entropy against targets (B, C) reads.

        A true label may lean on its true descendants alone, a false one answers for all of its
        descendants (MCLoss): a parent never learns from a child that is right for another reason.
        """
        wanted = targets > 0
        true = self(logits.masked_fill(~wanted, float("-inf")))
        return torch.where(wanted, true, self(logits))

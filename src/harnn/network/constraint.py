"""Scores that respect the hierarchy by construction: no label above any of its ancestors.

E. Giunchiglia and T. Lukasiewicz, Coherent Hierarchical Multi-Label Classification Networks,
NeurIPS 2020, arXiv 2010.10151, section 3.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from harnn.taxonomy import Hierarchy


class MaxConstraint(nn.Module):
    """Lift every label to the highest of itself and its descendants.

    The same as :meth:`harnn.taxonomy.Hierarchy.lift`, with gradients.
    """

    def __init__(self, hierarchy: Hierarchy) -> None:
        super().__init__()
        self.steps = 0
        for step in reversed(hierarchy.upward.values()):  # the deepest parents first
            counts = np.diff(step.starts, append=len(step.read))
            pairs = np.stack([step.read, np.repeat(step.readers, counts)])
            self.register_buffer(f"edges_{self.steps}", torch.from_numpy(pairs), persistent=False)
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

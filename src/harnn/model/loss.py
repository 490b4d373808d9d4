"""The training objective."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from harnn.model.constraint import MaxConstraint
from harnn.model.network import HarnnOutput


def hybrid_loss(
    output: HarnnOutput, targets: Tensor, constraint: MaxConstraint | None = None
) -> Tensor:
    """Local plus global binary cross-entropy against targets (B, C) of 0 and 1.

    Summed over labels and averaged over documents (equation 13 of the paper): averaging over
    labels would make a level matter less the more labels the taxonomy has. With a *constraint* it
    is that of the constrained logits.
    """
    every = [output.local_logits, output.global_logits]
    if constraint is not None:
        every = [constraint.for_loss(logits, targets) for logits in every]
    local, whole = (
        functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        for logits in every
    )
    return (local + whole) / len(targets)

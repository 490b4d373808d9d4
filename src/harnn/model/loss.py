"""The training objective."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from harnn.model.network import HarnnOutput


def hybrid_loss(output: HarnnOutput, targets: Tensor) -> Tensor:
    """Local plus global binary cross-entropy against targets (B, C) of 0 and 1.

    Summed over labels and averaged over documents (equation 13 of the paper): averaging over
    labels would make a level matter less the more labels the taxonomy has.
    """
    local, whole = (
        functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        for logits in (output.local_logits, output.global_logits)
    )
    return (local + whole) / len(targets)

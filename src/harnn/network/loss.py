"""The training objective."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from harnn.network.constraint import MaxConstraint
from harnn.network.head import HarnnOutput

_LEAST = 1e-12
"""Below it a power under 1 has no finite slope."""


def hybrid_loss(
    output: HarnnOutput,
    targets: Tensor,
    *,
    focus: float = 0.0,
    constraint: MaxConstraint | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """Local plus global binary cross-entropy against targets (B, C) of 0 and 1.

    Summed over labels and averaged over documents (equation 13 of the paper): averaging over
    labels would make a level matter less the more labels the taxonomy has. With a *constraint* it
    is that of the constrained logits. A *focus* g above 0 multiplies the cross-entropy of each
    label by (1 - p)^g, p the score of what is true, so that training looks at what it does not
    know yet (focal loss: Lin et al., ICCV 2017, arXiv 1708.02002, equation 4). *weights* (C,)
    count labels as often as those that they stand for.
    """
    every = [output.local_logits, output.global_logits]
    if constraint is not None:
        every = [constraint.for_loss(logits, targets) for logits in every]
    local, whole = (_cross_entropy(logits, targets, focus, weights) for logits in every)
    return (local + whole) / len(targets)


def _cross_entropy(logits: Tensor, targets: Tensor, focus: float, weights: Tensor | None) -> Tensor:
    if not focus:
        return functional.binary_cross_entropy_with_logits(
            logits, targets, weight=weights, reduction="sum"
        )
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    losses = (-torch.expm1(-losses)).clamp(min=_LEAST) ** focus * losses
    return (losses if weights is None else losses * weights).sum()

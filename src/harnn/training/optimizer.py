"""What moves the weights of a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from harnn.branches.network.scoring import Network
from harnn.config import TrainingConfig


def usual_groups(network: Network, config: TrainingConfig) -> list[dict[str, Any]]:
    """Return the parameters that learn; word vectors, biases and gains are not decayed."""
    decayed: list[Tensor] = []
    free: list[Tensor] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (decayed if parameter.ndim > 1 and "embedding" not in name else free).append(parameter)
    return [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]


def build_optimizer(groups: list[dict[str, Any]], config: TrainingConfig) -> torch.optim.Optimizer:
    """Return AdamW for groups of parameters."""
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)

"""The moment at which a network in training stands, as tensors by name and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harnn.training.checkpoint import (
    Checkpoint,
    pack_optimizer,
    set_random_state,
    unpack_optimizer,
)
from harnn.training.running_average import RunningAverage


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Return the random states of a device and of this process."""
    found = {"random/cpu": torch.random.get_rng_state()}
    if device.type == "cuda":
        found["random/cuda"] = torch.cuda.get_rng_state(device)
    return found


def pack_moment(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
    best: dict[str, Tensor],
    device: torch.device,
) -> dict[str, Tensor]:
    """Return all tensors that go on from there; best: weights of the best epoch so far."""
    tensors = {f"weights/{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"best/{k}": v for k, v in best.items()}
    tensors |= {f"average/{number:04}": v for number, v in enumerate(average.tensors)}
    return tensors | pack_optimizer(optimizer) | random_state(device)


def unpack_moment(
    moment: Checkpoint,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
    device: torch.device,
) -> dict[str, Tensor]:
    """Go back to a moment, and return the weights of the best epoch before it.

    Raises:
        BundleError: its random states are none.
    """
    network.load_state_dict(moment.part("weights"))
    average.tensors = [x.to(device) for _, x in sorted(moment.part("average").items())]
    unpack_optimizer(optimizer, moment.part("optimizer"))
    set_random_state(moment, device)
    return moment.part("best")

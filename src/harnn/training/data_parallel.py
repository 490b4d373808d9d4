"""Each rank with the whole network and a share of the documents, by Lightning Fabric."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.single_device import SingleDeviceStrategy
from lightning_fabric.strategies.strategy import Strategy
from torch import nn

from harnn.network import HarnnNetwork, rows_of_batch
from harnn.training.ranks import Ranks, Share


def strategy_of(ranks: Ranks, device: str, *, sums_gradients: bool) -> Strategy | str:
    """Return Fabric's strategy: each rank has a network on its one device.

    sums_gradients: whether gradients of all ranks are summed by it.
    """
    if ranks.alone:
        return "auto"
    if not sums_gradients:
        return SingleDeviceStrategy(torch.device(device))
    return DDPStrategy(
        parallel_devices=[torch.device(device)],
        cluster_environment=_Started(ranks),
        find_unused_parameters=True,  # the last level tells no other where to look
        gradient_as_bucket_view=True,
    )


@contextmanager
def dropping_as_one(
    network: nn.Module, part: slice, own: Share, ranks: Ranks, step: list[int]
) -> Iterator[None]:
    """Drop what one process would drop of our own documents of a part, where that can be known.

    On a GPU, and in an encoder's own attention, each rank draws for itself: rank 0 from the state
    that is kept, the others from the *step*, a seed and a number.
    """
    if isinstance(network, HarnnNetwork) and next(network.parameters()).device.type == "cpu":
        first = part.start
        with rows_of_batch(own.start - first, own.stop - first, part.stop - first):
            yield
        return
    if not ranks.leads:
        seed, number = step
        drawn = [seed, ranks.number, number, part.start]
        torch.manual_seed(int(np.random.SeedSequence(drawn).generate_state(1)[0]))
    yield


class _Started(ClusterEnvironment):
    """Processes that are there and have found each other."""

    creates_processes_externally = True
    main_address = ""
    main_port = 0

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self._ranks = ranks

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self._ranks.count

    def set_world_size(self, size: int) -> None:
        """It is known."""

    def global_rank(self) -> int:
        return self._ranks.number

    def set_global_rank(self, rank: int) -> None:
        """It is known."""

    def local_rank(self) -> int:
        return 0  # among the devices of this process, which has one

    def node_rank(self) -> int:
        return self._ranks.number

"""What Fabric is told of processes that share a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy

if TYPE_CHECKING:
    from harnn.training.ranks import Ranks


def strategy_of(ranks: Ranks, device: str) -> DDPStrategy:
    """Return Fabric's strategy: each rank has the whole network on its one device."""
    return DDPStrategy(
        parallel_devices=[torch.device(device)],
        cluster_environment=_Started(ranks),
        find_unused_parameters=True,  # the last level tells no other where to look
        gradient_as_bucket_view=True,
    )


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

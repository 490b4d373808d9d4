"""What rank 0 sends the others to train a network together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch

from harnn.branches.network.scoring import Network
from harnn.config import TrainingConfig
from harnn.network import HarnnNetwork, NetworkShape, tune_process
from harnn.taxonomy import Taxonomy
from harnn.training.ranks import Ranks
from harnn.training.shared_heads import SharedHeads


class Follower(Protocol):
    """A trainer of a rank that does not lead."""

    def follow(self, *, stopped: Callable[[], bool]) -> None:
        """Train as rank 0 does."""


class DocumentsOrder(NamedTuple):
    """To compute some documents of every batch."""

    trainer: Callable[..., Follower]
    """Makes one of a network, a taxonomy and settings."""
    network: Network
    taxonomy: Taxonomy
    config: TrainingConfig
    groups: list[dict[str, Any]]
    """Of the network's own parameters, also when both were sent."""

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Train it as rank 0 does.

        Raises:
            as :meth:`harnn.training.loop.Trainer.follow`.
        """
        tune_process(self.config.threads)
        given = (self.network, self.taxonomy, self.config)
        self.trainer(*given, groups=self.groups, ranks=ranks).follow(stopped=stopped)


class LabelsOrder(NamedTuple):
    """To hold some labels and compute them for every batch; their weights are dealt later."""

    trainer: Callable[..., Follower]
    shape: NetworkShape
    fixed: tuple[str, ...]
    """Parameters that do not learn."""
    taxonomy: Taxonomy
    config: TrainingConfig
    validation_beam: int | None
    keeps: bool
    """Whether rank 0 writes checkpoints."""

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Train them as rank 0 does its own.

        Raises:
            as :meth:`harnn.training.loop.Trainer.follow`.
        """
        tune_process(self.config.threads)
        heads = SharedHeads(ranks, self.shape.level_sizes, keeps=self.keeps)
        with torch.device("meta"):  # without memory for all labels
            network = HarnnNetwork(self.shape)
        network.hold(heads.share)
        network = network.to_empty(device="cpu")
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name not in self.fixed)
        given = (network, self.taxonomy, self.config)
        beam = self.validation_beam
        self.trainer(*given, validation_beam=beam, ranks=ranks, heads=heads).follow(stopped=stopped)

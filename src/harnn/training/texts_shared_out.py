"""The batches of an encoder of whole texts shared out among the ranks of a training.

Reading, cutting and putting texts together by length stay in rank 0. A batch has the same vectors
whoever computes it with as many threads, so the result is that of one process to the bit.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from harnn.branches.text_vectors import BertEncoder, states_to_vectors, torch_threads
from harnn.network import Bert
from harnn.text import Batches, TextEncoder
from harnn.training.ranks import Ranks
from harnn.training.shares import all_shares, own_share
from harnn.training.task import Task

_AT_ONCE = 4
"""Batches that a rank computes between two questions whether to stop."""
_network: list[Bert] = []
"""In a rank that does not lead: the one that it computes with, if any."""


@contextmanager
def texts_shared_out(task: Task, encoder: TextEncoder) -> Iterator[TextEncoder]:
    """Yield an encoder that computes in all ranks; the one given where they have no share.

    They have one of encoders of the BERT family, which take most of a training.
    """
    if not task.ranks.have_cores or not isinstance(encoder, BertEncoder):
        yield encoder
        return
    threads = task.config.training.threads
    task.ranks.send(_Keep(copy.deepcopy(encoder.network).cpu(), task.config.training.device))

    def spread(batches: Batches, stopped: Callable[[], bool]) -> Iterator[NDArray[np.float32]]:
        order = _Batches(batches, encoder.files.pooling, encoder.record.layers, threads)
        own = partial(order.compute, encoder.network, task.ranks, stopped)
        yield from all_shares(task.ranks, order, batches, own)

    yield replace(encoder, spread=spread)
    task.ranks.send(_Keep(None))


@dataclass(frozen=True)
class _Keep:
    """The network that batches are computed with from now on; None: there are no more."""

    network: Bert | None
    device: str = "cpu"

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Keep it."""
        del stopped  # it takes no time
        _network[:] = [] if self.network is None else [self.network.to(ranks.device(self.device))]


@dataclass(frozen=True)
class _Batches:
    """Token ids that all compute, each its share."""

    batches: Sequence[NDArray[np.int64]]
    pooling: str
    layers: tuple[int, ...]
    threads: int

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Compute this rank's share, and give it to rank 0.

        Raises:
            InterruptedError: *stopped* said so in one of the ranks.
        """
        with torch_threads(self.threads), torch.inference_mode():
            ranks.give(self.compute(_network[0], ranks, stopped))

    def compute(
        self, network: Bert, ranks: Ranks, stopped: Callable[[], bool]
    ) -> list[NDArray[np.float32]]:
        """Return the vectors of this rank's batches."""
        return own_share(
            ranks,
            self.batches,
            lambda some: [
                states_to_vectors(network, self.pooling, self.layers, ids) for ids in some
            ],
            at_once=_AT_ONCE,
            stopped=stopped,
        )

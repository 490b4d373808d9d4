"""Steps of a GPU that are recorded once for each shape of a batch, and started again as a whole.

A step of these networks is several hundred small kernels, and starting them one by one takes a CPU
three times as long as a GPU needs to compute them (docs/experiments.md). A CUDA graph starts all of
them in one call. What is recorded is the forward pass, the loss and the backward pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from harnn.branches.network.batch import Batch

_PLAIN = 2
"""Batches of a shape that are computed one kernel after the other before one is recorded: what
libraries choose and allocate when they first meet a shape must not be part of the record."""
Learn = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From token ids, lengths and targets to the loss, whose gradients are added to those there are."""


class _Record(NamedTuple):
    graph: Any
    inputs: tuple[Tensor, Tensor, Tensor]
    """That it reads: token ids, lengths, targets."""
    loss: Tensor
    """That it writes."""


class Recorder:
    """Computes gradients of whole batches on one GPU; they stay in the same memory for good."""

    def __init__(self, learn: Learn, parameters: Sequence[nn.Parameter]) -> None:
        """learn: asks nothing that waits for the GPU. parameters: those that learn."""
        self._learn = learn
        self._parameters = [x for x in parameters if x.requires_grad]
        self._device = self._parameters[0].device
        self._pool = torch.cuda.graph_pool_handle()
        self._met: Counter[tuple[int, ...]] = Counter()
        self._records: dict[tuple[int, ...], _Record] = {}

    def learn(self, batch: Batch) -> float:
        """Return the loss of a batch, whose gradients replace those that there were."""
        given, shape = (batch.token_ids, batch.lengths, batch.targets), tuple(batch.token_ids.shape)
        self._met[shape] += 1
        if shape not in self._records:
            there = [x.to(self._device) for x in given]
            if self._met[shape] <= _PLAIN:
                self._forget_gradients()
                return float(self._learn(*there))
            self._records[shape] = self._record(*there)
        record = self._records[shape]
        for tensor, new in zip(record.inputs, given, strict=True):
            tensor.copy_(new)
        record.graph.replay()
        return float(record.loss)

    def _record(self, *inputs: Tensor) -> _Record:
        graph = torch.cuda.CUDAGraph()
        # One pool for all: a record needs nothing of what another one left there.
        with torch.cuda.graph(graph, pool=self._pool):
            self._forget_gradients()
            loss = self._learn(*inputs)
        token_ids, lengths, targets = inputs
        return _Record(graph, (token_ids, lengths, targets), loss)

    def _forget_gradients(self) -> None:
        for parameter in self._parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        torch._foreach_zero_([x.grad for x in self._parameters if x.grad is not None])

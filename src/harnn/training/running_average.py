"""The running average of a network's weights, which is what a model keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class RunningAverage:
    """Of the parameters over the last steps, in their order; none where none is kept."""

    def __init__(self, network: nn.Module, epochs: float) -> None:
        """epochs: that it spans; 0: none is kept."""
        self._network, self._epochs = network, epochs
        self.tensors: list[Tensor] = []

    def update(self, step: int, steps_an_epoch: int) -> None:
        """Move it towards the parameters; step: from 0."""
        if not self._epochs:
            return
        now = [parameter.detach() for parameter in self._network.parameters()]
        if not self.tensors:
            self.tensors = [tensor.clone() for tensor in now]
            return
        # At first it spans no more than the steps there have been.
        span = min(self._epochs * steps_an_epoch, step / 2 + 1)
        torch._foreach_lerp_(self.tensors, now, 1 / max(span, 1))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put it in place of the parameters for a while."""
        parameters = [parameter.data for parameter in self._network.parameters()]
        kept = [tensor.clone() for tensor in parameters] if self.tensors else []
        for tensor, average in zip(parameters, self.tensors, strict=False):
            tensor.copy_(average)
        try:
            yield
        finally:
            for tensor, own in zip(parameters, kept, strict=False):
                tensor.copy_(own)

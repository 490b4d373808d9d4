"""Training on some of the labels, each of which stands for those left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class LevelSample(NamedTuple):
    """Some labels of one level."""

    columns: Tensor
    """(S,) int64 of 0..C_l, ascending."""
    weights: Tensor
    """(S,) how many labels each stands for, at least 1; C_l in all."""
    whole: Tensor | None = None
    """What all weights sum to, where these are some of a sample's; None: these are all."""

    def to(self, device: torch.device) -> LevelSample:
        whole = None if self.whole is None else self.whole.to(device)
        return LevelSample(self.columns.to(device), self.weights.to(device), whole)

    def importance(self) -> Tensor:
        """Return the weights as shares that sum to 1, of the whole sample."""
        return self.weights / (self.weights.sum() if self.whole is None else self.whole)


class LabelSample(NamedTuple):
    """Some labels of every level."""

    levels: tuple[LevelSample, ...]

    def to(self, device: torch.device) -> LabelSample:
        return LabelSample(tuple(level.to(device) for level in self.levels))

    def columns(self, level_sizes: Sequence[int]) -> Tensor:
        """Return the columns (S,) in level-major order, given the labels of each level."""
        starts = [sum(level_sizes[:number]) for number in range(len(level_sizes))]
        return torch.cat(
            [level.columns + start for level, start in zip(self.levels, starts, strict=True)]
        )

    @property
    def weights(self) -> Tensor:
        """(S,) of all levels."""
        return torch.cat([level.weights for level in self.levels])

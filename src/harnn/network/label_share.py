"""The labels of each level shared out among processes, and what crosses them.

Nearly all weights of a network with very many labels stand in rows for one label each. Where
several processes compute the same documents, each may hold the rows of some labels of every level:
the rest of the network is the same in all of them, and what they read from it and what they find
is summed over them (the column-parallel layers of Shoeybi et al. 2019, "Megatron-LM", arXiv
1909.08053, section 3). What one process computes is what all compute, but for the order of sums.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from harnn.network.sampling import LabelSample, LevelSample

_OF_A_LEVEL = re.compile(
    r"head\.levels\.(\d+)\.(?:attend\.labels|read_out|predict\.weight|predict\.bias)"
)
_OF_ALL_LEVELS = re.compile(r"head\.global_predict\.(?:weight|bias)")


class Exchange(Protocol):
    """Passes tensors of one shape between the processes; all must call it alike."""

    def add_up(self, x: Tensor) -> Tensor:
        """Return the sum over processes, the same bits in all of them."""

    def highest(self, x: Tensor) -> Tensor:
        """Return the maximum over processes."""

    def gathered(self, x: Tensor) -> list[Tensor]:
        """Return those of all processes, in their order."""


class LevelShare(NamedTuple):
    """The labels of one level that a process holds."""

    label_count: int
    """C_l, of all processes."""
    part: slice
    """Of 0..C_l."""
    exchange: Exchange

    def sampled(self, sample: LevelSample) -> LevelSample:
        """Return those of a sample that are held, as important as in the whole of it."""
        first, last = torch.searchsorted(
            sample.columns, sample.columns.new_tensor([self.part.start, self.part.stop])
        ).tolist()
        columns, weights = sample.columns[first:last], sample.weights[first:last]
        return LevelSample(columns - self.part.start, weights, sample.weights.sum())

    def best(self, scores: Tensor, width: int) -> Tensor:
        """Return the columns (B, K) in 0..C_l of the best *width* labels of all processes.

        scores: (B, c) of those that are held.
        """
        own = scores.topk(min(width, scores.shape[1]), dim=1)
        room = (0, width - own.values.shape[1])
        values = functional.pad(own.values, room, value=float("-inf"))
        columns = functional.pad(own.indices + self.part.start, room)
        every = torch.cat(self.exchange.gathered(values), dim=1)
        found = every.topk(min(width, self.label_count), dim=1).indices
        return torch.cat(self.exchange.gathered(columns), dim=1).gather(1, found)


@dataclass(frozen=True, eq=False)
class LabelShare:
    """The labels that process *number* of *count* holds: neighbours, as many of each level."""

    level_sizes: tuple[int, ...]
    """C_l of all labels."""
    number: int
    count: int
    exchange: Exchange

    def parts_of(self, number: int) -> tuple[slice, ...]:
        """Return the labels of each level, in 0..C_l, that a process holds."""
        return tuple(
            slice(number * size // self.count, (number + 1) * size // self.count)
            for size in self.level_sizes
        )

    @property
    def levels(self) -> tuple[LevelShare, ...]:
        """What this process holds of each level."""
        parts = self.parts_of(self.number)
        pairs = zip(self.level_sizes, parts, strict=True)
        return tuple(LevelShare(size, part, self.exchange) for size, part in pairs)

    def slices_of(self, number: int) -> tuple[slice, ...]:
        """Return the same in level-major order, in 0..C."""
        starts = [sum(self.level_sizes[:level]) for level in range(len(self.level_sizes))]
        pairs = zip(starts, self.parts_of(number), strict=True)
        return tuple(slice(start + part.start, start + part.stop) for start, part in pairs)

    def sampled(self, sample: LabelSample) -> LabelSample:
        """Return those of a sample that this process holds."""
        pairs = zip(self.levels, sample.levels, strict=True)
        return LabelSample(tuple(own.sampled(each) for own, each in pairs))

    def rows(self, parameter: str, number: int) -> tuple[slice, ...] | None:
        """Return which rows of a network's parameter, by its name, a process holds.

        None: it has no rows for labels, and is the same in all processes.
        """
        if _OF_ALL_LEVELS.fullmatch(parameter):
            return self.slices_of(number)
        found = _OF_A_LEVEL.fullmatch(parameter)
        return None if found is None else (self.parts_of(number)[int(found[1])],)


def enter(x: Tensor, exchange: Exchange | None) -> Tensor:
    """Hand what all processes have alike to what each does with its own labels.

    The gradient is the sum over processes. None: one process has all labels, as below.
    """
    return x if exchange is None else _Enter.apply(x, exchange)  # type: ignore[no-untyped-call]


def total(x: Tensor, exchange: Exchange | None) -> Tensor:
    """Return the sum over processes, for what all of them compute alike."""
    return x if exchange is None else _Total.apply(x, exchange)  # type: ignore[no-untyped-call]


def softmax_over_labels(x: Tensor, exchange: Exchange | None) -> Tensor:
    """Return the softmax of x (B, c) over the labels of all processes, for those held here."""
    if exchange is None:
        return torch.softmax(x, dim=1)
    # A process may hold no label.
    own = functional.pad(x.detach(), (0, 1), value=float("-inf")).amax(dim=1, keepdim=True)
    powers = torch.exp(x - exchange.highest(own))
    return powers / enter(total(powers.sum(dim=1, keepdim=True), exchange), exchange)


class _Enter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, exchange: Exchange) -> Tensor:
        ctx.exchange = exchange
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (of_x,) = gradients
        wide = of_x.to(torch.promote_types(of_x.dtype, torch.float32))
        exchange: Exchange = ctx.exchange
        return exchange.add_up(wide).to(of_x.dtype), None


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, exchange: Exchange) -> Tensor:  # noqa: ARG004
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        return exchange.add_up(wide).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return gradients[0], None

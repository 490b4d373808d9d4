"""Dropout that draws 16 bits for a decision instead of a floating-point number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = 1 << 16


class _Rows(NamedTuple):
    start: int
    stop: int
    whole: int


_rows: ContextVar[_Rows | None] = ContextVar("rows of a batch", default=None)


@contextmanager
def rows_of_batch(start: int, stop: int, count: int) -> Iterator[None]:
    """Drop as if all *count* rows were here, of which those from *start* to *stop* are.

    Whoever computes a share of a batch so draws what one process would draw for these rows, and
    leaves the same random state behind. On a CPU; what is dropped from has one row for each.
    """
    token = _rows.set(_Rows(start, stop, count))
    try:
        yield
    finally:
        _rows.reset(token)


class Dropout(nn.Module):
    """Drop each number with a probability, and scale the others so that the mean stays.

    On a CPU torch draws a double for each decision in one thread: 18% of the training time of
    this network. Here one draw of 64 bits makes four, so the probability is rounded to 1/65,536.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    @property
    def p(self) -> float:
        """The probability as :class:`torch.nn.Dropout` calls it, for who asks that."""
        return self.probability

    def extra_repr(self) -> str:
        return f"probability={self.probability}"

    def forward(self, x: Tensor) -> Tensor:
        dropped = round(self.probability * _STEPS)
        if not self.training or dropped == 0 or x.numel() == 0:
            return x
        if x.device.type != "cpu" or dropped >= _STEPS:
            return functional.dropout(x, self.probability, training=True)
        rows = _rows.get()
        shape = x.shape if rows is None else (rows.whole, *x.shape[1:])
        count = math.prod(shape)
        draws = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
        drawn = draws.view(torch.int16)[:count].view(shape)
        if rows is not None:
            drawn = drawn[rows.start : rows.stop]
        kept = drawn >= dropped - _STEPS // 2
        return x * kept.to(x.dtype).mul_(_STEPS / (_STEPS - dropped))

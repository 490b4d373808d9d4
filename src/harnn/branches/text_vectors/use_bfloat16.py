"""The Universal Sentence Encoder with most of its products in bfloat16, by PyTorch.

Only the second convolutions, and on processors that multiply bfloat16 natively: 1.5 times as fast
as NumPy, and vectors differ by an angle whose cosine is .99999 at least (docs/experiments.md).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from harnn.text import Convolve, EncoderRecord, UseEncoder, UseNetwork, never

_ROWS = 128
"""Products have multiples of so many rows: the library compiles its code once for each size."""


@functools.cache
def bfloat16_products(network: UseNetwork) -> Convolve:
    """Return what computes a network's second convolutions, each in the threads of the caller."""
    transposed = [torch.from_numpy(x.T).bfloat16().contiguous() for x in network.second]

    def convolve(window: int, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        weights, size = transposed[window], rows.shape[1]
        n = weights.shape[1] // size
        count = len(rows) - n + 1
        whole = -(-count // _ROWS) * _ROWS
        h = torch.zeros(whole + n - 1, size, dtype=torch.bfloat16)
        h[: len(rows)] = torch.from_numpy(rows)
        read = h.as_strided((whole, n * size), (size, 1)).contiguous()
        found = torch.nn.functional.linear(read, weights)[:count].float()
        return found.numpy()

    return convolve


@dataclass(frozen=True, eq=False)
class Bfloat16UseEncoder:
    """A sentence encoder whose texts are divided among threads, each with products of its own."""

    plain: UseEncoder

    @classmethod
    def open(cls) -> Self:
        """See :meth:`harnn.text.UseEncoder.open`."""
        return cls(replace(UseEncoder.open(), products=bfloat16_products))

    @property
    def record(self) -> EncoderRecord:
        return replace(self.plain.record, bfloat16=True)

    @property
    def languages(self) -> tuple[str, ...]:
        return self.plain.languages

    def encode(
        self, texts: Iterable[str], *, threads: int = 0, stopped: Callable[[], bool] = never
    ) -> NDArray[np.float32]:
        """See :func:`harnn.text.embed_texts`."""
        with _one_thread_each():
            return self.plain.encode(texts, threads=threads, stopped=stopped)


class _ProductsOfOneThread:
    """Lets torch compute each product in one thread while any caller is at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callers = 0
        self._before = 1

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._callers:
                self._before = torch.get_num_threads()
            self._callers += 1
            before = self._before
        if before > 1:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if before > 1:
                torch.set_num_threads(before)
            with self._lock:
                self._callers -= 1


_one_thread_each = _ProductsOfOneThread()

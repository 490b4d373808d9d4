"""Which documents share a batch, and how far they are padded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harnn.corpus.views import Tokens

_BUCKETED_BATCHES = 40
_LENGTH_STEP = 16
"""Batches are padded to multiples of it: oneDNN keeps buffers for every shape it has met."""


def shuffled_batches(
    lengths: NDArray[np.int64], batch_size: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Divide all rows into batches of similar length, in random order.

    Rows are shuffled, sorted by length inside pools of some dozen batches, and the batches
    shuffled again: little padding, and still other batches in every epoch.
    """
    order = generator.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), batch_size * _BUCKETED_BATCHES):
        pool = order[start : start + batch_size * _BUCKETED_BATCHES]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


def ordered_batches(
    lengths: NDArray[np.int64], batch_size: int, *, max_tokens: int = 0
) -> list[NDArray[np.int64]]:
    """Divide all rows into batches of similar length, longest first.

    ``max_tokens`` above 0 bounds the padded tokens of a batch.
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        size = batch_size
        if max_tokens:
            size = max(1, min(size, max_tokens // _padded_length(lengths[order[start]])))
        batches.append(order[start : start + size])
        start += size
    return batches


def pad_tokens(
    tokens: Tokens, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the token ids (B, T) of *rows*, padded with 0, and how many (B,) are real."""
    lengths = tokens.lengths[rows]
    token_ids = np.zeros((len(rows), _padded_length(lengths.max(initial=0))), dtype=np.int64)
    for i, row in enumerate(rows):
        token_ids[i, : lengths[i]] = tokens.row(int(row))
    return token_ids, lengths


def _padded_length(longest: int) -> int:
    """Round up to full steps, one at least."""
    return max(1, -(-int(longest) // _LENGTH_STEP)) * _LENGTH_STEP

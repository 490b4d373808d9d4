"""Rows of an encoded corpus as tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harnn.corpus import Corpus, pad_tokens


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents as tensors, padded with 0 to at least the longest."""

    token_ids: Tensor
    """(B, T) int64."""
    lengths: Tensor
    """(B,) int64."""
    targets: Tensor
    """(B, C) float32 of 0 and 1, or of some labels."""


def make_batch(
    corpus: Corpus, rows: NDArray[np.int64], columns: NDArray[np.int64] | None = None
) -> Batch:
    """Pad *rows* of the corpus to tensors; the targets are those of all labels, or of *columns*."""
    token_ids, lengths = pad_tokens(corpus.tokens, rows)
    chosen = corpus.targets[rows] if columns is None else corpus.targets[rows][:, columns]
    targets = chosen.toarray().astype(np.float32)
    return Batch(torch.from_numpy(token_ids), torch.from_numpy(lengths), torch.from_numpy(targets))


def parts_of(documents: int, tokens: int, *, most: int) -> Iterator[slice]:
    """Yield documents of a batch that are read together; their gradients add up.

    most: tokens read between forward and backward pass.
    """
    most = max(1, most // max(tokens, 1))
    parts = -(-documents // most)  # of about the same size
    for number in range(parts):
        yield slice(number * documents // parts, (number + 1) * documents // parts)

"""From the scores of networks to their mean logits, whatever computes them; no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.corpus import Corpus

Network = TypeVar("Network")
_CERTAIN = 1e-6


def mean_logits(
    score: Callable[[Network, Corpus], NDArray[np.float32]],
    networks: Sequence[Network],
    corpus: Corpus,
) -> NDArray[np.float32]:
    """Return the mean logits (N, C) of the networks, beside which one of them has its scores.

    score: returns the scores (N, C), 0 to 1, of a network.
    """
    total = np.zeros(0, dtype=np.float32)
    for number, network in enumerate(networks):
        scores = score(network, corpus)
        if not number:
            total = blank(scores.shape, np.float32)
            total[...] = 0
        for rows in row_blocks(*scores.shape):
            total[rows] += _logits(scores[rows])
        del scores  # before the next are computed
    total /= len(networks)
    return total


def _logits(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(scores, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float32)

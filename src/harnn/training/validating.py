"""What an epoch was worth, found by rank 0, or by all ranks where each holds some labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harnn.branches.network.scoring import Network, asking, score_corpus
from harnn.bundle import EpochRow
from harnn.corpus import Corpus
from harnn.network import Beam, HarnnNetwork
from harnn.training.ranks import Ranks
from harnn.training.shared_heads import SharedHeads


def validate(
    network: Network,
    valid: Corpus | None,
    measure: Callable[[NDArray[np.float32]], EpochRow],
    *,
    beam: Beam | None,
    ranks: Ranks,
    heads: SharedHeads | None,
    stopped: Callable[[], bool],
) -> EpochRow | None:
    """Return in all ranks what *measure* finds in the scores (N, C); None: a stop was asked for.

    valid: needed in rank 0, and in all where there are shared *heads*.

    Raises:
        InputError: there is no room for the scores; elsewhere LeaderFailedError.
    """
    shared: NDArray[np.float32] | None = None
    if heads is not None:
        assert valid is not None
        assert isinstance(network, HarnnNetwork)
        with ranks.together():
            try:
                shared = heads.score(network, valid, beam=beam, stopped=stopped)
            except InterruptedError:  # in all of them
                return None

    def measured() -> EpochRow | None:
        try:
            if shared is not None:
                return measure(shared)
            assert valid is not None
            with asking(network, stopped):
                scores = score_corpus(network, valid, beam=beam)
            return measure(scores)
        except InterruptedError:
            return None

    return ranks.share(measured)

"""Run a network over an encoded corpus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harnn.batch import EncodedCorpus, make_batch, ordered_batches
from harnn.model import HarnnNetwork

_TOKENS_AT_ONCE = 16_384


def score_corpus(
    network: HarnnNetwork,
    corpus: EncodedCorpus,
    *,
    batch_size: int = 128,
    advance: Callable[[int], None] = lambda _documents: None,
) -> NDArray[np.float32]:
    """Return the scores (N, C) of all documents, in the order of the corpus.

    Computed in float32, so that they do not depend on which documents share a batch;
    ``advance`` is told the number of documents done after each batch.
    """
    device = next(network.parameters()).device
    values = np.empty((len(corpus), network.shape.labels), dtype=np.float32)
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            for rows in ordered_batches(corpus.lengths, batch_size, max_tokens=_TOKENS_AT_ONCE):
                batch = make_batch(corpus, rows)
                output = network(batch.token_ids.to(device), batch.lengths.to(device))
                values[rows] = network.scores(output).cpu().numpy()
                advance(len(rows))
    finally:
        network.train(training)
    return values


def gather_attention(network: HarnnNetwork, token_ids: NDArray[Any]) -> tuple[Any, Any]:
    """Return the scores (C,) and the attention (C, T) of one document of T tokens."""
    device = next(network.parameters()).device
    length = len(token_ids)
    padded = np.zeros((1, max(1, length)), dtype=np.int64)
    padded[0, :length] = token_ids
    network.eval()
    with torch.inference_mode():
        output = network(
            torch.from_numpy(padded).to(device),
            torch.tensor([length], device=device),
            attention=True,
        )
        attention = torch.cat([level[0] for level in output.attention]).cpu().numpy()
        return network.scores(output)[0].cpu().numpy(), attention[:, :length]

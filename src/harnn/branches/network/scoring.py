"""Run a network over an encoded corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harnn._scratch import blank
from harnn.branches.network.batch import make_batch
from harnn.corpus import Corpus, ordered_batches
from harnn.network import (
    Beam,
    FrozenNetwork,
    HarnnNetwork,
    HarnnOutput,
    TransformerNetwork,
    at_once,
    exact_float32,
)

Network = HarnnNetwork | TransformerNetwork | FrozenNetwork
_DOCUMENTS = 128
"""Read at once on a CPU."""


def score_corpus(
    network: Network,
    corpus: Corpus,
    *,
    beam: Beam | None = None,
    bfloat16: bool = False,
) -> NDArray[np.float32]:
    """Return the scores (N, C) of all documents, in the order of the corpus.

    Computed in float32, so that they do not depend on which documents share a batch; in *bfloat16*
    they do in the third digit. With a *beam* only the labels in it look at the document.
    """
    scores = blank((len(corpus), network.shape.label_count), np.float32)

    def take(rows: NDArray[np.int64], found: Tensor) -> None:
        scores[rows] = found.cpu().numpy()

    each_batch(network, corpus, take, beam=beam, bfloat16=bfloat16)
    return scores


def each_batch(
    network: Network,
    corpus: Corpus,
    take: Callable[[NDArray[np.int64], Tensor], None],
    *,
    beam: Beam | None = None,
    bfloat16: bool = False,
) -> None:
    """Let *take* have the scores (B, C) of documents that are read together, with their rows."""
    device = next(network.parameters()).device
    documents, tokens = (at_once(x, device) for x in (_DOCUMENTS, network.tokens_at_once))
    with evaluating(network), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        for rows in ordered_batches(corpus.tokens.lengths, documents, max_tokens=tokens):
            take(rows, network.scores(_run(network, corpus, rows, beam=beam)))


def gather_attention(network: Network, corpus: Corpus, row: int) -> NDArray[np.float32]:
    """Return the attention (C, T) of all labels on the T tokens of one document."""
    with evaluating(network):
        output = _run(network, corpus, np.array([row]), attention=True)
        attention = torch.cat([level[0] for level in output.attention]).cpu()
        return np.asarray(attention[:, : len(corpus.tokens.row(row))], dtype=np.float32)


def _run(
    network: Network,
    corpus: Corpus,
    rows: NDArray[np.int64],
    *,
    attention: bool = False,
    beam: Beam | None = None,
) -> HarnnOutput:
    device = next(network.parameters()).device
    batch = make_batch(corpus, rows)
    output: HarnnOutput = network(
        batch.token_ids.to(device), batch.lengths.to(device), attention=attention, beam=beam
    )
    return output


@contextmanager
def evaluating(network: Network) -> Iterator[None]:
    """Switch dropout and gradients off, and dropout back to what it was."""
    training = network.training
    network.eval()
    try:
        with torch.inference_mode(), exact_float32():
            yield
    finally:
        network.train(training)


@contextmanager
def asking(network: Network, stopped: Callable[[], bool]) -> Iterator[None]:
    """Ask before each batch that the network reads whether to stop.

    Raises:
        InterruptedError: *stopped* said so.
    """

    def ask(*_: object) -> None:
        if stopped():
            raise InterruptedError

    hook = network.register_forward_pre_hook(ask)
    try:
        yield
    finally:
        hook.remove()

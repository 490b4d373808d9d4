"""Training of the network on sentence vectors: seconds, in memory, without checkpoints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from harnn.corpus import EncodedCorpus
from harnn.metrics import micro_auprc
from harnn.model import SentenceNetwork, SentenceShape
from harnn.training.schedule import rate_factor

_HIDDEN_SIZE = 1024
_BATCH_SIZE = 64
_EPOCHS = 25
_PATIENCE = 3
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 0.05
_WARMUP = 0.1
_ROWS_AT_ONCE = 4_096


def train_sentences(
    train: EncodedCorpus,
    valid: EncodedCorpus,
    *,
    seed: int,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[SentenceNetwork, float]:
    """Train on the sentence vectors of *train*.

    Returns the running average of the weights over one epoch, of the epoch that ranks the labels
    of *valid* best, and its micro-AUPRC.

    Raises:
        InterruptedError: *stopped* said so.
    """
    torch.manual_seed(seed)
    vectors = torch.from_numpy(train.sentences)
    shape = SentenceShape(
        input_size=vectors.shape[1], hidden_size=_HIDDEN_SIZE, labels=train.targets.shape[1]
    )
    network = SentenceNetwork(shape)
    network.set_label_priors(torch.from_numpy(train.label_priors))
    averaged = SentenceNetwork(shape).eval()
    averaged.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY, fused=True
    )
    steps_an_epoch = -(-len(train) // _BATCH_SIZE)
    factor = rate_factor("one-cycle", steps=steps_an_epoch * _EPOCHS, warmup=_WARMUP)
    generator = np.random.default_rng(seed)
    best, best_state, since_best, step = -1.0, averaged.state_dict(), 0, 0
    for _ in range(_EPOCHS):
        order = generator.permutation(len(train))
        for start in range(0, len(order), _BATCH_SIZE):
            if stopped():
                raise InterruptedError
            rows = order[start : start + _BATCH_SIZE]
            targets = torch.from_numpy(train.targets[rows].toarray().astype(np.float32))
            loss = functional.binary_cross_entropy_with_logits(
                network(vectors[rows]), targets, reduction="sum"
            )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss / len(rows))
            for group in optimizer.param_groups:
                group["lr"] = _LEARNING_RATE * factor(step)
            optimizer.step()
            step += 1
            share = 1 / min(steps_an_epoch, step / 2 + 1)
            with torch.no_grad():
                torch._foreach_lerp_(list(averaged.parameters()), list(network.parameters()), share)
        auprc = micro_auprc(sentence_logits(averaged, valid), valid.targets)
        since_best += 1
        if auprc > best:
            best, since_best = auprc, 0
            best_state = {k: v.clone() for k, v in averaged.state_dict().items()}
        if since_best >= _PATIENCE:
            break
    averaged.load_state_dict(best_state)
    return averaged, best


@torch.inference_mode()
def sentence_logits(network: SentenceNetwork, corpus: EncodedCorpus) -> NDArray[np.float32]:
    """Return the logits (N, C) of all documents, in the order of the corpus."""
    vectors = torch.from_numpy(corpus.sentences)
    parts = [network(part).numpy() for part in torch.split(vectors, _ROWS_AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros((0, network.shape.labels), np.float32)

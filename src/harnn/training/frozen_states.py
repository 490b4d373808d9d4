"""States of an encoder that does not learn: computed once, in the cache or else the checkpoint."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from harnn._display import counted
from harnn._scratch import blank
from harnn.branches.network.scoring import evaluating
from harnn.branches.transformer.encoder import EncoderFiles
from harnn.corpus import Arrays, Corpus, Tokens, check_vectors, ordered_batches, pad_tokens
from harnn.errors import ConfigError, Problem
from harnn.network import FrozenNetwork, TransformerNetwork, at_once
from harnn.training.events import Stage
from harnn.training.kept import Piece, kept
from harnn.training.process import choose_device, choose_precision
from harnn.training.task import Task

States = NDArray[np.float16]
_DOCUMENTS_AT_ONCE = 128


class Frozen(NamedTuple):
    """What trains a head on states."""

    network: FrozenNetwork
    train: Corpus
    """Its tokens are the numbers of states."""
    valid: Corpus


def freeze(
    task: Task, network: TransformerNetwork, files: EncoderFiles, train: Corpus, valid: Corpus
) -> Frozen:
    """Compute the states of all documents, or take them from where they are.

    train, valid: their tokens are the encoder's pieces.

    Raises:
        ConfigError: states are too large for float16.
        InterruptedError: a stop was asked for.
    """
    device = choose_device(task.config.training.device)
    network.to(device)
    parts, made = [], []
    start = 0
    for name, corpus in (("train", train), ("valid", valid)):
        counts = state_counts(corpus.tokens.lengths, network)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        parts.append(_states(task, network, files, name, corpus, offsets))
        numbers = np.arange(start, start + offsets[-1], dtype=np.int32)
        made.append(corpus.with_views({"tokens": Tokens(numbers, offsets, counts)}))
        start += int(offsets[-1])
    return Frozen(FrozenNetwork(network, parts), *made)


def state_counts(lengths: NDArray[np.int64], network: TransformerNetwork) -> NDArray[np.int64]:
    """Return (N,) how many states the head reads of documents of so many pieces."""
    shape = network.shape
    if shape.head == "mean":
        return np.ones_like(lengths)
    windows = np.maximum(1, -(-lengths // shape.room))
    return np.asarray(lengths + windows * shape.around, dtype=np.int64)


def _states(
    task: Task,
    network: TransformerNetwork,
    files: EncoderFiles,
    name: str,
    corpus: Corpus,
    offsets: NDArray[np.int64],
) -> States:
    """Return the states (M, D) of one split, those of document n from offsets[n] on."""
    size, cache = network.shape.hidden_size, task.reader.cache
    rows = (int(offsets[-1]), size)

    def make() -> Arrays:
        found = blank(rows, np.float16) if cache is None else cache.blank(rows, np.float16)
        _compute(task, network, name, corpus, offsets, found)
        return {"states": found}

    def unpack(piece: Piece) -> Arrays:
        check(piece.arrays)
        return piece.arrays

    check = partial(check_vectors, rows=rows[0], size=size, name="states", kind=np.float16)
    what = _made_from(task, network, files)
    if cache is not None:
        return task.reader.cached(task.splits[name], what, make, check=check)["states"]
    title = f"states of the {name} documents"  # in which everything else is the fingerprint's
    return kept(task, title, make, pack=Piece, unpack=unpack)["states"]


def _made_from(task: Task, network: TransformerNetwork, files: EncoderFiles) -> list[Any]:
    """Return what states depend on beside the documents."""
    shape = network.shape
    device, precision = _computed_on(task)
    tokenizer = hashlib.sha256(files.tokenizer.encode()).hexdigest()
    cut = [shape.tokens, shape.windows, shape.before, shape.after, shape.padding_id]
    weights = files.sha256 if task.old is None else task.old.hash
    encoder = [weights, dict(files.config), tokenizer]
    return ["states", encoder, cut, shape.head == "mean", device, precision]


def _computed_on(task: Task) -> tuple[str, str]:
    training = task.config.training
    device = choose_device(training.device)
    return device.partition(":")[0], choose_precision(training.precision, device)


def _compute(
    task: Task,
    network: TransformerNetwork,
    name: str,
    corpus: Corpus,
    offsets: NDArray[np.int64],
    found: States,
) -> None:
    """Fill the states (M, D) in.

    Raises:
        ConfigError: they are too large for float16.
        InterruptedError: a stop was asked for.
    """
    started = time.perf_counter()
    device, precision = _computed_on(task)
    place, lengths = next(network.parameters()).device, corpus.tokens.lengths
    rounds = precision != "32-true"
    with evaluating(network), torch.autocast(device, torch.bfloat16, enabled=rounds):
        most = [at_once(x, place) for x in (_DOCUMENTS_AT_ONCE, network.tokens_at_once)]
        for rows in ordered_batches(lengths, most[0], max_tokens=most[1]):
            if task.stopped():
                raise InterruptedError
            pieces = (torch.from_numpy(x).to(place) for x in pad_tokens(corpus.tokens, rows))
            values = network.encode_once(*pieces).values.half().cpu().numpy()
            if not bool(np.isfinite(values).all()):
                what = "the states of this encoder are no numbers that float16 holds."
                hint = "Let a layer learn: then its states are not kept."
                raise ConfigError(Problem("transformer.frozen_layers", what, hint))
            at = 0
            for start, end in zip(offsets[rows], offsets[rows + 1], strict=True):
                found[start:end] = values[at : at + end - start]
                at += end - start
    seconds = time.perf_counter() - started
    size = f"{counted(len(found), 'state')}, {found.nbytes / 1e6:,.0f} MB"
    task.listener(Stage(f"{name}: {size}, computed in {seconds:,.0f} s"))

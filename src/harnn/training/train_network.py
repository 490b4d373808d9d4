"""Train the networks of a model, one after the other, with checkpoints."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping

import torch

from harnn.branches.network import NetworkBranch
from harnn.bundle import History
from harnn.errors import ConfigError, Problem
from harnn.network import HarnnNetwork, NetworkShape
from harnn.text import WordVectors
from harnn.training.checkpoint import Checkpoint
from harnn.training.events import BranchStarted, Stage
from harnn.training.loop import Trainer
from harnn.training.plan import resolve_training, shares_labels
from harnn.training.shared_heads import SharedHeads
from harnn.training.task import Task, TrainedBranch
from harnn.training.word_vectors import word_vectors


def train_network(task: Task) -> TrainedBranch:
    """Train networks alike but for the seed; the history is the first one's.

    Raises:
        TrainingInterrupted: a stop was asked for; the checkpoint is written.
        InterruptedError: it was, before the first step.
        VectorsError: there are no such word vectors.
        ConfigError: the training diverged, or other networks of it started from something else.
    """
    config, members = task.config, _members(task)
    networks: list[HarnnNetwork] = []
    histories: list[History] = []
    first, start = task.checkpoints.of(0), None
    contents = {} if first is None else first.state.get("contents", {})
    with torch.random.fork_rng():
        for number in range(members):
            torch.manual_seed(config.training.seed + number)
            if task.old is None and task.checkpoints.of(number) is None and start is None:
                start = word_vectors(task)
                _check_contents(task, contents, start.contents)
                contents = start.contents
            trainer = _prepare(task, number, start.vectors if start else None, contents)
            if members > 1:
                task.listener(Stage(f"network {number + 1} of {members}"))
            name = f"network-{number + 1}" if members > 1 else "network"
            task.listener(BranchStarted(name))
            history = trainer.train(task.train.corpus, task.valid.corpus, stopped=task.stopped)
            histories.append(history)
            networks.append(trainer.network.eval())

    def to_memory() -> None:
        for network in networks:
            network.cpu()

    return TrainedBranch(
        branch=NetworkBranch(tuple(networks)),
        stopped_at=trainer.stopped_at,
        finish=to_memory,
        summary=_summary(task, histories[0], at_random=bool(start and start.vectors is None)),
        history=histories[0],
        coverage=start.vectors.coverage if start and start.vectors else None,
        contents=contents,
    )


def _check_contents(task: Task, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raises:
    ConfigError: the networks of a stopped run started from something else.
    """
    if before and before != now:
        what = "the first networks were trained with other word vectors or unlabelled documents."
        hint = "Resume with the same ones, or train without --resume."
        raise ConfigError(Problem(str(task.checkpoints.directory), what, hint))


def _prepare(
    task: Task, number: int, vectors: WordVectors | None, contents: Mapping[str, str]
) -> Trainer[HarnnNetwork]:
    config, checkpoint = task.config, task.checkpoints.of(number)
    if task.old is None:
        network = _build(task, vectors, checkpoint)
        network.set_label_priors(torch.from_numpy(task.train.corpus.label_priors))
    else:
        network = copy.deepcopy(_old_networks(task)[number])
    network.embedding.weight.requires_grad_(not config.text.freeze_vectors)
    training = task.pace(resolve_training(config.training, task.facts))
    place, ranks, heads = task.checkpoints.place(number), task.ranks, None
    if not ranks.alone and shares_labels(config, len(task.taxonomy)):
        heads = SharedHeads(ranks, network.shape.level_sizes, keeps=place is not None)
        what = f"each of {ranks.count:,} processes holds some of {len(task.taxonomy):,} labels"
        task.listener(Stage(what))
    trainer = Trainer(
        network,
        task.taxonomy,
        dataclasses.replace(
            training, seed=config.training.seed + number, negatives=task.plan.negatives
        ),
        validation_beam=task.plan.validation_beam,
        listener=task.listener,
        checkpoint_directory=place,
        fingerprint=task.fingerprint,
        contents=contents,
        ranks=ranks,
        heads=heads,
        selection=task.selection,
    )
    if checkpoint is not None:
        trainer.restore(checkpoint)
    device, precision = trainer.fabric.device.type, trainer.fabric._precision.precision
    task.listener(Stage(f"training on {device}, precision {precision}"))
    return trainer


def _build(task: Task, vectors: WordVectors | None, checkpoint: Checkpoint | None) -> HarnnNetwork:
    model, hierarchy = task.config.model, task.taxonomy.hierarchy
    embedding_size = model.embedding_size
    if vectors is not None:
        embedding_size = vectors.matrix.shape[1]
    elif checkpoint is not None:
        embedding_size = checkpoint.embedding_size
    network = HarnnNetwork(
        NetworkShape(
            mode=model.mode,
            vocabulary_size=len(task.tokenizer.words),
            embedding_size=embedding_size,
            lstm_size=model.lstm_size,
            attention_size=model.attention_size,
            fc_size=model.fc_size,
            level_sizes=hierarchy.level_sizes,
            dropout=model.dropout,
            embedding_dropout=model.embedding_dropout,
            alpha=model.alpha,
            encoder=model.encoder,
            max_constraint=model.max_constraint,
        ),
        hierarchy,
    )
    if vectors is not None:
        network.set_word_vectors(torch.from_numpy(vectors.matrix))
    return network


def _old_networks(task: Task) -> tuple[HarnnNetwork, ...]:
    """Return the networks that are gone on from."""
    assert task.old is not None
    branch = task.old.find(NetworkBranch)
    assert branch is not None
    return branch.networks


def _members(task: Task) -> int:
    """Count the networks that are trained."""
    return task.config.model.members if task.old is None else len(_old_networks(task))


def _summary(task: Task, history: History, *, at_random: bool) -> str:
    config, members = task.config, _members(task)
    best = history.best(config.training.score)
    kind = "random" if at_random else "of the old model" if task.old else config.text.vectors
    first = "the first with " if members > 1 else ""
    return (
        f"{members} network{'s' if members > 1 else ''}, {first}epoch "
        f"{best.epoch if best else 0} of {len(history.rows)}; "
        f"{len(task.tokenizer.words):,} words, word vectors: {kind}; "
        f"{task.train.corpus.truncated:,} documents cut at {task.tokenizer.max_length} words"
    )

"""Train the branch on vectors of documents that somebody brings: seconds, in memory."""

from __future__ import annotations

import dataclasses
import time
from functools import partial

import torch

from harnn.branches.document_vectors import DocumentVectorsBranch
from harnn.branches.text_vectors import (
    PlainTextVectorsBranch,
    TextVectorNetwork,
    TextVectorsBranch,
)
from harnn.corpus.document_vectors import DocumentVectors
from harnn.training.events import BranchScored, Stage
from harnn.training.kept_branch import kept_branch
from harnn.training.task import Task, TrainedBranch
from harnn.training.train_text_vectors import THOROUGH, effort_of, network_of, train_on_vectors


def train_document_vectors(task: Task) -> TrainedBranch:
    """Train a network on the vectors, or take it from the checkpoint.

    Raises:
        InterruptedError: a stop was asked for.
    """
    vectors = task.document_vectors
    assert vectors is not None
    trained = kept_branch(task, "document_vectors", partial(_train, task, vectors))
    branch = trained.branch
    assert isinstance(branch, DocumentVectorsBranch)
    return dataclasses.replace(trained, branch=branch.with_vectors(vectors))


def _start(task: Task, vectors: DocumentVectors) -> TextVectorNetwork | None:
    """Return the network that is gone on from; None: a new one.

    Raises:
        ConfigError: it reads vectors of another size.
    """
    if task.old is None:
        return None
    branch = task.old.branch("document_vectors")
    assert isinstance(branch, DocumentVectorsBranch)
    inner = branch.with_vectors(vectors).inner
    assert isinstance(inner, TextVectorsBranch | PlainTextVectorsBranch)
    return network_of(inner)


def _train(task: Task, vectors: DocumentVectors) -> TrainedBranch:
    started = time.perf_counter()
    train, valid = (
        split.corpus.with_views({"text_vectors": vectors.of(split.corpus.ids)})
        for split in task.splits.values()
    )
    with torch.random.fork_rng():
        inner, auprc = train_on_vectors(
            train,
            valid,
            None,
            seed=task.config.training.seed,
            effort=effort_of(task, THOROUGH),
            stopped=task.stopped,
            start=_start(task, vectors),
        )
    seconds = time.perf_counter() - started
    what = f"branch on vectors of documents: validation AUPRC {auprc:.4f}, {seconds:.0f} s"
    task.listener(Stage(what))
    task.listener(BranchScored("document_vectors", auprc, seconds))
    return TrainedBranch(
        branch=DocumentVectorsBranch(inner, vectors.size, vectors.sha256),
        summary=f"a network on vectors of documents, of {vectors.size:,} numbers, that were "
        f"brought (SHA-256 {vectors.sha256[:12]})",
    )

"""Train the linear branch: seconds; kept when it is finished."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from functools import partial

from scipy.sparse import csr_array, vstack

from harnn.branches import Branch
from harnn.branches.linear import LinearBranch
from harnn.corpus import Corpus
from harnn.metrics import micro_auprc
from harnn.training.events import Stage
from harnn.training.kept_branch import kept_branch
from harnn.training.plan import linear_costs
from harnn.training.process import interruptible
from harnn.training.support_vectors import train_classifier
from harnn.training.task import Task, TrainedBranch


def train_linear(task: Task) -> TrainedBranch:
    """Return the branch from the checkpoint, or train it.

    Raises:
        InterruptedError: a stop was asked for.
    """
    known = task.valid.corpus.views["ngrams"].shape[1]

    def check(branch: Branch) -> str:
        found = len(branch.features) if isinstance(branch, LinearBranch) else 0
        return "" if found == known else f"it reads {found:,} n-grams, expected {known:,}"

    names = hashlib.sha256(json.dumps(task.taxonomy.names).encode()).hexdigest()
    trained = kept_branch(task, "linear", partial(_train, task), check=check, of=names)
    if task.ngrams is not None:
        task.ngrams.drop()
    return trained


def _train(task: Task) -> TrainedBranch:
    """Train on the documents and on the labels' names, each as one more document of its label.

    Of candidates that differ in the cost of errors the one that ranks the labels of the validation
    documents best is returned.

    Raises:
        InterruptedError: a stop was asked for.
    """
    started = time.perf_counter()
    valid = task.valid.corpus
    task.listener(Stage(f"training the linear branch for {len(task.taxonomy):,} labels"))
    best, highest = None, -1.0
    for branch in _candidates(task):
        auprc = interruptible(partial(_auprc, branch, valid), task.stopped)
        if best is None or auprc > highest:
            best, highest = branch, auprc
    assert best is not None
    size = f"{len(best.features):,} n-grams, {best.classifier.weights.nnz:,} weights"
    task.listener(
        Stage(
            f"linear branch: {size}, cost {best.cost}, "
            f"validation AUPRC {highest:.4f}, {time.perf_counter() - started:.0f} s"
        )
    )
    return TrainedBranch(branch=best, summary=f"a linear branch: {size}")


def _auprc(branch: LinearBranch, valid: Corpus) -> float:
    return micro_auprc(branch.logits(valid), valid.targets)


def _candidates(task: Task) -> Iterator[LinearBranch]:
    """Yield branches that differ in the cost of errors.

    Where it takes but seconds there is one that follows the documents closely and one that allows
    more errors. Which is better depends on how well the labels can be told from the words; only
    held-out documents say.
    """
    assert task.ngrams is not None
    features, vectors = task.ngrams.take()
    hierarchy = task.taxonomy.hierarchy
    targets = csr_array(vstack([task.train.corpus.targets, hierarchy.closure], format="csr"))
    for cost in linear_costs(vectors.nnz, targets.shape[1]):
        classifier = train_classifier(
            vectors,
            targets,
            hierarchy,
            cost=cost,
            seed=task.config.training.seed,
            stopped=task.stopped,
        )
        yield LinearBranch(features, classifier, cost)

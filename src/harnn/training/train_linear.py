"""Train the linear branch: seconds; kept when it is finished."""

from __future__ import annotations

import hashlib
import json
import time
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn.branches import Branch
from harnn.branches.linear import LinearBranch, LinearClassifier
from harnn.metrics import micro_auprc
from harnn.training.events import BranchScored, Stage
from harnn.training.kept_branch import kept_branch
from harnn.training.labels_shared_out import labels_shared_out
from harnn.training.plan import LINEAR_COSTS, tried_labels
from harnn.training.process import interruptible
from harnn.training.support_vectors import OrderedDocuments, Spread, train_classifier
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

    Of classifiers that differ in the cost of errors the one that ranks the labels of the validation
    documents best is returned. Which cost is best depends on how well labels can be told from the
    words; only held-out documents say. Where labels are many, a part of them decides.

    Going on from a model its cost is taken. The problem is convex: on all documents it is solved
    again, and where some are given the weights nearest to the old ones are found.

    Raises:
        InterruptedError: a stop was asked for.
    """
    started = time.perf_counter()
    taxonomy, training = task.taxonomy, task.config.training
    old = None if task.old is None else task.old.find(LinearBranch)
    near = old.classifier if old is not None and task.goes_on_alone else None
    how = ", near the old weights" if near is not None else ""
    task.listener(Stage(f"training the linear branch for {len(taxonomy):,} labels{how}"))
    assert task.ngrams is not None
    features, vectors = task.ngrams.take()
    entries = vectors.nnz
    documents = interruptible(partial(OrderedDocuments.of, vectors, taken=True), task.stopped)
    del vectors  # what was taken is overwritten
    targets = csr_array(
        vstack([task.train.corpus.targets, taxonomy.hierarchy.closure], format="csr")
    )

    def train(
        cost: float, labels: NDArray[np.int64], spread: Spread | None
    ) -> tuple[LinearClassifier, float]:
        """Return the classifier of some labels, and how well it ranks them."""
        whole = len(labels) == len(taxonomy)
        classifier = train_classifier(
            documents,
            targets if whole else targets[:, labels],
            taxonomy.hierarchy if whole else None,
            cost=cost,
            seed=training.seed,
            threads=training.threads,
            stopped=task.stopped,
            near=near,
            spread=spread,
        )
        valid = task.valid.corpus
        true = valid.targets if whole else valid.targets[:, labels]

        def judge() -> float:
            return micro_auprc(classifier.margins(valid.views["ngrams"]), true)

        return classifier, interruptible(judge, task.stopped)

    every = np.arange(len(taxonomy))
    part = part_of_labels(
        task.train.corpus.label_counts,
        task.valid.corpus.label_counts,
        tried_labels(entries, len(taxonomy)),
    )
    costs, part = (LINEAR_COSTS, part) if old is None else ((old.cost,), every)
    with labels_shared_out(task) as spread:
        tried = {cost: train(cost, part, spread) for cost in costs}
        cost = max(tried, key=lambda cost: tried[cost][1])  # of equal ones the first
        classifier, auprc = tried[cost] if len(part) == len(every) else train(cost, every, spread)
    size = f"{len(features):,} n-grams, {classifier.weights.nnz:,} weights"
    seconds = time.perf_counter() - started
    what = f"linear branch: {size}, cost {cost}, validation AUPRC {auprc:.4f}, {seconds:.0f} s"
    task.listener(Stage(what))
    task.listener(BranchScored("linear", auprc, seconds))
    branch = LinearBranch(features, classifier, cost)
    return TrainedBranch(branch=branch, summary=f"a linear branch: {size}")


def part_of_labels(
    train: NDArray[np.int64], valid: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Return *size* labels, ascending, evenly from the frequent to the rare.

    train, valid: (C,) documents of each label. Labels of validation documents go first.
    """
    seen = valid > 0
    order = np.lexsort((-train, ~seen))[: max(size, np.count_nonzero(seen))]
    return np.sort(order[np.arange(size) * len(order) // size])

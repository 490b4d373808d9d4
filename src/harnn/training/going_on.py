"""What is different about a training that goes on from a model."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._display import counted
from harnn._optional import check_torch
from harnn.branches import Branch, Ensemble
from harnn.branches.document_vectors import DocumentVectorsBranch
from harnn.branches.document_vectors.bringing import with_document_vectors
from harnn.branches.linear import LinearBranch
from harnn.bundle import Bundle, Provenance, ProvenanceStep
from harnn.config import Config, DecodeConfig
from harnn.corpus import Corpus, NgramsView, View, content_hash, encode_corpus
from harnn.data import CorrectedDocuments, Documents, labelled_documents
from harnn.decode import Decoder, Scores
from harnn.errors import ConfigError, Problem
from harnn.evaluation import Changes, CorrectedAnswers, answers_of, judge_corrected
from harnn.taxonomy import Taxonomy
from harnn.training.checkpoint import Checkpoints
from harnn.training.events import Stage
from harnn.training.holding_out import Given
from harnn.training.old_model import OldModel, check_unlabelled
from harnn.training.plan import TrainingFacts, trains_network
from harnn.training.reader import Reader, Split
from harnn.training.task import Handover, Task, TrainedBranch

BEFORE = "train_before"
"""The most documents of a training of those that a model went on from, where its own had fewer."""


def settle_start(
    old: OldModel | None, taxonomy: Taxonomy | None, config: Config | None, unlabelled: Documents
) -> tuple[Taxonomy, Config]:
    """Return taxonomy and settings as what is gone on from has them, or as they are given.

    Raises:
        ConfigError: there is no taxonomy, or settings contradict the old model.
        TaxonomyError: the taxonomy is another one.
        InputError: there is text for word vectors, which the old model has.
        MissingExtraError: the old model has networks, and PyTorch is not installed.
    """
    if old is None:
        if taxonomy is None:
            what = "got None, expected a taxonomy, or a model to go on from (init)."
            raise ConfigError(Problem("taxonomy", what))
        return taxonomy, config or Config()
    check_unlabelled(unlabelled)
    taxonomy, config = old.taxonomy(taxonomy), old.settings(config)
    if config.continuing.epochs and set(old.names) != {"linear"}:
        check_torch(f"Going on with the branches {', '.join(old.names)}")
    return taxonomy, config


def read_on(reader: Reader, given: Given, checkpoints: Checkpoints, old: OldModel) -> Task:
    """Read the documents with the words and n-grams of the old model, once each.

    Raises:
        DocumentError: documents cannot be read, have unknown labels, or there is none.
        InterruptedError: a stop was asked for.
    """
    tokenizer, linear = old.bundle.tokenizer, old.find(LinearBranch)
    views: dict[str, View] = {} if linear is None else {"ngrams": NgramsView(linear.features)}
    reader.listener(Stage(f"going on from {old.name}: its words, its branches, its weights"))
    train = reader.encode(given.train, "train", tokenizer, views)
    valid = reader.encode(given.valid, "valid", tokenizer, views)
    ngrams = None
    if linear is not None:
        names = linear.features.vectors(reader.taxonomy.names)
        vectors = vstack([train.corpus.views["ngrams"], names], format="csr")
        ngrams = Handover((linear.features, csr_array(vectors)))
        held = {name: view for name, view in train.corpus.views.items() if name != "ngrams"}
        train = dataclasses.replace(train, corpus=dataclasses.replace(train.corpus, views=held))
    facts = TrainingFacts(
        documents=len(train.corpus),
        tokens=len(train.corpus.tokens.ids) if "tokens" in train.corpus.views else 0,
        vocabulary=len(tokenizer.words),
        level_sizes=reader.taxonomy.hierarchy.level_sizes,
    )
    task = Task(
        reader,
        tokenizer,
        train,
        valid,
        facts,
        old.plan(reader.config, facts),
        ngrams,
        checkpoints,
        (),
        old,
        given.corrections,
    )
    _tell(task, old, train)
    return task


def _tell(task: Task, old: OldModel, train: Split) -> None:
    """Say what the old model lacks for these documents, and what it may forget."""
    if trains_network(task.config.model) and len(train.corpus.tokens.ids):
        unknown = np.count_nonzero(train.corpus.tokens.ids == task.tokenizer.unknown_id)
        share = unknown / len(train.corpus.tokens.ids)
        task.listener(Stage(f"train: {share:.1%} of the words are unknown to the model"))
    if task.goes_on_alone:
        task.listener(
            Stage(
                f"Warning: {counted(len(train.corpus), 'training document')}, where the model has "
                f"learned from {old.trained_on:,}: it may forget of those what these do not say. "
                "Give all of them to keep it."
            )
        )


def keep_branch(task: Task, name: str) -> TrainedBranch:
    """Return a branch of the old model as it is, with what it reads of the validation documents.

    Raises:
        InterruptedError: a stop was asked for.
    """
    assert task.old is not None
    branch: Branch = task.old.branch(name)
    if isinstance(branch, DocumentVectorsBranch) and task.document_vectors is not None:
        branch = branch.with_vectors(task.document_vectors)
    views = {
        name: task.reader.read(task.valid, view)
        for name, view in branch.reads.items()
        if view is not None and name not in task.valid.corpus.views
    }
    return TrainedBranch(branch=branch, summary=f"the branch {name} as it was", valid_views=views)


def label_counts_of(task: Task) -> NDArray[np.int64]:
    """Return (C,) from how many documents of each label, at least, the model has learned.

    Some of these may be among those that the old model knew, so they are not added up.
    """
    counts = task.train.corpus.label_counts
    if task.old is None or not task.goes_on_alone:
        return counts
    return np.maximum(counts, task.old.bundle.label_counts)


def documents_of(task: Task) -> int:
    """Count the documents from which the model has learned, at least."""
    before = task.old.trained_on if task.old is not None and task.goes_on_alone else 0
    return max(len(task.train.corpus), before)


def counts_of(task: Task) -> dict[str, int]:
    """Return the counts of documents that a model remembers."""
    more = {BEFORE: documents_of(task)} if task.goes_on_alone else {}
    return {**task.reader.counts, **more}


def origins_of(task: Task) -> dict[str, str]:
    """Return the hashes of the model that was gone on from, and of the corrections."""
    found = {} if task.old is None else {"init": task.old.hash}
    hashed = content_hash(task.corrections) if task.corrections else None
    return found if hashed is None else {**found, "corrections": hashed}


def provenance_of(task: Task) -> Provenance:
    """Return the record of the model, with what was done to the one that was gone on from."""
    seed, threads = task.config.training.seed, task.config.training.threads
    if task.old is None:
        return Provenance().then(ProvenanceStep.now("train", seed=seed, threads=threads))
    before = task.old.bundle.provenance or Provenance()
    step = ProvenanceStep.now("continue", seed=seed, parent=task.old.hash, threads=threads)
    return before.of_another().then(step)


def decode_settings(task: Task) -> DecodeConfig:
    """Return how labels are to be chosen: as the old model does now, where nothing else is said."""
    own = task.config.decode
    if task.old is None:
        return own
    known, now = task.old.bundle.config.decode, task.old.bundle.decoder
    kept = {
        "strategy": (known.chosen_strategy, now.strategy),
        "close": (known.close, now.close),
    }
    changed = {
        name: value
        for name, (first, value) in kept.items()
        if value != first and getattr(own, name) == getattr(known, name)
    }
    return dataclasses.replace(own, **changed)  # type: ignore[arg-type]


def changes_of(
    task: Task, ensemble: Ensemble, decoder: Decoder, scores: Scores, corpus: Corpus
) -> Changes | None:
    """Compare the new model with the old one; None where there is none.

    scores: of the validation documents, each as a new one would get it; corpus: these documents,
    with all views.
    """
    if task.old is None:
        return None
    taxonomy, old = task.taxonomy, task.old.bundle
    known = with_document_vectors(old.ensemble, task.document_vectors, task.old.name)
    before = _as_new(task, known, corpus) if _tuned_on(task, old) else known.score(corpus)
    corrected = _corrected(task, (known, old.decoder), (ensemble, decoder))
    return Changes.of(
        (answers_of(before, old.decoder, taxonomy), answers_of(scores, decoder, taxonomy)),
        corpus.targets,
        (old.decoder, decoder),
        taxonomy,
        corrected=corrected,
        validation_corrected=_in_validation(task),
    )


def _in_validation(task: Task) -> int:
    """Count the validation documents that corrections stand for."""
    given = task.valid.given
    return len(given.added) if isinstance(given, CorrectedDocuments) else 0


def _tuned_on(task: Task, old: Bundle) -> bool:
    """Whether the old model was tuned on these validation documents, corrected or not."""
    known, given = old.contents.get("valid"), task.valid.given
    if isinstance(given, CorrectedDocuments):
        return known == task.reader.content(given.given)
    return known == task.valid.content


def _as_new(task: Task, known: Ensemble, corpus: Corpus) -> Scores:
    """Return what the old branches say of documents that they were blended on, as if these were
    new, which is how the new model's scores are made too.
    """
    assert task.old is not None
    _, scores = Ensemble.fit(
        known.branches,
        corpus,
        task.taxonomy.hierarchy,
        label_counts=task.old.bundle.label_counts,
        blended=known.blend is not None,
        cascaded=known.cascade is not None,
    )
    return Scores(scores.ids, known.filled(scores.values, corpus))


def _corrected(
    task: Task, old: tuple[Ensemble, Decoder], new: tuple[Ensemble, Decoder]
) -> CorrectedAnswers | None:
    """Say how corrected documents were answered and are answered now."""
    if not task.corrections:
        return None
    assert task.old is not None
    whole = dataclasses.replace(task.old.bundle.ensemble, cascade=None)  # nothing waits
    views = dataclasses.replace(task.old.bundle, ensemble=whole).views()
    pairs = labelled_documents(task.corrections, task.taxonomy, task.config.data)
    corpus = encode_corpus(pairs, views, len(task.taxonomy))
    answers = [answers_of(x.score(corpus), decoder, task.taxonomy) for x, decoder in (old, new)]
    return judge_corrected((answers[0], answers[1]), corpus.targets)

"""What the training of every branch is given, and what it returns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from harnn.branches import Branch
from harnn.branches.transformer.encoder import EncoderFiles, read_encoder
from harnn.bundle import History
from harnn.config import Config, ModelConfig, TrainingConfig
from harnn.corpus import Corpus
from harnn.corpus.document_vectors import DocumentVectors, read_document_vectors
from harnn.data import Document, Documents
from harnn.errors import name_of
from harnn.taxonomy import Taxonomy
from harnn.text import Coverage, NgramFeatures, Tokenizer, WordVectors
from harnn.training.checkpoint import Checkpoints
from harnn.training.events import Listener, Stage
from harnn.training.old_model import OldModel, slower
from harnn.training.plan import TrainingFacts, TrainingPlan
from harnn.training.progress import Selection
from harnn.training.ranks import Ranks
from harnn.training.reader import Reader, Split
from harnn.training.train_by_name import LabelMoments
from harnn.training.word_vectors import given_vectors

T = TypeVar("T")
_ALL = 0.9
"""Of the documents that a model has learned from: so many and more stand for all of them, some of
which may have been taken away."""


class Handover(Generic[T]):
    """Something large that one reader takes and nobody else keeps."""

    def __init__(self, value: T) -> None:
        self._values = [value]

    def take(self) -> T:
        """Return it, once.

        Raises:
            IndexError: it was taken before.
        """
        return self._values.pop()

    def drop(self) -> None:
        """Let go of it, where nobody took it."""
        self._values.clear()


@dataclass(frozen=True, eq=False)
class Task:
    """A training that is about to begin."""

    reader: Reader
    tokenizer: Tokenizer
    train: Split
    valid: Split
    facts: TrainingFacts
    plan: TrainingPlan
    ngrams: Handover[tuple[NgramFeatures, Any]] | None
    """What was counted: the features, and the sparse vectors of all training documents and then of
    the labels' names; None where no branch wants them."""
    checkpoints: Checkpoints
    unlabelled: Documents
    old: OldModel | None = None
    """What is gone on from."""
    corrections: tuple[Document, ...] = ()
    """Documents with corrected labels, each once."""
    ranks: Ranks = field(default_factory=Ranks)
    """That share the training of networks."""
    selection: Selection | None = None
    """What the best epoch of a network has most of; None: ``training.score``."""
    address: str | None = None
    """Of a Ray cluster that solves the labels of the linear branch; None: this machine."""

    @property
    def goes_on_alone(self) -> bool:
        """Whether it goes on from a model with fewer documents than that was trained on.

        Then they are taken for more documents than those; else they stand for all.
        """
        most = 0 if self.old is None else self.old.trained_on
        return len(self.train.corpus) < _ALL * most

    def pace(self, training: TrainingConfig) -> TrainingConfig:
        """Return the settings of a loop as they suit the weights that it starts from."""
        return training if self.old is None else slower(training, self.config.continuing)

    @property
    def config(self) -> Config:
        return self.reader.config

    @property
    def taxonomy(self) -> Taxonomy:
        return self.reader.taxonomy

    @property
    def listener(self) -> Listener:
        return self.reader.listener

    @property
    def stopped(self) -> Callable[[], bool]:
        return self.reader.stopped

    @property
    def splits(self) -> dict[str, Split]:
        """The documents by the name of their split."""
        return {"train": self.train, "valid": self.valid}

    @cached_property
    def vectors(self) -> WordVectors | None:
        """The word vectors that settings name; None where they are trained, or random.

        Raises:
            VectorsError, MissingExtraError: see :func:`given_vectors`.
        """
        tokenizer, ids = self.tokenizer, self.train.corpus.tokens.ids
        counts = np.bincount(ids, minlength=len(tokenizer.words))
        vectors = given_vectors(self.config.text.vectors, tokenizer, counts)
        if vectors is not None:
            self.listener(Stage(f"{vectors.source}: {vectors.coverage}"))
        return vectors

    @cached_property
    def encoder(self) -> EncoderFiles | None:
        """The pretrained encoder that is fine-tuned.

        Raises:
            ConfigError, MissingExtraError: see :func:`read_encoder`.
        """
        return read_encoder(self.config.model.transformer) if self.plan.transformer else None

    @cached_property
    def document_vectors(self) -> DocumentVectors | None:
        """The vectors of documents that settings name.

        Raises:
            InputError, MissingExtraError: see :func:`read_document_vectors`.
        """
        return given_document_vectors(self.config.model)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of settings, taxonomy and documents: what a checkpoint belongs to."""
        parts: list[Any] = [self.config.to_stored_dict(), self.taxonomy.version]
        for split in self.splits.values():  # of a content, tokens are what a segmenter makes
            parts += [split.content, split.corpus.fingerprint()]
        origins = (self.encoder, self.document_vectors)
        parts += [origin.sha256 for origin in origins if origin is not None]
        if self.old is not None:
            parts.append(self.old.hash)
        if self.selection is not None:
            parts.append(["selection", name_of(self.selection)])
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedBranch:
    """A branch and how it came about."""

    branch: Branch
    summary: str
    """For the model card."""
    valid_views: Mapping[str, Any] = field(default_factory=dict)
    """What it reads of the validation documents beside what they were encoded with."""
    history: History = field(default_factory=History)
    coverage: Coverage | None = None
    """Of the word vectors; None for random ones and after resuming."""
    contents: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of what it was made of beside the documents of the splits."""
    stopped_at: tuple[Path | None, int] = (None, 0)
    """The last checkpoint and its steps, where one is kept."""
    moments: LabelMoments | None = None
    """Of the training documents, where it reads vectors of whole texts."""
    finish: Callable[[], None] = lambda: None
    """Called when the validation documents are scored: frees what scores them faster."""


def with_views(corpus: Corpus, trained: list[TrainedBranch]) -> Corpus:
    """Return the validation documents with all that the branches read."""
    for each in trained:
        corpus = corpus.with_views(each.valid_views)
    return corpus


def check_document_vectors(task: Task) -> None:
    """Make sure that all documents have a vector, and tell of vectors that nobody wants.

    Raises:
        DocumentError: some have none.
    """
    vectors = task.document_vectors
    assert vectors is not None
    wanted = {id for split in task.splits.values() for id in split.corpus.ids}
    vectors.of(sorted(wanted))
    if unused := len(set(vectors.ids) - wanted):
        what = f"of {unused:,} vectors there is no document in this training"
        task.listener(Stage(f"{vectors.where}: {what}"))


def given_document_vectors(model: ModelConfig) -> DocumentVectors | None:
    """Return the vectors of documents that settings name.

    Raises:
        InputError, MissingExtraError: they cannot be read.
    """
    return read_document_vectors(model.document_vectors) if model.document_vectors else None

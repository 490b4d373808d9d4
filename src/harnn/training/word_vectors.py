"""The word vectors that a network starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harnn.corpus import Corpus, TokensView, encode_unlabelled
from harnn.data import ReadingLog, given_documents
from harnn.errors import ConfigError, Problem
from harnn.text import (
    PACKAGED_VECTORS,
    WordVectors,
    packaged_vectors,
    read_vectors,
    train_vectors,
)
from harnn.training.events import Stage
from harnn.training.plan import word_vector_epochs
from harnn.training.reader import summarise
from harnn.training.task import Task

_TRAINED_VECTORS: dict[str, Literal["word2vec", "fasttext"]] = {
    "word2vec": "word2vec",
    "fasttext": "fasttext",
}


@dataclass(frozen=True)
class _TokenRows:
    """The token ids of all documents, again and again."""

    corpora: tuple[Corpus, ...]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        for corpus in self.corpora:
            for row in range(len(corpus)):
                yield corpus.tokens.row(row)


def word_vectors(task: Task) -> WordVectors | None:
    """Train word vectors on the training text, or take them from elsewhere; None: random ones.

    Raises:
        ConfigError: ``text.vectors`` is no kind and no file.
        VectorsError: the file is not one of word vectors.
    """
    kind, train, tokenizer = task.config.text.vectors, task.train.corpus, task.tokenizer
    if kind == "random":
        return None
    if kind in _TRAINED_VECTORS:
        return _trained(task, _TRAINED_VECTORS[kind])
    counts = np.bincount(train.tokens.ids, minlength=len(tokenizer.words))
    if kind in PACKAGED_VECTORS:
        vectors = packaged_vectors(kind, tokenizer, counts)
    else:
        if not Path(kind).exists():
            raise ConfigError(
                Problem(
                    "text.vectors",
                    f"got {kind!r}, expected word2vec, fasttext, random, "
                    f"{', '.join(PACKAGED_VECTORS)} or the path of a file.",
                )
            )
        vectors = read_vectors(Path(kind), tokenizer, counts)
    task.listener(Stage(f"{vectors.source}: {vectors.coverage}"))
    return vectors


def _trained(task: Task, kind: Literal["word2vec", "fasttext"]) -> WordVectors:
    config, tokenizer, unlabelled = task.config, task.tokenizer, task.unlabelled
    corpora = [task.train.corpus]
    if not isinstance(unlabelled, Sequence) or len(unlabelled):
        log = ReadingLog()
        extra = given_documents(unlabelled, config.data, log=log)
        corpora.append(encode_unlabelled(extra, {"tokens": TokensView(tokenizer)}))
        task.listener(Stage(summarise("unlabelled", corpora[-1], tokenizer, log)))
    documents = sum(map(len, corpora))
    task.listener(Stage(f"training {kind} vectors on {documents:,} documents"))
    tokens = sum(len(corpus.tokens.ids) for corpus in corpora)
    return train_vectors(
        _TokenRows(tuple(corpora)),
        tokenizer,
        kind=kind,
        size=config.model.embedding_size,
        epochs=word_vector_epochs(config.text, tokens),
        seed=config.training.seed,
    )

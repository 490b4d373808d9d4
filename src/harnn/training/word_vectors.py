"""The word vectors that a network starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from harnn.corpus import Corpus, TokensView, encode_unlabelled
from harnn.data import Document, ReadingLog, given_documents
from harnn.text import (
    PACKAGED_VECTORS,
    Tokenizer,
    WordVectors,
    packaged_vectors,
    read_vectors,
    train_vectors,
)
from harnn.training.events import Stage
from harnn.training.plan import word_vector_epochs
from harnn.training.reader import summarise

if TYPE_CHECKING:
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


def given_vectors(
    kind: str, tokenizer: Tokenizer, counts: NDArray[np.integer[Any]]
) -> WordVectors | None:
    """Read the word vectors that ``text.vectors`` names; None for trained and random ones.

    counts: (V,) occurrences of each word.

    Raises:
        VectorsError: there is no such file, or it is none of word vectors.
        MissingExtraError: packaged ones are not installed.
    """
    if kind == "random" or kind in _TRAINED_VECTORS:
        return None
    if kind in PACKAGED_VECTORS:
        return packaged_vectors(kind, tokenizer, counts)
    return read_vectors(Path(kind), tokenizer, counts)


def word_vectors(task: Task) -> WordVectors | None:
    """Train word vectors on the training text, or take them from elsewhere; None: random ones.

    Raises:
        VectorsError: see :func:`given_vectors`.
        InterruptedError: a stop was asked for.
    """
    kind = task.config.text.vectors
    return _trained(task, _TRAINED_VECTORS[kind]) if kind in _TRAINED_VECTORS else task.vectors


def _trained(task: Task, kind: Literal["word2vec", "fasttext"]) -> WordVectors:
    config, tokenizer, unlabelled = task.config, task.tokenizer, task.unlabelled
    corpora = [task.train.corpus]
    if not isinstance(unlabelled, Sequence) or len(unlabelled):
        log = ReadingLog()
        extra = _until(task.stopped, given_documents(unlabelled, config.data, log=log))
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
        stopped=task.stopped,
    )


def _until(stopped: Callable[[], bool], documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        if stopped():
            raise InterruptedError
        yield document

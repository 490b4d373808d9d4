"""The word vectors that a network starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._cores import count_cores
from harnn.config import DataConfig
from harnn.corpus import ContentHash, Corpus, TokensView, encode_unlabelled
from harnn.data import Document, Documents, ReadingLog, given_documents
from harnn.errors import BundleError, Problem
from harnn.text import (
    PACKAGED_VECTORS,
    Tokenizer,
    WordVectors,
    coverage_of,
    packaged_vectors,
    read_vectors,
    train_vectors,
)
from harnn.text.word_vectors_reading import hash_vectors
from harnn.training.events import Stage
from harnn.training.kept import Piece, kept
from harnn.training.plan import word_vector_epochs
from harnn.training.process import choose_device
from harnn.training.reader import summarise

if TYPE_CHECKING:
    from harnn.training.task import Task

_TRAINED_VECTORS: dict[str, Literal["word2vec", "fasttext"]] = {
    "word2vec": "word2vec",
    "fasttext": "fasttext",
}
_MOST_THREADS = 8
"""That train word vectors: gensim reads words in one thread, which keeps no more busy."""


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


class Start(NamedTuple):
    """What networks start from."""

    vectors: WordVectors | None
    """None: random ones."""
    contents: Mapping[str, str]
    """SHA-256 of what they were made of beside the training documents: ``vectors``, of a file,
    and ``unlabelled``, of what such documents say."""


def word_vectors(task: Task) -> Start:
    """Train word vectors on the training text, or take them from elsewhere.

    Raises:
        VectorsError: see :func:`given_vectors`.
        InterruptedError: a stop was asked for.
    """
    kind = task.config.text.vectors
    if kind in _TRAINED_VECTORS:
        return _trained(task, _TRAINED_VECTORS[kind])
    return Start(task.vectors, {"vectors": hash_vectors(Path(kind))} if is_file(kind) else {})


def is_file(kind: str) -> bool:
    """Whether ``text.vectors`` names a file."""
    return kind not in ("random", *_TRAINED_VECTORS, *PACKAGED_VECTORS)


def hash_unlabelled(given: Documents, config: DataConfig) -> str:
    """Return the SHA-256 of what documents without labels say.

    Raises:
        DocumentError: they cannot be read.
    """
    content = ContentHash()
    for _ in _hashed(given_documents(given, config) if _holds_any(given) else (), content):
        pass
    return content.hexdigest()


def _hashed(documents: Iterable[Document], content: ContentHash) -> Iterator[Document]:
    nothing = np.zeros(0, dtype=np.int32)
    return (document for document, _ in content.of((each, nothing) for each in documents))


def _holds_any(given: Documents) -> bool:
    return not isinstance(given, Sequence) or bool(len(given))


def _trained(task: Task, kind: Literal["word2vec", "fasttext"]) -> Start:
    config, tokenizer, unlabelled = task.config, task.tokenizer, task.unlabelled
    corpora, content = [task.train.corpus], ContentHash()
    if _holds_any(unlabelled):
        log = ReadingLog()
        extra = _until(task.stopped, given_documents(unlabelled, config.data, log=log))
        tokens = {"tokens": TokensView(tokenizer)}
        corpora.append(encode_unlabelled(_hashed(extra, content), tokens))
        what = summarise("unlabelled", corpora[-1], tokenizer)
        task.listener(Stage.of_reading(what, log.lines()))
    contents = {"unlabelled": content.hexdigest()}
    if not any(len(corpus.tokens.ids) for corpus in corpora):
        task.listener(Stage("there are no words to train word vectors on: they begin at random"))
        return Start(None, contents)
    made_of = hashlib.sha256("".join(x.fingerprint() for x in corpora).encode()).hexdigest()
    vectors = kept(
        task,
        "word vectors",
        lambda: _train(task, kind, corpora),
        pack=lambda vectors: Piece({"matrix": vectors.matrix, "found": vectors.found}),
        unpack=lambda piece: _unpacked(piece, task, kind, corpora),
        of=made_of,
    )
    return Start(vectors, contents)


def _unpacked(piece: Piece, task: Task, kind: str, corpora: Sequence[Corpus]) -> WordVectors:
    """Return word vectors that were kept.

    Raises:
        BundleError: they are damaged.
    """
    words = len(task.tokenizer)
    expected = {
        "matrix": (np.dtype(np.float32), (words, task.config.model.embedding_size)),
        "found": (np.dtype(np.bool_), (words,)),
    }
    if {name: (array.dtype, array.shape) for name, array in piece.arrays.items()} != expected:
        what = f"is damaged: it holds no vectors of {words:,} words."
        raise BundleError(Problem(piece.where, what))
    counts = np.zeros(words, dtype=np.int64)
    for corpus in corpora:
        counts += np.bincount(corpus.tokens.ids, minlength=words)
    found = piece.arrays["found"]
    coverage = coverage_of(found, task.tokenizer, counts)
    return WordVectors(piece.arrays["matrix"], found, coverage, kind)


def _train(
    task: Task, kind: Literal["word2vec", "fasttext"], corpora: Sequence[Corpus]
) -> WordVectors:
    config, tokenizer = task.config, task.tokenizer
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
        threads=_threads(task),
        stopped=task.stopped,
    )


def _threads(task: Task) -> int:
    """Return how many threads train word vectors: one, so that they are the same to the bit.

    A GPU's networks are not, and would wait for that one longer than they train.
    """
    training = task.config.training
    if choose_device(training.device) == "cpu":
        return 1
    return min(training.threads or count_cores(), _MOST_THREADS)


def _until(stopped: Callable[[], bool], documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        if stopped():
            raise InterruptedError
        yield document

"""Word vectors for the words of a tokenizer: trained here, or taken from gensim."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harnn._optional import TORCH, require
from harnn._quiet import quiet_logger
from harnn.errors import VectorsError
from harnn.text.tokenizer import Tokenizer

VectorsKind = Literal["word2vec", "fasttext"]
Sentence = NDArray[np.integer[Any]] | Sequence[str]

SPECIAL_WORDS = 2
SHOWN_MISSING = 20

_SENTENCE_WORDS = 10_000
"""gensim drops what is beyond this in a sentence, and in a batch of sentences, without a word."""
# Measured by a linear classifier on mean vectors, for 40 thousand to 4 million tokens: twice
# gensim's learning rate and stronger thinning are both better, and thinning is faster.
_LEARNING_RATE = 0.05
_KEPT_COUNT = 40
_SAMPLE_RANGE = (1e-5, 1e-3)
_MEASURED_ROWS = 50_000
_FASTTEXT_BUCKETS = 200_000
"""Rows for parts of words; gensim's default takes a gigabyte."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the vocabulary, and of the text, has a vector of its own."""

    words: int
    """Words of the vocabulary, special ones left out."""
    words_found: int
    tokens: int | None
    """Tokens counted, unknown words included; None where no counts are given."""
    tokens_found: int | None
    missing: tuple[tuple[str, int | None], ...]
    """The most frequent words without a vector, with their counts."""

    @property
    def word_share(self) -> float:
        """Return the share of words with a vector, 0 to 1."""
        return self.words_found / self.words if self.words else 0.0

    @property
    def token_share(self) -> float | None:
        """Return the share of tokens with a vector, 0 to 1."""
        if self.tokens is None or self.tokens_found is None:
            return None
        return self.tokens_found / self.tokens if self.tokens else 0.0

    def __str__(self) -> str:
        text = f"{self.words_found:,} of {self.words:,} words ({self.word_share:.1%})"
        if self.token_share is not None:
            text += f" and {self.token_share:.1%} of the tokens"
        text += " have a vector"
        if self.missing:
            text += "; most frequent without: " + ", ".join(word for word, _ in self.missing[:5])
        return text + "."


@dataclass(frozen=True, slots=True, eq=False)
class WordVectors:
    """One vector for each word of a tokenizer."""

    matrix: NDArray[np.float32] = field(repr=False)
    """(V, E); the row of padding is zero, rows of words not found are drawn."""
    found: NDArray[np.bool_] = field(repr=False)
    """(V,) words with a vector of their own."""
    coverage: Coverage
    source: str
    """``word2vec``, ``fasttext``, a packaged name or a path."""

    @property
    def size(self) -> int:
        """Return E."""
        return int(self.matrix.shape[1])


def complete(
    matrix: NDArray[np.float32],
    found: NDArray[np.bool_],
    tokenizer: Tokenizer,
    *,
    token_counts: NDArray[np.integer[Any]] | None,
    seed: int,
    source: str,
) -> WordVectors:
    """Draw the rows of *matrix* that were not found and report how much was.

    They are normal with the mean and deviation of the found ones in each dimension, so that an
    unknown word lies where words lie. Writes into *matrix*; padding becomes zero.
    """
    if token_counts is not None and len(token_counts) != len(tokenizer):
        raise ValueError(
            f"token_counts has {len(token_counts):,} items, expected {len(tokenizer):,}."
        )
    missing = ~found
    missing[tokenizer.pad_id] = False
    known = matrix[found][:_MEASURED_ROWS].astype(np.float64)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    if len(known) < 2:
        deviation = np.full(matrix.shape[1], 0.1)
    drawn = np.random.default_rng(seed).standard_normal(
        (int(missing.sum()), matrix.shape[1]), dtype=np.float32
    )
    matrix[missing] = mean + deviation * drawn
    matrix[tokenizer.pad_id] = 0.0
    return WordVectors(matrix, found, coverage_of(found, tokenizer, token_counts), source)


def count_tokens(sentences: Iterable[Sentence], tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Count how often each word of *tokenizer* stands in sentences of ids or of words: (V,)."""
    counts = np.zeros(len(tokenizer), dtype=np.int64)
    for ids in _id_rows(sentences, tokenizer):
        counts += np.bincount(ids, minlength=len(counts))
    return counts


def train_vectors(
    sentences: Iterable[Sentence],
    tokenizer: Tokenizer,
    *,
    kind: VectorsKind = "word2vec",
    size: int = 128,
    epochs: int = 8,
    seed: int = 13,
    threads: int = 1,
    stopped: Callable[[], bool] = lambda: False,
) -> WordVectors:
    """Train skip-gram vectors with negative sampling on *sentences*.

    The same input and seed give the same vectors in every process, on one thread: of several the
    order decides. The unknown word is trained like any other. Frequent words are thinned out, the
    more the longer the text (words seen up to about forty times never): faster, and better than
    gensim's default.

    Args:
        sentences: arrays of ids or lists of words, read ``epochs + 1`` times.
        kind: ``fasttext`` composes vectors from parts of words too, at two to three times the time.
        size: E.

    Raises:
        VectorsError: the sentences have no words.
        InterruptedError: *stopped* said so; asked before each sentence.
        MissingExtraError: gensim is not installed.

    Source: Mikolov et al. 2013 (word2vec), Bojanowski et al. 2017 (fastText).
    """
    if isinstance(sentences, Iterator):
        raise TypeError("sentences are read several times; give a list, not an iterator.")
    counts = count_tokens(sentences, tokenizer)
    total = int(counts.sum())
    if not total:
        raise VectorsError("There are no words to train word vectors on: every text is empty.")
    sample = float(np.clip(_KEPT_COUNT / total, *_SAMPLE_RANGE))
    model = _new_model(kind, size, seed, sample=sample, threads=threads)
    corpus = _Corpus(sentences, tokenizer, stopped)
    # Its advice on batch sizes, which Python prints where no logging is set up.
    with quiet_logger("gensim", logging.ERROR):
        # A plain dict in the order of ids: ties in frequency keep it, whatever the hash seed.
        model.build_vocab_from_freq(
            {tokenizer.words[i]: int(counts[i]) for i in np.flatnonzero(counts)}
        )
        model.train(corpus, total_words=total, epochs=epochs)
    if stopped():
        raise InterruptedError
    return _from_gensim(model.wv, tokenizer, token_counts=counts, seed=seed, source=kind)


def from_keyed_vectors(
    keyed_vectors: Any,
    tokenizer: Tokenizer,
    token_counts: NDArray[np.integer[Any]] | None = None,
    *,
    seed: int = 13,
) -> WordVectors:
    """Take the vectors of a gensim ``KeyedVectors`` (a model's ``.wv``).

    Words are matched exactly, else by NFKC and lower case. Vectors of fastText compose those of
    words they have not seen.

    Args:
        token_counts: (V,) occurrences of each word, for the coverage.
        seed: for words without a vector.

    Raises:
        VectorsError: no word of the vocabulary has a vector.
    """
    return _from_gensim(
        keyed_vectors, tokenizer, token_counts=token_counts, seed=seed, source="KeyedVectors"
    )


class WantedWords:
    """Collects the vectors of a tokenizer's words from a stream of words.

    The exact word is taken first; where it is absent, the first word that equals it after NFKC
    and in lower case.
    """

    _NOTHING, _FOLDED, _EXACT = 0, 1, 2

    def __init__(self, tokenizer: Tokenizer, size: int) -> None:
        self.matrix = np.zeros((len(tokenizer), size), dtype=np.float32)  # (V, E)
        self._quality = bytearray(len(tokenizer))
        words = tokenizer.words[SPECIAL_WORDS:]
        self._exact = {word: row for row, word in enumerate(words, SPECIAL_WORDS)}
        for unknown in ("<unk>", tokenizer.words[tokenizer.unknown_id]):
            self._exact.setdefault(unknown, tokenizer.unknown_id)
        self._folded: dict[str, list[int]] = {}
        for row, word in enumerate(words, SPECIAL_WORDS):
            self._folded.setdefault(fold(word), []).append(row)

    def rows(self, word: str) -> list[int]:
        """Return the rows that a vector of *word* would improve."""
        exact = self._exact.get(word)
        if exact is not None and self._quality[exact] == self._EXACT:
            exact = None
        folded = self._folded.get(fold(word), ())
        rows = [row for row in folded if self._quality[row] == self._NOTHING and row != exact]
        return rows if exact is None else [exact, *rows]

    def put(self, word: str, rows: Sequence[int], vector: Any) -> None:
        """Write *vector* into *rows*, which ``rows(word)`` gave."""
        self.matrix[rows] = vector
        exact = self._exact.get(word)
        for row in rows:
            self._quality[row] = self._EXACT if row == exact else self._FOLDED

    @property
    def found(self) -> NDArray[np.bool_]:
        """Return which rows have a vector: (V,)."""
        return np.frombuffer(bytes(self._quality), dtype=np.uint8) > 0


def fold(word: str) -> str:
    """Return *word* in NFKC and lower case."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).lower()


def coverage_of(
    found: NDArray[np.bool_], tokenizer: Tokenizer, counts: NDArray[np.integer[Any]] | None
) -> Coverage:
    """Return how much is found.

    found: (V,) words with a vector of their own; counts: (V,) occurrences of each word.
    """
    missing = np.flatnonzero(~found[SPECIAL_WORDS:]) + SPECIAL_WORDS
    if counts is not None:
        missing = missing[np.argsort(-counts[missing], kind="stable")]
    counted = found.copy()
    counted[tokenizer.pad_id] = False
    return Coverage(
        words=len(tokenizer) - SPECIAL_WORDS,
        words_found=int(found[SPECIAL_WORDS:].sum()),
        tokens=None if counts is None else int(counts[tokenizer.pad_id + 1 :].sum()),
        tokens_found=None if counts is None else int(counts[counted].sum()),
        missing=tuple(
            (tokenizer.words[row], None if counts is None else int(counts[row]))
            for row in missing[:SHOWN_MISSING].tolist()
        ),
    )


class _Corpus:
    """Sentences as lists of words, as often as they are asked for.

    They end early where a stop is asked for: gensim reads them in a thread of its own, from which
    no error comes back, and of what it has read it trains a second's worth at most.
    """

    def __init__(
        self, sentences: Iterable[Sentence], tokenizer: Tokenizer, stopped: Callable[[], bool]
    ) -> None:
        self._stopped = stopped
        self._sentences = sentences
        self._tokenizer = tokenizer
        self._words = np.array(tokenizer.words, dtype=object)

    def __iter__(self) -> Iterator[list[str]]:
        for ids in _id_rows(self._sentences, self._tokenizer):
            for start in range(0, len(ids), _SENTENCE_WORDS):
                if self._stopped():
                    return
                yield self._words[ids[start : start + _SENTENCE_WORDS]].tolist()


def _id_rows(
    sentences: Iterable[Sentence], tokenizer: Tokenizer
) -> Iterator[NDArray[np.integer[Any]]]:
    index, unknown = tokenizer.index, tokenizer.unknown_id
    for sentence in sentences:
        if isinstance(sentence, np.ndarray):
            yield sentence[sentence != tokenizer.pad_id]
        else:
            yield np.array([index.get(word, unknown) for word in sentence], dtype=np.int32)


def _new_model(kind: VectorsKind, size: int, seed: int, *, sample: float, threads: int) -> Any:
    models = require("gensim.models", extra=TORCH, purpose="Training word vectors")

    settings = {
        "vector_size": size,
        "sg": 1,
        "window": 5,
        "negative": 5,
        "min_count": 1,
        "sample": sample,
        "alpha": _LEARNING_RATE,
        "seed": seed,
        "workers": threads,
    }
    if kind == "fasttext":
        return models.FastText(bucket=_FASTTEXT_BUCKETS, **settings)
    if kind == "word2vec":
        return models.Word2Vec(**settings)
    raise ValueError(f"kind is {kind!r}, expected 'word2vec' or 'fasttext'.")


def _from_gensim(
    keyed_vectors: Any,
    tokenizer: Tokenizer,
    *,
    token_counts: NDArray[np.integer[Any]] | None,
    seed: int,
    source: str,
) -> WordVectors:
    wanted = WantedWords(tokenizer, int(keyed_vectors.vector_size))
    for position, word in enumerate(keyed_vectors.index_to_key):
        rows = wanted.rows(word)
        if rows:
            wanted.put(word, rows, keyed_vectors.vectors[position])
    if getattr(keyed_vectors, "bucket", 0):  # fastText
        absent = np.flatnonzero(~wanted.found[SPECIAL_WORDS:]) + SPECIAL_WORDS
        for row in absent.tolist():
            word = tokenizer.words[row]
            wanted.put(word, [row], keyed_vectors.get_vector(word))
    found = wanted.found
    if not found.any():
        raise VectorsError(f"No word of the vocabulary has a vector in the {source} given.")
    return complete(
        wanted.matrix, found, tokenizer, token_counts=token_counts, seed=seed, source=source
    )

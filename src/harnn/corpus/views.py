"""The ways to read texts: token ids, n-grams, vectors of whole texts, texts with words in place.

A view makes its rows from texts that come in chunks, and may hold what it needs until the last one.
Which there are is up to the branches that read them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._scratch import Growing
from harnn.text import (
    CutsTexts,
    EncoderRecord,
    NgramFeatures,
    TextEncoder,
    Tokenizer,
    beginning,
    characters_read,
    count_read,
)
from harnn.text.segmenting import is_word

Vectors = NDArray[np.float32]
_EMBEDDED_AT_ONCE = 8_192
_MOST_KEPT_CHARACTERS = 64_000_000
"""Of texts that are held back: up to 256 MB."""


class Collector(Protocol):
    """Gathers the rows of one view."""

    def add(self, texts: Sequence[str]) -> None:
        """Read more texts."""

    def finish(self) -> Any:
        """Return the rows of all texts, in their order."""


class View(Protocol):
    """One way to read texts."""

    def collect(self) -> Collector:
        """Begin a new corpus."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """N texts as token ids."""

    ids: NDArray[np.int32]
    """All texts behind each other."""
    offsets: NDArray[np.int64]
    """(N + 1,) where each text starts and the last one ends."""
    full_lengths: NDArray[np.int64]
    """(N,) tokens before cutting at the limit."""

    def __len__(self) -> int:
        return len(self.full_lengths)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(N,) tokens of each text."""
        return np.diff(self.offsets)

    def known_lengths(self, unknown_id: int) -> NDArray[np.int64]:
        """Return how many tokens of each text are known, (N,)."""
        rows = np.repeat(np.arange(len(self)), self.lengths)
        return np.bincount(rows[self.ids != unknown_id], minlength=len(self))

    def row(self, number: int) -> NDArray[np.int32]:
        """Return the token ids of one text."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def only(self, rows: NDArray[np.int64]) -> Tokens:
        """Return some of the texts."""
        some = [self.row(number) for number in rows.tolist()]
        return Tokens(join_arrays(some, np.int32), offsets_of(some), self.full_lengths[rows])


@dataclass(frozen=True)
class TokensView:
    """Token ids, cut to the tokenizer's limit: :class:`Tokens`."""

    tokenizer: Tokenizer

    def collect(self) -> Collector:
        return _TokensCollector(self.tokenizer)


class _TokensCollector:
    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._rows = GrowingRows(np.int32)
        self._full_lengths = Growing(np.int64)

    def add(self, texts: Sequence[str]) -> None:
        encoded = self._tokenizer.encode(texts)
        self._rows.extend(encoded.ids)
        self._full_lengths.append(encoded.lengths)

    def finish(self) -> Tokens:
        return Tokens(*self._rows.finish(), self._full_lengths.finish())


@dataclass(frozen=True)
class NgramsView:
    """N-grams as a sparse array (N, V)."""

    features: NgramFeatures
    counts: bool = False
    """Whether it is told how many words there are: :class:`CountedNgrams`."""

    def collect(self) -> Collector:
        return (_CountedNgramsCollector if self.counts else _NgramsCollector)(self.features)


class _NgramsCollector:
    def __init__(self, features: NgramFeatures) -> None:
        self._features = features
        self._values, self._columns = Growing(np.float32), Growing(np.int32)
        self._sizes = Growing(np.int64)

    def add(self, texts: Sequence[str]) -> None:
        vectors = self._features.vectors(texts)
        self._values.append(vectors.data)
        self._columns.append(vectors.indices)
        self._sizes.append(np.diff(vectors.indptr))

    def finish(self) -> csr_array:
        offsets = offsets_of_sizes(self._sizes.finish())
        cells = (self._values.finish(), self._columns.finish(), offsets)
        return csr_array(cells, shape=(len(offsets) - 1, len(self._features)))


class CountedNgrams(NamedTuple):
    """N-grams of N texts, with how many words each has."""

    vectors: csr_array
    """(N, V)"""
    words: NDArray[np.int64]
    """(N, 2) words, and those of them that are known."""


class _CountedNgramsCollector:
    def __init__(self, features: NgramFeatures) -> None:
        self._features = features
        self._parts: list[tuple[csr_array, NDArray[np.int64]]] = []

    def add(self, texts: Sequence[str]) -> None:
        self._parts.append(self._features.counted_vectors(texts))

    def finish(self) -> CountedNgrams:
        if len(self._parts) == 1:
            return CountedNgrams(*self._parts[0])
        vectors, words = zip(*(self._parts or [self._features.counted_vectors([])]), strict=True)
        return CountedNgrams(csr_array(vstack(vectors, format="csr")), np.concatenate(words))


@dataclass(frozen=True)
class WordedView:
    """Which texts have a letter or digit, (N,) bool."""

    def collect(self) -> Collector:
        return _WordedCollector()


class _WordedCollector:
    def __init__(self) -> None:
        self._worded = Growing(np.bool_)

    def add(self, texts: Sequence[str]) -> None:
        self._worded.append(list(map(is_word, texts)))

    def finish(self) -> NDArray[np.bool_]:
        return self._worded.finish()


@dataclass(frozen=True)
class TextVectorsView:
    """Vectors of whole texts (N, D), float32, of length 1; a text without words is a zero."""

    encoder: TextEncoder
    waits: bool = False
    """Whether texts wait until it is known which of them are wanted: :class:`WaitingTexts`."""
    counts: bool = False
    """Whether it is told how much is read of each text: :class:`ReadVectors`. Needs an encoder that
    cuts texts, which then need not be cut once more for that."""

    def collect(self) -> Collector:
        if self.waits:
            return _WaitingCollector(self.encoder)
        if self.counts:
            assert isinstance(self.encoder, CutsTexts)
            return _ReadVectorsCollector(self.encoder)
        return _TextVectorsCollector(self.encoder.record, self.encoder.encode)


@dataclass(frozen=True)
class WaitingTexts:
    """The beginnings of N texts that are made into vectors when they are wanted."""

    texts: Sequence[str]
    encoder: TextEncoder

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors (n, D) of some of the texts."""
        return self.encoder.encode([self.texts[row] for row in rows.tolist()])


class _WaitingCollector:
    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._characters = characters_read(encoder.record.tokens)
        self._texts: list[str] = []

    def add(self, texts: Sequence[str]) -> None:
        self._texts += [beginning(text, self._characters) for text in texts]

    def finish(self) -> WaitingTexts:
        return WaitingTexts(self._texts, self._encoder)


class _TextVectorsCollector:
    def __init__(self, record: EncoderRecord, encode: Callable[[list[str]], Vectors]) -> None:
        self._encode = encode
        self._characters = characters_read(record.tokens)
        self._waiting: list[str] = []
        self._parts = [np.zeros((0, record.size), dtype=np.float32)]

    def add(self, texts: Sequence[str]) -> None:
        self._waiting += [beginning(text, self._characters) for text in texts]
        if len(self._waiting) >= _EMBEDDED_AT_ONCE:
            self._embed()

    def finish(self) -> Vectors:
        self._embed()
        return np.concatenate(self._parts)

    def _embed(self) -> None:
        self._parts.append(self._encode(self._waiting))
        self._waiting = []


class ReadVectors(NamedTuple):
    """Vectors of N whole texts, with how much of each was read."""

    vectors: Vectors
    """(N, D)"""
    read: NDArray[np.int64]
    """(N, 2) as of :class:`ReadView`."""


class _ReadVectorsCollector:
    def __init__(self, encoder: CutsTexts) -> None:
        self._characters = characters_read(encoder.record.tokens)
        self._ends: list[int] = []
        self._sizes: list[tuple[int, int]] = []
        """Blanks at the start of each text, and its characters without those at the end."""
        encode = partial(encoder.encode, ends=self._ends)
        self._vectors = _TextVectorsCollector(encoder.record, encode)

    def add(self, texts: Sequence[str]) -> None:
        for text in texts:
            start = text[: self._characters]
            self._sizes.append((len(start) - len(start.lstrip()), len(text.rstrip())))
        self._vectors.add(texts)

    def finish(self) -> ReadVectors:
        vectors = self._vectors.finish()
        blanks, whole = np.array(self._sizes, dtype=np.int64).reshape(-1, 2).T
        ends = np.array(self._ends, dtype=np.int64)
        read = np.where(ends < 0, np.minimum(whole, self._characters), blanks + ends)
        return ReadVectors(vectors, np.stack([read, whole], axis=1))


@dataclass(frozen=True)
class ReadView:
    """How many characters of each text an encoder reads, and how many there are, (N, 2) int64."""

    encoder: TextEncoder

    def collect(self) -> Collector:
        return _ReadCollector(self.encoder)


class _ReadCollector:
    def __init__(self, encoder: TextEncoder) -> None:
        self._tokens = encoder.record.tokens
        self._tokenizer = getattr(encoder, "tokenizer", None)  # where tokens are limited too
        self._counts: list[tuple[int, int]] = []

    def add(self, texts: Sequence[str]) -> None:
        self._counts += count_read(texts, self._tokens, self._tokenizer)

    def finish(self) -> NDArray[np.int64]:
        return np.array(self._counts, dtype=np.int64).reshape(-1, 2)


class PlacedText(NamedTuple):
    """A text and the characters [start, end) of each of its tokens."""

    text: str
    spans: list[tuple[int, int]]


@dataclass(frozen=True)
class PlacedTextsView:
    """The texts themselves with the places of their tokens, for explanations: a list."""

    tokenizer: Tokenizer

    def collect(self) -> Collector:
        return _PlacedTextsCollector(self.tokenizer)


class _PlacedTextsCollector:
    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._rows: list[PlacedText] = []

    def add(self, texts: Sequence[str]) -> None:
        self._rows += [PlacedText(text, self._tokenizer.spans(text)) for text in texts]

    def finish(self) -> list[PlacedText]:
        return self._rows


@dataclass(frozen=True)
class BeginningsView:
    """The beginnings of the texts, for who embeds them later: a list, or None of too many."""

    characters: int
    """Of each."""

    def collect(self) -> Collector:
        return _BeginningsCollector(self.characters)


class _BeginningsCollector:
    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._room = _MOST_KEPT_CHARACTERS
        self._texts: list[str] | None = []

    def add(self, texts: Sequence[str]) -> None:
        if self._texts is None:
            return
        kept = [beginning(text, self._characters) for text in texts]
        self._room -= sum(map(len, kept))
        if self._room < 0:
            self._texts = None
        else:
            self._texts += kept

    def finish(self) -> list[str] | None:
        return self._texts


class GrowingRows:
    """Rows of numbers that are gathered some at a time, behind each other."""

    def __init__(self, dtype: type) -> None:
        self._values, self._sizes = Growing(dtype), Growing(np.int64)

    def extend(self, rows: Sequence[NDArray[Any]]) -> None:
        """Add rows at the end."""
        if rows:
            self._values.append(np.concatenate(rows))
            self._sizes.append([len(row) for row in rows])

    def finish(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the numbers of all rows, and where each row starts and the last one ends."""
        return self._values.finish(), offsets_of_sizes(self._sizes.finish())


def join_arrays(arrays: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    """Put arrays behind each other."""
    return np.concatenate(arrays).astype(dtype) if arrays else np.zeros(0, dtype=dtype)


def offsets_of(arrays: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return where each of N arrays starts and the last one ends, (N + 1,)."""
    return offsets_of_sizes([len(array) for array in arrays])


def offsets_of_sizes(sizes: Any) -> NDArray[np.int64]:
    """Return the same from the sizes of the arrays, (N,)."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

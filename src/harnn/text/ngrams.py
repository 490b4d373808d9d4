"""Texts as sparse TF-IDF vectors of words, pairs of words and pieces of words."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, repeat

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from harnn._scratch import Growing, blank
from harnn.text.ngram_counting import (
    Counting,
    NumberedWords,
    count_words,
    find_words,
    pair_keys,
    rareness,
    spell,
)
from harnn.text.segmenting import is_word

_TEXTS_AT_ONCE = 4_096
_WAITING_WORDS = 1 << 20
NGRAM_KINDS = ("words", "pairs", "pieces")


class _Numbers(dict[str, int]):
    """Numbers of words, in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        return self.setdefault(word, len(self))


class NgramCounter:
    """Counts the n-grams of training texts that come one by one; the texts are not kept."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._ids = Growing(np.int32)
        self._waiting = array("i")
        self._offsets = array("q", [0])
        self._times = np.zeros(0, dtype=np.int64)
        """How often each word was read, but for those that wait."""

    def add(self, text: str) -> None:
        """Count the words of one more text."""
        self._waiting.extend(map(self._numbers.__getitem__, find_words(text)))
        self._offsets.append(len(self))
        if len(self._waiting) >= _WAITING_WORDS:
            self._write()

    def __len__(self) -> int:
        """Return the words of all texts."""
        return len(self._ids) + len(self._waiting)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Yield the words, in lower case, and how often each was read; marks are none."""
        self._write()
        pairs = zip(self._numbers, self._times.tolist(), strict=True)
        return ((word, count) for word, count in pairs if word[0].isalnum())

    def words_of_texts(self, most: int, *, texts: int | None = None) -> int:
        """Count the words of all texts, or the first *texts* of them, *most* of each at most."""
        end = None if texts is None else texts + 1
        lengths = np.diff(np.array(self._offsets[:end], dtype=np.int64))
        return int(np.minimum(lengths, most).sum())

    def mean_words(self, texts: int, most: int) -> float:
        """Return the words of a text, *most* at most, on average over the first *texts* of them."""
        texts = min(texts, len(self._offsets) - 1)
        return self.words_of_texts(most, texts=texts) / max(texts, 1)

    def finish(self, *, piece_sizes: tuple[int, int] = (0, 0)) -> tuple[NgramFeatures, csr_array]:
        """Return the features and the vectors (N, V) of the texts; none can be added any more."""
        self._write()
        numbered = NumberedWords(self._ids.finish(), np.array(self._offsets, dtype=np.int64))
        return NgramFeatures.of_words(numbered, tuple(self._numbers), piece_sizes)

    def _write(self) -> None:
        ids = np.array(self._waiting, dtype=np.int32)
        del self._waiting[:]
        times = np.bincount(ids, minlength=len(self._numbers))
        times[: len(self._times)] += self._times
        self._times = times
        self._ids.append(ids)


@dataclass(frozen=True, eq=False)
class NgramFeatures:
    """The n-grams of the training texts and how rare they are.

    A word is a run of letters and digits in lower case, one Han character, or one mark, so that
    the pairs of words of a Chinese text are its pairs of characters, and none runs over the end
    of a sentence. Pieces are the character n-grams of words, with a blank at either end. An n-gram
    weighs (1 + ln count) * idf; words with pairs are brought to length 1, pieces likewise, and
    both together once more. Kept are n-grams that stand in two training texts or more.
    """

    words: tuple[str, ...] = field(repr=False)
    pieces: tuple[str, ...] = field(repr=False)
    pairs: NDArray[np.int64] = field(repr=False)
    """(K,) ascending: ``first * len(words) + second`` of two neighbours."""
    idf: Mapping[str, NDArray[np.float32]] = field(repr=False)
    """By kind, ``words``, ``pairs`` and ``pieces``: ln((1 + N) / (1 + texts with it)) + 1."""
    piece_sizes: tuple[int, int]
    """Characters of the shortest and the longest piece; (0, 0): no pieces."""

    @classmethod
    def build(
        cls, texts: Iterable[str], *, piece_sizes: tuple[int, int] = (0, 0)
    ) -> tuple[NgramFeatures, csr_array]:
        """Count the n-grams of the training texts in one pass; the texts are not kept.

        Returns the features and the vectors (N, V) of the texts.
        """
        counter = NgramCounter()
        for text in texts:
            counter.add(text)
        return counter.finish(piece_sizes=piece_sizes)

    @classmethod
    def of_words(
        cls, numbered: NumberedWords, spellings: tuple[str, ...], piece_sizes: tuple[int, int]
    ) -> tuple[NgramFeatures, csr_array]:
        """Do the same for texts whose words were numbered; spellings: the word of each number."""
        counting = Counting(numbered, spellings, piece_sizes)
        kept = {kind: getattr(counting, kind) for kind in NGRAM_KINDS}
        count = len(numbered.offsets) - 1
        features = cls(
            words=tuple(map(spellings.__getitem__, counting.words.keys.tolist())),
            pieces=tuple(map(counting.piece_spellings.__getitem__, counting.pieces.keys.tolist())),
            pairs=counting.pairs.keys,
            idf={kind: rareness(each.texts, count) for kind, each in kept.items()},
            piece_sizes=piece_sizes,
        )
        return features, features._fill(counting, count)

    def _fill(self, counting: Counting, count: int) -> csr_array:
        """Return the vectors (count, V) of the texts that were counted."""
        entries = counting.entries
        # What SciPy takes without a copy.
        kind = np.int32 if max(entries, len(self)) < 1 << 31 else np.int64
        values, columns = blank((entries,), np.float32), blank((entries,), kind)
        offsets = np.zeros(count + 1, dtype=kind)
        end = 0
        for texts, words, pairs, pieces in counting.blocks():
            part = self._weigh(_beside(words, pairs), pieces)
            start, end = end, end + part.nnz
            values[start:end], columns[start:end] = part.data, part.indices
            offsets[texts.start + 1 : texts.stop + 1] = part.indptr[1:] + start
        return csr_array((values, columns, offsets), shape=(count, len(self)))

    def __len__(self) -> int:
        """Count the n-grams, V."""
        return sum(self.sizes)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Count the n-grams of each kind."""
        return len(self.words), len(self.pairs), len(self.pieces)

    def vectors(self, texts: Iterable[str]) -> csr_array:
        """Return texts as vectors (N, V) float32 of length 1, or 0 without a known n-gram."""
        stream = iter(texts)
        parts = [_no_rows(len(self))]
        while chunk := list(islice(stream, _TEXTS_AT_ONCE)):
            parts.append(self._vectors(*self._numbered(chunk)))
        return csr_array(vstack(parts, format="csr"))

    def counted_vectors(self, texts: Iterable[str]) -> tuple[csr_array, NDArray[np.int64]]:
        """Return :meth:`vectors`, and how many words each text has, and how many are known, (N, 2).

        Marks are no words.
        """
        stream = iter(texts)
        parts, counts = [_no_rows(len(self))], [np.zeros((0, 2), dtype=np.int64)]
        while chunk := list(islice(stream, _TEXTS_AT_ONCE)):
            numbered, fresh = self._numbered(chunk)
            parts.append(self._vectors(numbered, fresh))
            counts.append(self._count(numbered, fresh))
        return csr_array(vstack(parts, format="csr")), np.concatenate(counts)

    def count_words(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """Return what :meth:`counted_vectors` counts, (N, 2)."""
        stream = iter(texts)
        counts = [np.zeros((0, 2), dtype=np.int64)]
        while chunk := list(islice(stream, _TEXTS_AT_ONCE)):
            counts.append(self._count(*self._numbered(chunk)))
        return np.concatenate(counts)

    def _numbered(self, texts: list[str]) -> tuple[NumberedWords, dict[str, int]]:
        """Return the numbers of all words, and those of words that are not known."""
        fresh: dict[str, int] = {}
        return _number(texts, self._numbers, fresh), fresh

    def _count(self, numbered: NumberedWords, fresh: Mapping[str, int]) -> NDArray[np.int64]:
        ids, offsets = numbered
        letters = np.fromiter(map(is_word, fresh), bool, len(fresh))
        words = np.concatenate([self._has_letters, letters])[ids]
        known = words & (ids < len(self.words))
        sums = np.concatenate([[[0, 0]], np.stack([words, known], axis=1).cumsum(axis=0)])
        return np.diff(sums[offsets], axis=0)

    @cached_property
    def _has_letters(self) -> NDArray[np.bool_]:
        return np.fromiter(map(is_word, self.words), bool, len(self.words))

    def _vectors(self, numbered: NumberedWords, fresh: Mapping[str, int]) -> csr_array:
        known = len(self.words)
        ids, offsets = numbered
        texts = len(offsets) - 1
        rows = np.repeat(np.arange(texts), np.diff(offsets))
        ids_of_known = np.where(ids < known, ids, -1)
        keys, behind = pair_keys(ids_of_known, offsets, known)
        if len(self.pairs):
            places = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
            found = self.pairs[places] == keys
            places, behind = places[found], behind[found]
        else:
            places, behind = keys[:0], behind[:0]
        are_known = ids_of_known >= 0
        columns = np.concatenate([ids[are_known], known + places])
        rows = np.concatenate([rows[are_known], rows[behind]])
        shape = (texts, known + len(self.pairs))
        counts = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
        return self._weigh(counts, self._count_pieces(ids, offsets, fresh))

    def _count_pieces(
        self, ids: NDArray[np.int64], offsets: NDArray[np.int64], fresh: Mapping[str, int]
    ) -> csr_array:
        """Count the pieces of numbered words (N, P); words never seen in training have some too."""
        if not self.pieces:
            return csr_array(np.zeros((len(offsets) - 1, 0), dtype=np.float32))
        known = len(self.words)
        by_word = count_words(NumberedWords(ids, offsets), known + len(fresh))
        spelling = spell(tuple(fresh), self.piece_sizes, self._piece_numbers, grow=False)
        return csr_array(by_word[:, :known] @ self._spelling + by_word[:, known:] @ spelling)

    def _weigh(self, words: csr_array, pieces: csr_array) -> csr_array:
        """Weigh counts of words with pairs (N, W + K) and of pieces (N, P), in their columns."""
        for counts, kinds in ((words, NGRAM_KINDS[:2]), (pieces, NGRAM_KINDS[2:])):
            rareness = np.concatenate([self.idf[kind] for kind in kinds])[counts.indices]
            counts.data = (1 + np.log(counts.data)) * rareness
            _to_length_1(counts)
        return _to_length_1(_beside(words, pieces))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    @cached_property
    def _piece_numbers(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.pieces)}

    @cached_property
    def _spelling(self) -> csr_array:
        return spell(self.words, self.piece_sizes, self._piece_numbers, grow=False)


def _no_rows(columns: int) -> csr_array:
    return csr_array(np.zeros((0, columns), dtype=np.float32))


def _number(texts: Iterable[str], known: Mapping[str, int], fresh: dict[str, int]) -> NumberedWords:
    """Return the numbers of all words.

    Words that are not *known* are added to *fresh*, numbered from where the known ones end.
    """
    words: list[str] = []
    offsets = [0]
    for text in texts:
        words += find_words(text)
        offsets.append(len(words))
    ids = np.fromiter(map(known.get, words, repeat(-1)), np.int64, len(words))
    for place in np.flatnonzero(ids < 0).tolist():
        ids[place] = len(known) + fresh.setdefault(words[place], len(fresh))
    return NumberedWords(ids, np.array(offsets, dtype=np.int64))


def _beside(left: csr_array, right: csr_array) -> csr_array:
    if not right.shape[1]:
        return left
    return csr_array(hstack([left, right], format="csr", dtype=np.float32))


def _to_length_1(matrix: csr_array) -> csr_array:
    """Divide each row, in place, by its length; empty rows stay as they are."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=matrix.data**2, minlength=matrix.shape[0]))
    matrix.data = (matrix.data / lengths[rows]).astype(np.float32)
    return matrix

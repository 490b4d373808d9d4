"""Counting n-grams of any number of texts, some texts at a time.

The words of all texts stand as numbers in one array, which may be a file. They are walked twice: to
learn which n-grams stand in two texts or more, and to count those. What is in memory are the counts
of some texts, and of every distinct word, piece and kept pair one number.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._scratch import Growing

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+|[^\w\s]")
_NO_MARKS = bytes(code for code in range(128) if re.match(r"[\w\s]", chr(code)))
"""Of ASCII what is part of a word or blank."""
_MIN_TEXTS = 2
"""N-grams of fewer training texts cannot tell anything about another text."""
_WORDS_AT_ONCE = 1 << 16
_KEPT_BYTES = 1 << 26
"""Of counts that are made but once."""
_PAIRS_AT_ONCE = 1 << 23
_SAMPLED_EVERY = 1 << 10


class NumberedWords(NamedTuple):
    """The words of N texts by their numbers."""

    ids: NDArray[Any]
    """All texts behind each other."""
    offsets: NDArray[np.int64]
    """(N + 1,) where each text starts and the last one ends."""

    def blocks(self) -> Iterator[slice]:
        """Yield texts that follow each other, so many that they are counted at once."""
        start, texts = 0, len(self.offsets) - 1
        while start < texts:
            most = self.offsets[start] + _WORDS_AT_ONCE
            end = max(int(np.searchsorted(self.offsets, most, side="right")) - 1, start + 1)
            yield slice(start, end)
            start = end

    def only(self, texts: slice) -> NumberedWords:
        """Return texts that follow each other."""
        offsets = self.offsets[texts.start : texts.stop + 1]
        ids = self.ids[offsets[0] : offsets[-1]].astype(np.int64)
        return NumberedWords(ids, offsets - offsets[0])


class _Counts(NamedTuple):
    """How often n-grams stand in some texts."""

    words: csr_array
    """(n, words)"""
    pieces: csr_array
    """(n, pieces)"""

    @property
    def nbytes(self) -> int:
        return _bytes_of(self.words) + _bytes_of(self.pieces)


class _Pairs(NamedTuple):
    """How often pairs of words stand in some texts: (n, K) with the ascending keys of K pairs."""

    keys: NDArray[np.int64]
    matrix: csr_array


class _Kept(NamedTuple):
    """N-grams that stand in two texts or more."""

    keys: NDArray[np.int64]
    """(K,) ascending."""
    texts: NDArray[np.int64]
    """(K,) how many each stands in."""

    @classmethod
    def of(cls, texts: NDArray[np.int64]) -> _Kept:
        keys = np.flatnonzero(texts >= _MIN_TEXTS)
        return cls(keys, texts[keys])


@dataclass(eq=False)
class Counting:
    """N-grams of numbered texts; spellings: the word of each number."""

    numbered: NumberedWords
    spellings: tuple[str, ...]
    piece_sizes: tuple[int, int]
    words: _Kept = field(init=False)
    """By the numbers of words."""
    pairs: _Kept = field(init=False)
    """By ``first * K + second`` of the places in *words*, which are K."""
    pieces: _Kept = field(init=False)
    """By places in *piece_spellings*."""
    piece_spellings: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        numbers: dict[str, int] = {}
        self._spelling = spell(self.spellings, self.piece_sizes, numbers, grow=True)
        self.piece_spellings = tuple(numbers)
        self._made: dict[int, _Counts] = {}
        self._made_pairs: dict[int, _Pairs] = {}
        self._room = _KEPT_BYTES
        self.words, self.pieces = self._find_words()
        self._places = _places_of(self.words.keys, len(self.spellings))
        self._piece_places = _places_of(self.pieces.keys, len(self.piece_spellings))
        self.pairs = self._find_pairs()

    @property
    def entries(self) -> int:
        """How many n-grams the texts have, each counted once in a text."""
        return sum(int(kept.texts.sum()) for kept in (self.words, self.pairs, self.pieces))

    def blocks(self) -> Iterator[tuple[slice, csr_array, csr_array, csr_array]]:
        """Yield some texts at a time, with the counts of their words, pairs and pieces."""
        for number, texts in enumerate(self.numbered.blocks()):
            counts, pairs = self._count(number, texts), self._count_pairs(number, texts)
            self._made.pop(number, None)
            self._made_pairs.pop(number, None)
            yield (
                texts,
                _renumbered(counts.words, self._places, len(self.words.keys)),
                _only_keys(pairs, self.pairs.keys),
                _renumbered(counts.pieces, self._piece_places, len(self.pieces.keys)),
            )

    def _find_words(self) -> tuple[_Kept, _Kept]:
        """Return the words and pieces that are kept."""
        of_words = np.zeros(len(self.spellings), dtype=np.int64)
        of_pieces = np.zeros(len(self.piece_spellings), dtype=np.int64)
        for number, texts in enumerate(self.numbered.blocks()):
            counts = self._count(number, texts)
            of_words += np.bincount(counts.words.indices, minlength=len(of_words))
            of_pieces += np.bincount(counts.pieces.indices, minlength=len(of_pieces))
            self._keep(self._made, number, counts, counts.nbytes)
        return _Kept.of(of_words), _Kept.of(of_pieces)

    def _find_pairs(self) -> _Kept:
        """Return the pairs that are kept, of kept words."""
        keys, texts, ends = Growing(np.int64), Growing(np.int64), [0]
        for number, some in enumerate(self.numbered.blocks()):
            pairs = self._count_pairs(number, some)
            keys.append(pairs.keys)
            texts.append(np.bincount(pairs.matrix.indices, minlength=len(pairs.keys)))
            ends.append(len(keys))
            self._keep(self._made_pairs, number, pairs, _bytes_of(pairs.matrix))
        return merge_counts(keys.finish(), texts.finish(), ends)

    def _keep(self, made: dict[int, Any], number: int, counts: Any, size: int) -> None:
        if size <= self._room:
            self._room -= size
            made[number] = counts

    def _count(self, number: int, texts: slice) -> _Counts:
        """Return the counts of all words and pieces."""
        if number in self._made:
            return self._made[number]
        by_word = count_words(self.numbered.only(texts), len(self.spellings))
        return _Counts(by_word, csr_array(by_word @ self._spelling))

    def _count_pairs(self, number: int, texts: slice) -> _Pairs:
        """Return the counts of all pairs of kept words."""
        if number in self._made_pairs:
            return self._made_pairs[number]
        ids, offsets = self.numbered.only(texts)
        found, places = pair_keys(self._places[ids].astype(np.int64), offsets, len(self.words.keys))
        keys, columns = np.unique(found, return_inverse=True)
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[places]
        ones = np.ones(len(rows), dtype=np.float32)
        shape = (len(offsets) - 1, len(keys))
        return _Pairs(keys, csr_array((ones, (rows, columns)), shape=shape))


def merge_counts(keys: NDArray[np.int64], counts: NDArray[np.int64], ends: list[int]) -> _Kept:
    """Add up the counts of equal keys; return those that count 2 or more.

    keys: parts of ascending keys behind each other; ends: where each part ends, from 0 on. A range
    of keys is looked at at a time.
    """
    parts = [slice(*part) for part in pairwise(ends)]
    sample = np.sort(keys[::_SAMPLED_EVERY])
    bounds = np.unique(sample[:: max(1, _PAIRS_AT_ONCE // _SAMPLED_EVERY)])
    cuts = [np.searchsorted(keys[part], bounds) + part.start for part in parts]
    cuts = [np.concatenate([[p.start], c, [p.stop]]) for p, c in zip(parts, cuts, strict=True)]
    found: list[NDArray[np.int64]] = []
    texts: list[NDArray[np.int64]] = []
    for number in range(len(bounds) + 1):
        here = [slice(*cut[number : number + 2]) for cut in cuts]
        distinct, places = np.unique(
            np.concatenate([keys[:0], *(keys[part] for part in here)]), return_inverse=True
        )
        weights = np.concatenate([counts[:0], *(counts[part] for part in here)])
        # Exact: the sums are whole numbers far below 2 ** 53.
        sums = np.bincount(places, weights=weights, minlength=len(distinct)).astype(np.int64)
        kept = sums >= _MIN_TEXTS
        found.append(distinct[kept])
        texts.append(sums[kept])
    return _Kept(np.concatenate(found), np.concatenate(texts))


def find_words(text: str, *, lowercase: bool = True) -> list[str]:
    """Return the words of a text as the features read them, or in the case they have."""
    plain = unicodedata.normalize("NFKC", text)
    if lowercase:
        plain = plain.lower()
    if not plain.isascii():
        return _WORD.findall(plain)
    # The same in a third of the time: with a blank on either side of each mark.
    for mark in set(plain.encode().translate(None, _NO_MARKS)):
        plain = plain.replace(chr(mark), f" {chr(mark)} ")
    return plain.split()


def count_words(numbered: NumberedWords, words: int) -> csr_array:
    """Return how often each of *words* words stands in each text (N, words)."""
    ids, offsets = numbered
    ones = np.ones(len(ids), dtype=np.float32)
    # Copied, because duplicates are summed in place.
    matrix = csr_array((ones, ids.copy(), offsets.copy()), shape=(len(offsets) - 1, words))
    matrix.sum_duplicates()
    return matrix


def pair_keys(
    ids: NDArray[np.int64], offsets: NDArray[np.int64], words: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``first * words + second`` of neighbours within a text, and where the first stands.

    An id of -1 is a neighbour of nothing.
    """
    inside = (ids[:-1] >= 0) & (ids[1:] >= 0)
    ends = offsets[1:-1]
    inside[ends[(ends > 0) & (ends < len(ids))] - 1] = False
    places = np.flatnonzero(inside)
    return ids[places] * words + ids[places + 1], places


def spell(
    words: tuple[str, ...], sizes: tuple[int, int], numbers: dict[str, int], *, grow: bool
) -> csr_array:
    """Return how often each piece stands in each word, (words, pieces).

    With *grow* new pieces are added to *numbers*, else they are passed over.
    """
    columns = array("q")
    offsets = [0]
    shortest, longest = sizes
    for word in words:
        marked = f" {word} "
        for size in range(shortest, min(longest, len(marked)) + 1) if longest else ():
            for start in range(len(marked) - size + 1):
                piece = marked[start : start + size]
                number = numbers.setdefault(piece, len(numbers)) if grow else numbers.get(piece)
                if number is not None:
                    columns.append(number)
        offsets.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    indices = np.array(columns, dtype=np.int64)
    matrix = csr_array((ones, indices, np.array(offsets)), shape=(len(words), len(numbers)))
    matrix.sum_duplicates()
    return matrix


def rareness(texts: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Return how rare n-grams are that stand in so many of *count* texts."""
    return (np.log((1 + count) / (1 + texts)) + 1).astype(np.float32)


def _places_of(keys: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """Return the place in *keys* of each number below *count*, -1 where it is not among them."""
    places = np.full(count, -1, dtype=np.int32)
    places[keys] = np.arange(len(keys))
    return places


def _only_keys(pairs: _Pairs, keys: NDArray[np.int64]) -> csr_array:
    """Return the columns of some of all pairs, by ascending keys, numbered as those are."""
    if not len(keys):
        return _renumbered(pairs.matrix, np.full(len(pairs.keys), -1), 0)
    places = np.minimum(np.searchsorted(keys, pairs.keys), len(keys) - 1)
    return _renumbered(pairs.matrix, np.where(keys[places] == pairs.keys, places, -1), len(keys))


def _renumbered(matrix: csr_array, places: NDArray[Any], width: int) -> csr_array:
    """Return the columns that have a place, in it; the entries of a row keep their order."""
    found = places[matrix.indices]
    kept = found >= 0
    offsets = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    cells = (matrix.data[kept], found[kept], offsets)
    return csr_array(cells, shape=(matrix.shape[0], width))


def _bytes_of(matrix: csr_array) -> int:
    return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)

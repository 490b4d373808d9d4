"""Which of many texts are meant by one that is none of them: typos, other words, another order.

Comparing a text with a hundred thousand others would take seconds. The rare pieces of three
characters that they share decide which few are compared in full, and by their words: in a label
that is meant the rare words are there, perhaps with a typo, while "History of art" is not meant by
"History of Asia", however many characters both share.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.taxonomy.spelling import fold, name_key, without_marks

LONGEST = 200
"""Characters of a text that are compared."""
LEAST = 0.65
"""How alike two texts are of which one may be meant by the other."""
_LEAST_OF_A_WORD = 0.75
_LEAST_OF_A_SHORT_WORD = 0.8
_SHORT = 3
_LEAST_OF_WORDS = 0.6
_LEAST_OF_OTHER_WORDS = 0.75
_LEAST_SQUEEZED = 0.9
_COMPARED = 40
"""Texts that are compared in full."""
_WORD = re.compile(r"[\w+#]+")
_DIGIT = re.compile(r"\d")
_PIECE = 3
_BITS_OF_A_CHARACTER = 21


def likeness(first: str, second: str, least: float = 0.0) -> float:
    """Return how alike two names are, 0 to 1, in their own order of words or sorted.

    Twice the characters that match by those of both (Ratcliff and Obershelp), as in ``difflib``.
    least: what is certainly below it is 0, which is quicker.
    """
    first, second = first[:LONGEST], second[:LONGEST]
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    one, other = (" ".join(sorted(text.split())) for text in (first, second))
    ordered = matcher.ratio()
    if (one, other) == (first, second):
        return ordered
    matcher.set_seqs(one, other)
    return max(ordered, matcher.ratio())


class _Word(NamedTuple):
    key: str
    """Without what two forms of the word may differ in."""
    plain: str

    def alike(self, other: _Word) -> float:
        """Return how alike two words are; 0 where they are not the same with a typo."""
        return max(_alike(self.key, other.key), _alike(self.plain, other.plain))


class NearTexts:
    """Many texts, made ready once to be looked up by what is like them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def find(self, text: str, *, most: int = 1) -> list[tuple[int, float]]:
        """Return the places of the texts that may be meant by *text*, and how alike they are.

        0.65 to 1, the likeliest first; 1: the same but for case, blanks, accents and the order of
        words. A text may be meant where its words are those of *text*, by weight at least three
        fifths of both, three quarters where each has one that the other lacks: a word is worth
        more the fewer texts have it, and is the same where three quarters of its characters are.
        """
        if not self._texts or len(text) > LONGEST:
            return []
        shape = _shape(text)
        words, squeezed = _words(text), _squeeze(text)
        found: list[tuple[float, int]] = []
        for at in self._sharing(text):
            other = self._texts[at]
            alike = likeness(shape, _shape(other), LEAST)
            if alike < LEAST:
                continue
            theirs = _words(other)
            if self._share_words(words, theirs) or (
                len(words) != len(theirs)  # one word that is written as two
                and _alike(squeezed, _squeeze(other)) >= _LEAST_SQUEEZED
            ):
                found.append((-alike, at))
        return [(at, -alike) for alike, at in sorted(found)[:most]]

    def _share_words(self, words: Sequence[_Word], theirs: Sequence[_Word]) -> bool:
        """Whether enough of the words of two texts are in both, by weight."""
        left, mine, both = [*theirs], [], 0.0
        for word in words:
            same = next((other for other in left if other.key == word.key), None)
            if same is None:
                mine.append(word)
            else:
                left.remove(same)
                both += 2 * self._weight(word)
        total, lacking = both, 0
        for word in mine:
            near = max(left, key=word.alike, default=None)
            alike = 0.0 if near is None else word.alike(near)
            if near is not None and alike:
                left.remove(near)
                both += 2 * alike * self._weight(near)
                total += 2 * self._weight(near)
            else:
                lacking += 1
                total += self._weight(word)
        total += sum(map(self._weight, left))
        return both >= total * (_LEAST_OF_OTHER_WORDS if lacking and left else _LEAST_OF_WORDS)

    def _weight(self, word: _Word) -> float:
        return math.log1p(len(self._texts) / max(self._counts[word.key], 1))

    @cached_property
    def _counts(self) -> Counter[str]:
        """In how many texts each word is."""
        return Counter(key for text in self._texts for key in {word.key for word in _words(text)})

    def _sharing(self, text: str) -> list[int]:
        """Return the places of the texts that share the most rare pieces with *text*."""
        keys, starts, places, lengths, weights = self._pieces
        wanted = np.unique(_piece_keys([text])[0])
        at = np.searchsorted(keys, wanted)
        at = at[(at < len(keys)) & (keys[np.minimum(at, len(keys) - 1)] == wanted)]
        if not len(at):
            return []
        cells = [places[starts[one] : starts[one + 1]] for one in at.tolist()]
        worth = np.repeat(weights[at] ** 2, [len(each) for each in cells])
        sums = np.bincount(np.concatenate(cells), worth, minlength=len(self._texts))
        cosines = sums / lengths
        best = np.argsort(-cosines, kind="stable")[:_COMPARED] if len(cosines) < 1_000 else None
        if best is None:
            some = np.argpartition(-cosines, _COMPARED)[:_COMPARED]
            best = some[np.lexsort((some, -cosines[some]))]
        return [int(place) for place in best if cosines[place] > 0]

    @cached_property
    def _pieces(
        self,
    ) -> tuple[
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int32],
        NDArray[np.float64],
        NDArray[np.float64],
    ]:
        """The pieces of all texts: keys, where the texts of each start, these texts, the lengths
        of the texts as vectors, and the weights of the pieces.
        """
        pieces, owners = _piece_keys(self._texts)
        order = np.argsort(pieces, kind="stable")
        pieces, owners = pieces[order], owners[order]
        new = np.ones(len(pieces), dtype=bool)
        new[1:] = (pieces[1:] != pieces[:-1]) | (owners[1:] != owners[:-1])
        pieces, owners = pieces[new], owners[new]
        keys, starts, counts = np.unique(pieces, return_index=True, return_counts=True)
        weights = np.log1p(len(self._texts) / counts)
        squares = np.bincount(owners, np.repeat(weights**2, counts), minlength=len(self._texts))
        lengths = np.sqrt(np.maximum(squares, 1e-12))
        return keys, np.append(starts, len(pieces)), owners, lengths, weights


def _piece_keys(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the pieces of texts as numbers, and the place of the text that each is of."""
    shapes = [f"  {name_key(text[:LONGEST])} " for text in texts]
    signs = np.frombuffer("".join(shapes).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    sizes = np.array([len(shape) for shape in shapes], dtype=np.int64)
    owners = np.repeat(np.arange(len(shapes), dtype=np.int32), sizes)
    signs = signs.astype(np.int64)
    keys = signs[:-2] << 2 * _BITS_OF_A_CHARACTER
    keys |= signs[1:-1] << _BITS_OF_A_CHARACTER
    keys |= signs[2:]
    whole = owners[:-2] == owners[2:]
    return keys[whole], owners[:-2][whole]


def _shape(text: str) -> str:
    return without_marks(fold(text[:LONGEST]))


def _squeeze(text: str) -> str:
    return name_key(text[:LONGEST]).replace(" ", "")


def _words(text: str) -> list[_Word]:
    """Return the words of a text as :func:`name_key` has them; what has digits is one, a code, and
    of scripts without blanks each character is.
    """
    found: list[_Word] = []
    for part in text[:LONGEST].replace("&", " and ").split():
        plain = _shape(part)
        if _DIGIT.search(part):
            found.append(_Word(plain, plain))
            continue
        for word in _WORD.findall(plain):
            signs = word if _has_no_blanks(word) else [word]
            found += [_Word(name_key(sign), sign) for sign in signs]
    return found or [_Word(_shape(text), _shape(text))]


def _has_no_blanks(word: str) -> bool:
    return not word.isascii() and any(
        unicodedata.east_asian_width(sign) == "W" or "\u0e00" <= sign <= "\u0eff" for sign in word
    )


def _alike(first: str, second: str) -> float:
    """Return how alike two words are; 0 where they are not the same with a typo."""
    if first == second:
        return 1.0
    is_short = min(len(first), len(second)) <= _SHORT
    least = _LEAST_OF_A_SHORT_WORD if is_short else _LEAST_OF_A_WORD
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    alike = matcher.ratio()
    return alike if alike >= least or _are_swapped(first, second) else 0.0


def _are_swapped(first: str, second: str) -> bool:
    """Whether two different words, of three letters or more, are the same but for two neighbours
    that changed places.
    """
    if len(first) != len(second) or len(first) < _SHORT or not first.isalpha():
        return False
    at = next(place for place, sign in enumerate(first) if sign != second[place])
    swapped = first[:at] + first[at : at + 2][::-1] + first[at + 2 :]
    return swapped == second

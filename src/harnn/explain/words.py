"""Cut a text at its words and say how much each spoke for each label."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harnn.explain.values import Explanation, WordWeight

SHADES = 9
"""Shade of a label's strongest word; 0 is no shade."""

_NEARLY_EVEN = 0.4
_FEW_WORDS = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text that has the same shades throughout."""

    text: str
    shades: tuple[tuple[int, int], ...]
    """Position of the label and its shade, 1 to ``SHADES``; labels without shade are left out."""


@dataclass(frozen=True, slots=True)
class TopWord:
    """A word and what all its occurrences weigh together."""

    word: str
    occurrences: int
    weight: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How many words it takes to gather half of what speaks for a label."""

    half: int
    words: int

    @property
    def is_nearly_even(self) -> bool:
        """Whether no few words stand out, so that shades say little."""
        return self.words >= _FEW_WORDS and self.half >= _NEARLY_EVEN * self.words


def cut_text(explanation: Explanation) -> Iterator[Piece]:
    """Yield pieces that joined are the text; words no label shades are not cut out.

    Where words overlap, the stronger shade of a label wins.

    Raises:
        ValueError: a word lies outside of the text.
    """
    text = explanation.text
    words = [
        (word.start, word.end, position, shade)
        for position, item in enumerate(explanation.labels)
        for word, shade in _shades(item.weights, len(text), explanation.id)
    ]
    bounds = sorted({0, len(text)}.union(*((start, end) for start, end, _, _ in words)))
    place = {bound: number for number, bound in enumerate(bounds)}
    shades: list[dict[int, int]] = [{} for _ in bounds]
    for start, end, position, shade in words:
        for stretch in shades[place[start] : place[end]]:
            stretch[position] = max(shade, stretch.get(position, 0))
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        yield Piece(text[start:end], tuple(sorted(shades[number].items())))


def _shades(
    weights: Sequence[WordWeight], length: int, document: str
) -> Iterator[tuple[WordWeight, int]]:
    strongest = max((word.weight for word in weights), default=0.0)
    for word in weights:
        if not 0 <= word.start <= word.end <= length:
            raise ValueError(
                f"Document {document!r}: expected words inside its {length:,} characters, "
                f"got {word.start} to {word.end}."
            )
        shade = round(SHADES * word.weight / strongest) if strongest > 0 else 0
        if shade > 0 and word.start < word.end:
            yield word, shade


def top_words(weights: Sequence[WordWeight], count: int) -> list[TopWord]:
    """Return the *count* words of most weight, occurrences added up, most first."""
    totals: dict[str, tuple[int, float]] = {}
    for word in weights:
        occurrences, weight = totals.get(word.word, (0, 0.0))
        totals[word.word] = (occurrences + 1, weight + word.weight)
    found = (TopWord(word, *total) for word, total in totals.items() if total[1] > 0)
    return sorted(found, key=lambda top: -top.weight)[:count]


def measure_spread(weights: Sequence[WordWeight]) -> Spread:
    """Count the strongest words that together have at least half of the weight."""
    ordered = sorted((word.weight for word in weights), reverse=True)
    rest = sum(ordered) / 2
    half = 0
    while half < len(ordered) and rest > 1e-9:
        rest -= ordered[half]
        half += 1
    return Spread(half, len(ordered))

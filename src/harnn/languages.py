"""Whether texts are English, told from the words counted in them: their script and small words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# fmt: off
_SMALL_WORDS = {
    "the", "and", "of", "to", "for", "with", "that", "from", "this", "are", "by", "or", "which",
    "be", "is",
}
# fmt: on
_LEAST_LATIN = 0.8
_LEAST_SMALL = 0.1
"""In the sets of docs/experiments.md 16 to 24% of the words of English texts are small ones, and
none of other languages' are more than one in a hundred."""


@dataclass(slots=True)
class EnglishSigns:
    """Counts of words, in lower case, as they come."""

    words: int = 0
    latin: int = 0
    """Words that begin with a letter from a to z."""
    small: int = 0

    def add(self, words: Iterable[tuple[str, int]]) -> None:
        """Count words that stand so many times."""
        for word, times in words:
            self.words += times
            self.latin += times * ("a" <= word[:1] <= "z")
            self.small += times * (word in _SMALL_WORDS)

    @property
    def are_seen(self) -> bool:
        """Whether most of the text is English."""
        return (
            self.words > 0
            and self.latin >= _LEAST_LATIN * self.words
            and self.small >= _LEAST_SMALL * self.latin
        )

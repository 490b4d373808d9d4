"""What language texts are in: whether the words counted in them are English, told from their script
and small words; which script a text is written in; and which of several languages a text is in
(extra ``languages``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from harnn._optional import require
from harnn.errors import ConfigError, Problem

# fmt: off
_SMALL_WORDS = {
    "the", "and", "of", "to", "for", "with", "that", "from", "this", "are", "by", "or", "which",
    "be", "is",
}
# fmt: on
_READ = 10_000
"""Characters of a text that tell its language; more of them tell the same."""
_LEAST_LATIN = 0.8
_LEAST_SMALL = 0.1
"""In the sets of docs/experiments.md 16 to 24% of the words of English texts are small ones, and
none of other languages' are more than one in a hundred."""
_LOOKED_AT = 1_000
"""Characters of a text that tell its script."""
_SCRIPTS = {
    "Latin": "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic": "\u0400-\u052f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "Indic": "\u0900-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Kana": "\u3040-\u30ff",
    "Hangul": "\u1100-\u11ff\uac00-\ud7af",
    "Han": "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
}
_LETTERS = {name: re.compile(f"[{ranges}]") for name, ranges in _SCRIPTS.items()}
_LATIN_WORD = re.compile(r"[a-z]+")
WRITINGS = ("English", *_SCRIPTS, "other", "none")
"""What :func:`find_writing` returns."""


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


def find_writing(text: str) -> str:
    """Return what the beginning of a text is written in: one of :data:`WRITINGS`.

    That is the script of most of its letters, Kana also where much of the rest is Han; ``English``
    stands for a Latin text of which a tenth of the words are English small ones, which few short
    texts have; ``none`` for a text without any letter.
    """
    start = text[:_LOOKED_AT]
    script = "Latin"
    if not start.isascii():
        counts = {name: len(letters.findall(start)) for name, letters in _LETTERS.items()}
        if counts["Kana"]:
            counts["Kana"] += counts.pop("Han")
        script = max(counts, key=counts.__getitem__)
        if not counts[script]:
            return "other" if any(map(str.isalpha, start)) else "none"
    if script != "Latin":
        return script
    words = _LATIN_WORD.findall(start.lower())
    if not words:
        return "Latin" if any(map(str.isalpha, start)) else "none"
    small = sum(map(_SMALL_WORDS.__contains__, words))
    return "English" if small >= _LEAST_SMALL * len(words) else "Latin"


class LanguageScore(NamedTuple):
    """How likely a text is in a language."""

    language: str | None
    """As ISO 639 writes it, ``en``, ``zh``; None: any other."""
    score: float
    """0 to 1."""


def detect_language(text: str, languages: Sequence[str]) -> list[LanguageScore]:
    """Return how likely a text is in each of some languages and, as None, in none of them.

    The likeliest comes first, None last; all scores together are 1. Of a long text the beginning
    is read; in a few words many languages may be seen, so that None has most of it.

    Raises:
        ConfigError: a language is not known, or none is given.
        MissingExtraError: the extra ``languages`` is not installed.
    """
    identifier = _identifier()
    wanted = list(dict.fromkeys(languages))
    known = set(identifier.labels)
    problems = [
        Problem("", f"the language {each!r} is not known, expected a code such as en, de or zh.")
        for each in wanted
        if each not in known
    ]
    if problems or not wanted:
        raise ConfigError(problems or "expected a language.")
    scores = dict(identifier.rank(text[:_READ]))
    found = [LanguageScore(each, float(scores[each])) for each in wanted]
    rest = max(0.0, 1 - sum(each.score for each in found))
    return [*sorted(found, key=lambda each: -each.score), LanguageScore(None, rest)]


@cache
def _identifier() -> Any:
    """Return what knows 140 languages by sequences of bytes; takes half a second and 100 MB."""
    langid = require("py3langid", purpose="Telling languages", extra="languages").langid
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

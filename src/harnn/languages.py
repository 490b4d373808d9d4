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

import numpy as np
from numpy.typing import NDArray

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
_TOGETHER = 16
"""Texts from which on it pays to look at their characters together."""
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
"""Single letters, and ranges of them."""
_LAST_LETTER = 0x3FFFF
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
            return _without_script(start, "other")
    if script != "Latin":
        return script
    words = _LATIN_WORD.findall(start.lower())
    if not words:
        return _without_script(start, "Latin")
    small = sum(map(_SMALL_WORDS.__contains__, words))
    return "English" if small >= _LEAST_SMALL * len(words) else "Latin"


def find_writings(texts: Sequence[str]) -> list[str]:
    """Return what :func:`find_writing` says of each text; of many at a fraction of the time.

    All of them are looked at together, as arrays of characters.
    """
    if len(texts) < _TOGETHER:
        return [find_writing(text) for text in texts]
    starts = [text[:_LOOKED_AT] for text in texts]
    found = ["Latin"] * len(starts)
    if rows := [row for row, start in enumerate(starts) if not start.isascii()]:
        counts, names = _count_scripts([starts[row] for row in rows]), tuple(_SCRIPTS)
        for row, best, most in zip(rows, counts.argmax(axis=1), counts.max(axis=1), strict=True):
            found[row] = names[best] if most else _without_script(starts[row], "other")
    latin = [row for row, script in enumerate(found) if script == "Latin"]
    words, small = _count_latin_words([starts[row].lower() for row in latin])
    is_english = small >= _LEAST_SMALL * words
    for row, count, english in zip(latin, words.tolist(), is_english.tolist(), strict=True):
        if not count:
            found[row] = _without_script(starts[row], "Latin")
        elif english:
            found[row] = "English"
    return found


def _without_script(text: str, script: str) -> str:
    """Return what a text is written in that has no letter that is looked for."""
    return script if any(map(str.isalpha, text)) else "none"


def _count_scripts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return how many letters of each script there are, (N, S); Kana with Han where both are."""
    table, kinds = _script_table(), len(_SCRIPTS) + 1
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    rows = np.repeat(np.arange(len(texts)) * kinds, [len(text) for text in texts])
    places = rows + table[np.minimum(points, _LAST_LETTER + 1)]
    counts = np.bincount(places, minlength=kinds * len(texts)).reshape(-1, kinds)[:, 1:]
    kana, han = (list(_SCRIPTS).index(name) for name in ("Kana", "Han"))
    japanese = counts[:, kana] > 0
    counts[japanese, kana] += counts[japanese, han]
    counts[japanese, han] = 0
    return counts


@cache
def _script_table() -> NDArray[np.uint8]:
    """Return the number of the script of each character, from 1; 0 for others, and for the last."""
    table = np.zeros(_LAST_LETTER + 2, dtype=np.uint8)
    for number, ranges in enumerate(_SCRIPTS.values(), start=1):
        for first, last in re.findall("(.)(?:-(.))?", ranges, re.DOTALL):
            table[ord(first) : ord(last or first) + 1] = number
    return table


def _count_latin_words(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many words from a to z texts in lower case have, and English small ones, (N,)."""
    codes = _small_codes()
    longest = max(map(len, _SMALL_WORDS))
    joined = "\n".join(["", *texts, ""]).encode("ascii", "replace")
    letters = np.frombuffer(joined, dtype=np.uint8)
    is_letter = (letters >= ord("a")) & (letters <= ord("z"))
    edges = np.flatnonzero(is_letter[1:] != is_letter[:-1]) + 1
    starts, sizes = edges[::2], np.diff(edges)[::2]
    texts_start = np.cumsum([0, *(len(text) + 1 for text in texts)])
    words = np.diff(np.searchsorted(starts, texts_start))
    short = sizes <= longest
    starts, sizes = starts[short], sizes[short]
    # A word of at most eight letters as one number: eight characters from its start, less the rest.
    padded = np.frombuffer(joined + bytes(8), dtype=np.uint8)
    eights = np.lib.stride_tricks.sliding_window_view(padded, 8)[starts].view("<u8").ravel()
    own = eights & ((np.uint64(1) << (8 * sizes).astype(np.uint64)) - np.uint64(1))
    nearest = np.minimum(np.searchsorted(codes, own), len(codes) - 1)
    small = np.diff(np.searchsorted(starts[codes[nearest] == own], texts_start))
    return words, small


@cache
def _small_codes() -> NDArray[np.uint64]:
    """Return English small words as numbers, ascending: their letters from the lowest byte on."""
    plain = [int.from_bytes(word.encode(), "little") for word in _SMALL_WORDS]
    return np.array(sorted(plain), dtype=np.uint64)


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

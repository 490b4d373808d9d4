"""What language texts are in: whether the words counted in them are English, told from their script
and small words; which script a text is written in; and which of several languages a text is in
(extra ``languages``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._optional import require
from harnn.errors import ConfigError, Problem

_SMALL_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "English": "the and of to for with that from this are by or which be is",
        "German": "der die das und ist nicht ein eine einen einem einer den dem des mit von zu auf "
        "sich auch wird im zum zur bei als dass es sie wie oder aus nach um vor bis kann hat nur "
        "wurde werden",
        "French": "le la les de des et est une un dans que qui pour sur par ne pas du au aux il "
        "elle sont ce cette avec en se plus nous vous",
        "Spanish": "el la los las de del que en un una por con para es se al su sus como lo cuando "
        "este esta pero hay",
        "Italian": "il la le lo gli e di del della dei che un una per non con sono si da nel nella "
        "al alla dal dalla ha come anche",
        "Portuguese": "os o e de da dos das em um uma que para com se na nos nas ao por mais uma "
        "pelo pela ou foi quando este esta",
        "Dutch": "de het een van en dat niet op te zijn voor met wordt aan er bij ook die naar om "
        "hij als uit maar dan heeft",
    }.items()
}
"""Without accents, of at most eight letters; of other languages than English none that is common
in English."""
_READ = 10_000
"""Characters of a text that tell its language; more of them tell the same."""
_LEAST_LATIN = 0.8
_LEAST_SMALL = 0.1
"""In the sets of docs/experiments.md 16 to 24% of the words of English texts are small ones, and
none of other languages' are more than one in a hundred."""
_LEAST_OTHER, _LEAST_OTHER_WORDS = 0.12, 3
"""Of the words of a text that is not English, and how many of them, tell its language."""
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
LATIN_LANGUAGES = tuple(_SMALL_WORDS)
"""That are told from other Latin texts."""
WRITINGS = (*LATIN_LANGUAGES, *_SCRIPTS, "other", "none")
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
        small = _SMALL_WORDS["English"]
        for word, times in words:
            self.words += times
            self.latin += times * ("a" <= word[:1] <= "z")
            self.small += times * (word in small)

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

    That is the script of most of its letters, Kana also where much of the rest is Han; ``none`` for
    a text without any letter. Of Latin texts it is the language where they have small words enough,
    which many of less than 20 words have not: a tenth of them for English, which comes first, and
    an eighth or so for others, three at least.
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
    english, *others = _SMALL_WORDS.values()
    if sum(map(english.__contains__, words)) >= _LEAST_SMALL * len(words):
        return "English"
    return _other_language(len(words), [sum(map(each.__contains__, words)) for each in others])


def _other_language(words: int, counts: list[Any]) -> str:
    """Return what a Latin text is written in that is not English.

    counts: its small words of each other language.
    """
    most = max(counts)
    if most < max(_LEAST_OTHER_WORDS, _LEAST_OTHER * words) or counts.count(most) > 1:
        return "Latin"
    return LATIN_LANGUAGES[1 + counts.index(most)]


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
    is_english = (small[:, 0] >= _LEAST_SMALL * words) & (words > 0)
    for row, english in zip(latin, is_english.tolist(), strict=True):
        found[row] = "English" if english else ""
    for place in np.flatnonzero(~is_english).tolist():
        row, count = latin[place], int(words[place])
        found[row] = (
            _other_language(count, small[place, 1:].tolist())
            if count
            else _without_script(starts[row], "Latin")
        )
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


def _count_latin_words(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return how many words from a to z texts in lower case have (N,), and small ones of each
    language (N, L).
    """
    table = _word_table()
    joined = "\n".join(["", *texts, ""]).encode("ascii", "replace") + bytes(8)
    letters = np.frombuffer(joined, dtype=np.uint8)
    is_letter = (letters - ord("a")) < 26  # what is below wraps around
    edges = np.flatnonzero(is_letter[1:] != is_letter[:-1]) + 1
    starts = edges[::2]
    sizes = np.minimum(edges[1::2] - starts, len(_BYTES) - 1)
    # A word of at most eight letters as one number: eight characters from its start, less the rest.
    eights = np.ndarray(len(letters) - 7, "<u8", joined, strides=(1,))[starts]
    numbers, places = table.find(eights & _BYTES[sizes])
    bounds = np.searchsorted(starts, list(accumulate(map(len, texts), _behind, initial=0)))
    rows = np.searchsorted(bounds, places, side="right") - 1
    size = len(table.languages)
    counts = np.bincount(rows * size + numbers, minlength=len(texts) * size)
    small = counts.astype(np.float32).reshape(-1, size) @ table.languages
    return bounds[1:] - bounds[:-1], small


def _behind(start: int, size: int) -> int:
    """Return where the next text starts."""
    return start + size + 1


_BYTES = np.array([*((1 << 8 * size) - 1 for size in range(9)), 0], dtype="<u8")
"""Masks of the first bytes of eight; none of more."""


class _WordTable(NamedTuple):
    """Finds small words among many numbers that stand for words."""

    multiplier: np.uint64
    """Whose products have other upper bits for each word."""
    codes: NDArray[np.uint64]
    """By those bits, the number that stands for the word; what is none of a word without one."""
    numbers: NDArray[np.uint8]
    """By those bits, which word it is."""
    languages: NDArray[np.float32]
    """(W, L) 1 for each word of a language."""

    def find(self, codes: NDArray[np.uint64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return which words are among numbers, and where."""
        slots = (codes * self.multiplier) >> np.uint64(64 - _SLOT_BITS)
        places = np.flatnonzero(self.codes[slots] == codes)
        return self.numbers[slots[places]], places


_SLOT_BITS = 12


@cache
def _word_table() -> _WordTable:
    words = sorted(frozenset[str]().union(*_SMALL_WORDS.values()))
    codes = np.array([int.from_bytes(word.encode(), "little") for word in words], dtype=np.uint64)
    golden = np.uint64(0x9E3779B97F4A7C15)
    for odd in range(1, 1 << 16, 2):
        multiplier = np.array([odd], dtype=np.uint64) * golden
        slots = (codes * multiplier) >> np.uint64(64 - _SLOT_BITS)
        if len(np.unique(slots)) == len(words):
            break
    by_slot = np.full((2, 1 << _SLOT_BITS), -1, dtype=np.int64).astype(np.uint64)
    by_slot[:, slots] = codes, np.arange(len(words))
    members = [[word in each for each in _SMALL_WORDS.values()] for word in words]
    return _WordTable(
        multiplier[0],
        by_slot[0],
        by_slot[1].astype(np.uint8),
        np.array(members, dtype=np.float32),
    )


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

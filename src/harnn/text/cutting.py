"""Words of scripts without spaces, cut by libraries: jieba (Chinese) and ICU (Thai, Japanese, ...).

All cut a text completely: the pieces joined are the text.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from harnn._optional import require
from harnn.errors import ConfigError, Problem, cannot_read

Cut = Callable[[str], Sequence[str]]
CUTTERS = ("jieba", "icu")
"""Segmenters that are libraries."""
_ENTRY = re.compile("^(.+?)( [0-9]+)?( [a-z]+)?$")
"""A line of jieba's dictionaries: a word, how frequent it is, and its part of speech."""
_LARGEST_DICTIONARY = 32 << 20
_MOST_WORDS = 1_000_000
_LONGEST_WORD = 100
_MOST_FREQUENT = 10**12
_KEPT = 4
"""Dictionaries that are ready for use at a time; each takes jieba a second and 100 MB."""


class UserWord(NamedTuple):
    """A word that jieba does not know, or shall know better."""

    word: str
    frequency: int | None
    """None: so high that the word is found."""

    def problem(self) -> str:
        """Return what is wrong with it; empty where nothing is."""
        if not 1 <= len(self.word) <= _LONGEST_WORD:
            return f"has a word of {len(self.word):,} characters, expected 1 to {_LONGEST_WORD}."
        if self.frequency is not None and not 1 <= self.frequency <= _MOST_FREQUENT:
            return f"has a frequency of {self.frequency}, expected 1 to {_MOST_FREQUENT:,}."
        return ""


def read_user_dictionary(path: str | Path) -> tuple[UserWord, ...]:
    """Read a dictionary as jieba's own users write it: ``word [frequency] [part of speech]`` lines.

    Raises:
        ConfigError: it cannot be read or is too large; every line that is none.
    """
    where = Path(path)
    try:
        with where.open("rb") as file:
            data = file.read(_LARGEST_DICTIONARY + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(cannot_read(path, error)) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem(str(path), "is not UTF-8 text.")) from None
    if len(data) > _LARGEST_DICTIONARY:
        what = f"is larger than {_LARGEST_DICTIONARY >> 20} MB, the most that is read."
        raise ConfigError(Problem(str(path), what))
    words: list[UserWord] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        entry = _ENTRY.match(line.strip())
        if entry is None:  # blank
            continue
        word = UserWord(entry[1].strip(), None if entry[2] is None else _number(entry[2]))
        if what := word.problem():
            problems.append(Problem(f"{path}:{number}", what))
        words.append(word)
    if not words:
        problems.append(Problem(str(path), "holds no words."))
    if len(words) > _MOST_WORDS:
        problems.append(Problem(str(path), f"holds more than {_MOST_WORDS:,} words."))
    if problems:
        raise ConfigError(problems)
    return tuple(words)


def cutter(segmenter: str, user_words: tuple[UserWord, ...] = ()) -> Cut:
    """Return what cuts normalised text; with *user_words* jieba itself, else its Rust twin.

    Raises:
        MissingExtraError: the library is not installed.
    """
    if segmenter == "icu":
        require_icu()
        return cut_icu
    if not user_words:
        cut: Cut = require_rjieba().cut
        return cut
    return _jieba_with(user_words)


def require_segmenter(segmenter: str, *, user_words: bool = False) -> None:
    """Raises:
    MissingExtraError: what cuts texts so is not installed.
    """
    if segmenter == "icu":
        require_icu()
    elif segmenter == "jieba":
        (require_jieba if user_words else require_rjieba)()


def require_rjieba() -> Any:
    """Return the module rjieba.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("rjieba", extra="zh", purpose="Cutting Chinese text into words")


def require_jieba() -> Any:
    """Return the module jieba.

    Raises:
        MissingExtraError: it is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own: invalid escapes, pkg_resources
        return require("jieba", extra="jieba", purpose="Reading a user dictionary for Chinese")


def require_icu() -> Any:
    """Return the module icu.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("icu", extra="icu", purpose="Cutting text at the word boundaries of ICU")


def icu_version() -> str:
    """Return the version of ICU that is installed.

    Raises:
        MissingExtraError: PyICU is not installed.
    """
    return str(require_icu().ICU_VERSION)


def have_same_rules(one: str, other: str) -> bool:
    """Tell whether two versions of ICU have the same rules and dictionaries: those come with the
    version of Unicode and CLDR that a major version is made for; minor ones mend programs.

    Source: https://unicode-org.github.io/icu/userguide/icu/design#version-numbers-in-icu.
    """
    return one.partition(".")[0] == other.partition(".")[0]


def cut_icu(text: str) -> list[str]:
    """Cut text at the word boundaries of ICU, which has dictionaries for scripts without spaces.

    Source: Unicode Standard Annex 29, with ICU's dictionaries for Thai, Lao, Khmer, Burmese,
    Chinese and Japanese.

    Raises:
        MissingExtraError: PyICU is not installed.
    """
    icu = require_icu()
    breaks = icu.BreakIterator.createWordInstance(icu.Locale.getRoot())
    breaks.setText(text)
    units = text.encode("utf-16-le", "surrogatepass")  # which ICU counts
    bounds = [0, *breaks]
    return [
        units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")
        for start, end in itertools.pairwise(bounds)
    ]


@lru_cache(maxsize=_KEPT)
def _jieba_with(user_words: tuple[UserWord, ...]) -> Cut:
    jieba = require_jieba()
    words = jieba.Tokenizer()
    # As its own initialize does, but without a cache among the temporary files of all users.
    words.FREQ, words.total = words.gen_pfdict(words.get_dict_file())
    words.initialized = True
    for word, frequency in user_words:
        words.add_word(word, frequency)
    cut: Cut = words.lcut
    return cut


def _number(digits: str) -> int:
    """Return a number; of one with too many digits, one that is too large."""
    plain = digits.strip()
    return int(plain) if len(plain) <= 20 else _MOST_FREQUENT + 1

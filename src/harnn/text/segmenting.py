"""Where one token ends and the next begins."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Segment = Callable[[str], Sequence[str]]

# What no reader sees: soft hyphen, joiners, direction marks, byte order mark, variation selectors.
_INVISIBLE = (
    "\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0100-\U000e01ef"
)
INVISIBLE_PATTERN = f"[{_INVISIBLE}]"

# Scripts written without spaces between words: every character is a token in ``words`` mode.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
WORDS_PATTERN = (
    rf"[[{_UNSPACED}]&&[\p{{L}}\p{{N}}]]\p{{M}}*"
    rf"|[[\p{{L}}\p{{N}}_]&&[^{_UNSPACED}]][[\p{{L}}\p{{M}}\p{{N}}_]&&[^{_UNSPACED}]]*"
)
CHARACTERS_PATTERN = r"[^\s\p{Z}\p{Cc}\p{Cf}\p{Cs}]\p{M}*"

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇]")
_KANA = re.compile("[\u3041-\u309f\u30a0-\u30ff\uff66-\uff9f]")
_WORD_CHARACTER = re.compile(r"\w")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE_CHARACTER = re.compile(INVISIBLE_PATTERN)

SAMPLED_TEXTS = 200
_SAMPLED_CHARACTERS = 10_000
_HAN_SHARE = 0.3
_KANA_SHARE = 0.1
_UNSPACED_SHARE = 0.3
_SOUTH_EAST_ASIAN = {
    "Thai": re.compile("[\u0e01-\u0e7f]"),
    "Lao": re.compile("[\u0e81-\u0eff]"),
    "Khmer": re.compile("[\u1780-\u17ff]"),
    "Burmese": re.compile("[\u1000-\u109f]"),
}
JIEBA_IS_ABSENT = (
    "Most of the text is Chinese, but its word segmenter is not installed, so every character "
    "is a token; for words: pip install 'harnn[zh]'"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The segmenter chosen for a text, and a sentence where another would be better."""

    segmenter: str
    note: str = ""


def choose_segmenter(sample: Sequence[str]) -> Choice:
    """Choose ``jieba``, ``characters`` or ``words`` by the letters of *sample*.

    Japanese, told by its kana, is read with ``words``: jieba cuts Chinese only.
    """
    letters = han = kana = 0
    for text in sample:
        beginning = text[:_SAMPLED_CHARACTERS]
        letters += sum(map(str.isalpha, beginning))
        han += len(_HAN.findall(beginning))
        kana += len(_KANA.findall(beginning))
    if han <= _HAN_SHARE * letters or kana > _KANA_SHARE * letters:
        return Choice("words")
    if importlib.util.find_spec("rjieba") is None:
        return Choice("characters", JIEBA_IS_ABSENT)
    return Choice("jieba")


def unspaced_note(sample: Sequence[str]) -> str:
    """Return what to say of a text without spaces that is read with ``words``; mostly nothing."""
    beginnings = [text[:_SAMPLED_CHARACTERS] for text in sample]
    letters = sum(sum(map(str.isalpha, beginning)) for beginning in beginnings)

    def share(pattern: re.Pattern[str]) -> float:
        return sum(len(pattern.findall(beginning)) for beginning in beginnings) / max(letters, 1)

    for script, pattern in _SOUTH_EAST_ASIAN.items():
        if share(pattern) > _UNSPACED_SHARE:
            return _every_character(script, "icu")
    if share(_KANA) > _KANA_SHARE:
        return _every_character("Japanese", "icu")
    return _every_character("Chinese", "jieba") if share(_HAN) > _HAN_SHARE else ""


def _every_character(language: str, segmenter: str) -> str:
    extra = "zh" if segmenter == "jieba" else segmenter
    return (
        f"Much of the text is {language}, which has no spaces between words, so every character "
        f"is a token; for words: text.segmenter={segmenter} (pip install 'harnn[{extra}]')"
    )


def replace_surrogates(text: str) -> str:
    """Put U+FFFD for every lone surrogate, so that positions stay and UTF-8 can hold the text."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def is_word(piece: str) -> bool:
    """Tell pieces with a letter or digit from punctuation and space."""
    return _WORD_CHARACTER.search(piece) is not None


def is_compound(piece: str) -> bool:
    """Tell words of several Han characters and nothing else."""
    return len(piece) > 1 and all(map(_HAN.match, piece))


def locate(pieces: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Find the pieces in *text*, in order; what does not stand there gets an empty span."""
    position = 0
    for piece in pieces:
        start = text.find(piece, position)
        if start < 0:
            yield position, position
        else:
            position = start + len(piece)
            yield start, position


def widen(spans: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Let every span end after the marks that belong to its last character.

    Normalising composes a letter and its marks into one character, and the tokenizer then
    reports the place of the letter alone.
    """
    wide: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(spans):
        following = spans[number + 1][0] if number + 1 < len(spans) else len(text)
        while end < following and end > start and _continues(text[end]):
            end += 1
        wide.append((start, end))
    return wide


def _continues(character: str) -> bool:
    """Whether normalising may merge *character* into the one before it."""
    if character.isascii():
        return False
    return (
        unicodedata.category(character).startswith("M")
        or character in "\uff9e\uff9f"  # half-width kana voicing marks
        or "\u1160" <= character <= "\u11ff"  # Hangul vowels and finals
        or _INVISIBLE_CHARACTER.match(character) is not None
    )

"""In which encoding a text is: what a mark says, and what is safe to be said of others.

Many encodings of single bytes look alike, and no statistics of a short text tell them apart. Here
nothing is guessed: a text is taken for cp1252 only where all that is not ASCII are letters and
punctuation marks of western European languages in places where they can stand, and nothing in it is
a sign of another encoding that reads as such letters (central European, Turkish, Baltic, Macintosh,
DOS). What is not sure stays an error that names the option.
"""

from __future__ import annotations

import codecs
import re

SAMPLE = 1 << 20
"""Bytes that are looked at."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What a text begins with, and the encoding that it tells."""

_LETTERS = "ÄÖÜäöüßÀÂÇÉÈÊËàâçéèêëîïôûùœŒæÆåÅøØñÑÁÍÓÚáíóúãõÃÕòìÎÔ"
_MARKS = "¿¡«»“”„‘’‚–—…•€£§°´·©®™\xa0"
_ALLOWED = set(_LETTERS + _MARKS)
_LEAST_LETTERS = 3
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_RUN = re.compile(f"[{_LETTERS}]{{3}}")
"""Never so many in one place: these are letters of another script."""
_MISPLACED = re.compile("[A-Za-z](?:[„‚¿¡]|[“”«»€£§°…•©®™´·—](?=[A-Za-z]))")
"""Marks in places of letters: a text of DOS or of a Macintosh."""
_EXCLUSIVE = (("õÕãÃ", "öÖüÜ"), ("øØ", "ìùèïò"), ("ãÃ", "îÎ"), ("õÕ", "ûÛ"), ("ì", "øï"))
"""Letters that no western language has both of, but Czech, Hungarian or Romanian read as cp1252."""


def looks_western(sample: bytes) -> bool:
    """Tell whether *sample*, which is not UTF-8, is safe to be called cp1252."""
    if not sample.decode("utf-8", "ignore").isascii():  # some of it is UTF-8: it is damaged
        return False
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    used = {character for character in text if not character.isascii()}
    if used - _ALLOWED or _RUN.search(text) or _MISPLACED.search(text):
        return False
    if any(used & set(one) and used & set(other) for one, other in _EXCLUSIVE):
        return False
    return sum(text.count(letter) for letter in used & set(_LETTERS)) >= _LEAST_LETTERS


def likely_encodings(line: bytes) -> tuple[str, ...]:
    """Return what a line that is not UTF-8 may be instead, and nothing where it is damaged."""
    high = [len(run) for run in _HIGH_BYTES.findall(line)]
    readable = line.decode("utf-8", "ignore").encode("utf-8")
    if 2 * sum(len(run) for run in _HIGH_BYTES.findall(readable)) > sum(high):
        return ()  # one damaged character of many good ones
    if sum(high) >= 2 * len(high):
        return "gb18030", "cp1251"
    try:  # letters with accents among others
        line.decode("cp1252")
    except UnicodeDecodeError:
        return ("cp1250",)
    return ("cp1252",)


def plain_name(encoding: str) -> str:
    """Return Python's own name of an encoding, one for UTF-8 with and without a mark."""
    name = codecs.lookup(encoding).name
    return "utf-8" if name == "utf-8-sig" else name

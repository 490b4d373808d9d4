"""Whether text that is not UTF-8 is in the encoding of western Windows, where it is safe to say so.

Many encodings of single bytes look alike, and no statistics of a short text tell them apart. Here
nothing is guessed: a text is taken for cp1252 only where all that is not ASCII are letters and
punctuation marks of western European languages in places where they can stand, and nothing in it is
a sign of another encoding that reads as such letters (central European, Turkish, Baltic, Macintosh,
DOS). What is not sure stays an error that names the option.
"""

from __future__ import annotations

import re

SAMPLE = 1 << 20
"""Bytes that are looked at."""

_LETTERS = "ÄÖÜäöüßÀÂÇÉÈÊËàâçéèêëîïôûùœŒæÆåÅøØñÑÁÍÓÚáíóúãõÃÕòìÎÔ"
_MARKS = "¿¡«»“”„‘’‚–—…•€£§°´·©®™\xa0"
_ALLOWED = set(_LETTERS + _MARKS)
_LEAST_LETTERS = 3
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

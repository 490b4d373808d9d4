"""Text from elsewhere, made fit to be shown."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_MOST_NAMED = 80
"""Characters of a code, and of a name, in a message."""
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069"
    "\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
"""Controls but tab and line feed (ESC and CSI among them), what turns the direction of text, ends
lines or cannot be seen, and half surrogates."""
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_RIGHT_TO_LEFT_RUN = re.compile(
    rf"[{_RIGHT_TO_LEFT}]+(?:[ 0-9!-/:-@\[-`{{-~]+[{_RIGHT_TO_LEFT}]+)*"
)
"""Words of Hebrew, Arabic and such, with what stands between them."""
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_JOINER = "\u200d"
_MADE_OF_SEVERAL = 32
"""Characters that one sign is made of at most: a family of emoji has 11."""


def counted(count: int, noun: str) -> str:
    """Return the count and its noun, as ``1 label`` or ``2,000 labels``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(share: float) -> str:
    """Return a counted share as ``95.3%``; only what is exactly 0 or 1 is shown as such."""
    if share in (0, 1):
        return f"{share:.0%}"
    if share < 0.0005:
        return "<0.1%"
    return ">99.9%" if share >= 0.9995 else f"{share:.1%}"


def level_name(name: str, level: int) -> str:
    """Return the name of a level, or its number where it has none; 1 is the top."""
    return name.strip() or str(level)


def whole_signs(text: str, most: int) -> str:
    """Return the beginning of *text*, about *most* characters, without cutting a sign in two.

    Marks stay with their letter, and emoji that are joined together. Source: the commonest rules of
    Unicode Standard Annex 29.
    """
    if len(text) <= most:
        return text
    end = most
    while end and end > most - _MADE_OF_SEVERAL and _goes_on(text, end):
        end -= 1
    if end and not _goes_on(text, end):
        return text[:end]
    end = most
    while end < len(text) and end < most + _MADE_OF_SEVERAL and _goes_on(text, end):
        end += 1
    return text[:end]


def takes_no_room(sign: str) -> bool:
    """Tell whether a character stands on, or is joined to, the one before."""
    return sign == _JOINER or unicodedata.category(sign) in ("Mn", "Me")


def _goes_on(text: str, place: int) -> bool:
    """Tell whether what stands at a place belongs to the sign before."""
    sign, before = text[place], text[place - 1] if place else ""
    if before == _JOINER or sign == _JOINER or unicodedata.category(sign).startswith("M"):
        return True
    if "\U0001f3fb" <= sign <= "\U0001f3ff" or "\u1160" <= sign <= "\u11ff":
        return True  # colours of skin; vowels and endings of a Korean syllable
    if "\U000e0020" <= sign <= "\U000e007f":
        return True  # tags of flags
    flags = 0  # a flag is a pair of letters
    while flags <= place and "\U0001f1e6" <= text[place - flags] <= "\U0001f1ff":
        flags += 1
    return flags > 0 and flags % 2 == 0


def isolate(text: str) -> str:
    """Let words written from right to left change the order of nothing beside them.

    Source: Unicode Standard Annex 9, isolates. Give it what :func:`printable` returns.
    """
    if text.isascii():
        return text
    return _RIGHT_TO_LEFT_RUN.sub(rf"{_FIRST_STRONG_ISOLATE}\g<0>{_POP_ISOLATE}", text)


def printable(text: str) -> str:
    """Return *text* with what a terminal would act on, or cannot print, written as ``\\x1b``."""
    return _UNPRINTABLE.sub(_escaped, text)


def beginning(text: str, most: int) -> str:
    """Return how *text* begins, in one line of *most* characters at most and, where it is cut, an
    ellipsis; cut between words where there are any.
    """
    some = text[: 4 * most]  # blanks among them
    line = " ".join(some.split())
    if len(line) <= most:
        return line if len(some) == len(text) else f"{line}\u00a0…"
    words = line[: most + 1].rpartition(" ")[0]
    return f"{words or whole_signs(line, most)}\u00a0…"


def with_name(code: str, name: str, *, quoted: bool = True, said: str = "") -> str:
    """Return a label as messages name it: its code, and its name where that says more.

    said: what it is called beside this, which is not told again.
    """
    written = repr(code) if quoted else printable(code)
    if len(written) > _MOST_NAMED:
        written = f"{written[:_MOST_NAMED]}..."
    if name.casefold() in (code.casefold(), said.casefold()):
        return written
    return f"{written} ({beginning(printable(name), _MOST_NAMED)})"


def json_text(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Return JSON that any terminal and any file can hold.

    What :func:`printable` would change is written as JSON's own ``\\u001b``, which reads back as
    the same text. ascii_only: so is everything beyond ASCII.
    """
    return escape_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent))


def escape_json(text: str) -> str:
    """Do the same for JSON that is text already."""
    return _UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], text)


def encodable(text: str) -> str:
    """Return *text* with half surrogates, which UTF-8 cannot hold, written as ``\\ud800``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def reason_of(error: BaseException, most: int = 200) -> str:
    """Return what an error says, in a line of at most *most* characters that can be written.

    It has no full stop; an error that says nothing is told by its kind.
    """
    return encodable(" ".join(str(error).split()))[:most].rstrip(".") or type(error).__name__


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

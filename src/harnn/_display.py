"""Text from elsewhere, made fit to be shown."""

from __future__ import annotations

import json
import re
from typing import Any

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
        return line if len(some) == len(text) else f"{line} …"
    return f"{line[: most + 1].rpartition(' ')[0] or line[:most]} …"


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


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

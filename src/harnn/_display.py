"""Text from elsewhere, made fit to be shown."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069"
    "\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)
"""Controls but tab and line feed (ESC and CSI among them), what turns the direction of text, ends
lines or cannot be seen, and half surrogates."""


def printable(text: str) -> str:
    """Return *text* with what a terminal would act on, or cannot print, written as ``\\x1b``."""
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

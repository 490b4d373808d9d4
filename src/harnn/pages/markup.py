"""Text that is safe and readable inside HTML."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable

from harnn._display import level_name

# What HTML cannot carry: controls other than tab, line break and form feed, and half surrogates.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_SEPARATOR = re.compile(r"[\W_]+")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def escape(text: str) -> str:
    """Return *text* for element content or a quoted attribute.

    Characters that HTML cannot carry become U+FFFD, one each.
    """
    return html.escape(readable(text))


def isolated(text: str) -> str:
    """Return *text* so that its direction turns nothing around it, where no element can say so."""
    return f"\u2068{text}\u2069"


def readable(text: str) -> str:
    """Return *text* with what HTML cannot carry as U+FFFD, not escaped."""
    return _UNPRINTABLE.sub("\ufffd", text)


def code_beside(code: str, name: str, parents: Iterable[str]) -> str:
    """Return the code of a label where it says more than its name and its place; else ``""``.

    In taxonomies of paths a code is the path itself: that of a parent, a separator, the name.
    parents: codes of the labels above it.
    """
    if code == name:
        return ""
    for above in parents:
        between = code.removeprefix(above).removesuffix(name)
        if f"{above}{between}{name}" == code and _SEPARATOR.fullmatch(between):
            return ""
    return code


def percent(share: float) -> str:
    """Return 0 to 1 in whole percent; only what is exactly 0 or 1 is shown as 0% or 100%."""
    if not math.isfinite(share):
        return "?"
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{100 * share:.0f}%"


def level_title(name: str, level: int) -> str:
    """Return what a level is called in a sentence, with its number where it has no name."""
    shown = level_name(name, level)
    return f"Level {shown}" if shown.isdecimal() else shown


def language_attribute(text: str) -> str:
    """Return `` lang="..."`` where the script of *text* decides which glyphs are right.

    Chinese, Japanese and Korean share characters that fonts draw differently. Other texts are
    marked as of unknown language, since the page itself is English.
    """
    if _KANA.search(text):
        return ' lang="ja"'
    if _HANGUL.search(text):
        return ' lang="ko"'
    return ' lang="zh"' if _HAN.search(text) else ' lang=""'

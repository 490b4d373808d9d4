"""Fonts of figures: for what matplotlib's own cannot write, those that are installed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from harnn._optional import require

_PURPOSE = "Drawing figures"
_OWN = "DejaVu Sans"
_LIKED = ("noto sans cjk sc", "noto sans", "source han", "pingfang", "yahei", "wenquanyi", "sans")
"""Parts of names of families; those that come first are taken first."""
_MOST_FAMILIES = 8
_BOXES = "Last Resort"
"""A font of matplotlib that has a box for every character."""


def choose_fonts(figure: Any) -> str:
    """Give all texts of a figure the fonts that they need; return the characters that none has."""
    text_class = require("matplotlib.text", purpose=_PURPOSE, extra="report").Text
    texts = figure.findobj(text_class)
    needed = {sign for text in texts for sign in text.get_text() if _is_drawn(sign)}
    families = [_OWN]
    missing = needed - _signs(_own_path())
    for family, path in _candidates() if missing else ():
        found = missing & _signs(path)
        if found:
            families.append(family)
            missing -= found
        if not missing or len(families) > _MOST_FAMILIES:
            break
    for text in texts:
        text.set_fontfamily(families)
    return "".join(sorted(missing))


def _is_drawn(sign: str) -> bool:
    """Whether a character is seen: no control, mark of direction or joiner."""
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")


def _manager() -> Any:
    return require("matplotlib.font_manager", purpose=_PURPOSE, extra="report")


def _own_path() -> str:
    return str(_manager().findfont(_OWN))


@cache
def _signs(path: str) -> frozenset[str]:
    """Return the characters that a font file has; none where it cannot be read."""
    try:
        return frozenset(map(chr, _manager().get_font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def _candidates() -> Iterator[tuple[str, str]]:
    """Yield families with a file of each, those first that look best beside the others.

    matplotlib keeps a list of fonts that may be older than some of them: these are added to it.
    """
    manager = _manager()
    known = {str(entry.fname) for entry in manager.fontManager.ttflist}
    for path in manager.findSystemFonts():
        if path not in known:
            try:
                manager.fontManager.addfont(path)
            except (OSError, RuntimeError, ValueError):
                continue  # damaged, or of a kind that cannot be drawn
    upright: dict[str, str] = {}
    for entry in manager.fontManager.ttflist:
        if (
            _BOXES not in entry.name
            and entry.style == "normal"
            and entry.weight in (400, "normal", "regular", "book")
        ):
            upright.setdefault(entry.name, str(entry.fname))
    yield from sorted(upright.items(), key=lambda item: (_liking(item[0]), item[0]))


def _liking(family: str) -> int:
    name = family.lower()
    return next((place for place, part in enumerate(_LIKED) if part in name), len(_LIKED))

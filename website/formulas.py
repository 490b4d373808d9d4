"""Formulas as MathML, which browsers draw by themselves: no script and no font is loaded."""

from __future__ import annotations

import html
import re
from pathlib import Path

from latex2mathml.converter import convert

_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', flags=re.DOTALL
)


def as_mathml(page: str) -> str:
    """Return a page of HTML with its formulas in TeX, as arithmatex marks them, as MathML."""
    return _FORMULA.sub(_convert, page)


def _convert(formula: re.Match[str]) -> str:
    display = "block" if formula[2] == "[" else "inline"
    return convert(html.unescape(formula[3]).strip(), display=display)


def convert_all(site: Path) -> None:
    """Draw the formulas of all pages of a built site."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        drawn = as_mathml(text)
        if drawn != text:
            page.write_text(drawn, encoding="utf-8")

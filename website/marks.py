"""Text from the code, written as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MEANT = re.compile(r"([\\`*_{}\[\]<>|#~])")
_CODE = re.compile(r"(``?)(.+?)\1")
ROLE = re.compile(r":(?:mod|class|func|meth|attr|data|exc|obj):`~?([^`<>]+)`")
"""A name of the code within a docstring."""


def plain(text: str) -> str:
    """Return a text so that nothing in it is read as Markdown or HTML, in one line."""
    return _MEANT.sub(r"\\\1", " ".join(text.split()))


def prose(text: str) -> str:
    """Return a docstring's text in one line: code stays code, all else is plain."""
    text = ROLE.sub(r"``\1``", text)
    found, start = "", 0
    for match in _CODE.finditer(text):
        found += plain_part(text[start : match.start()]) + code(match[2])
        start = match.end()
    return " ".join((found + plain_part(text[start:])).split())


def plain_part(text: str) -> str:
    """Return a part of a text as :func:`plain` does, with the blanks at its ends."""
    return _MEANT.sub(r"\\\1", text)


def code(text: str) -> str:
    """Return a text as code, also where it has backticks."""
    fence = "``" if "`" in text else "`"
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return fence + blank + " ".join(text.split()) + blank + fence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, with an empty line after it; no row: nothing.

    A bar within a cell must be escaped.
    """
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""]

"""The pages that people read: their links, anchors and the files that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]
_ANCHOR = re.compile(r"""<a (?:id|name)=["']([^"']+)["']""")


class Link(NamedTuple):
    line: int
    target: str


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[Link]:
    """Yield every link and picture of a page, with the line of its block."""
    line = 0
    for token in tokens(page):
        line = token.map[0] + 1 if token.map else line
        for inline in token.children or []:
            target = inline.attrGet("href") or inline.attrGet("src")
            if target is not None:
                yield Link(line, str(target))


def headings(page: Path) -> list[str]:
    """Return the headings of a page as they are read, without marks."""
    found = tokens(page)
    return [
        "".join(each.content for each in found[at + 1].children or [])
        for at, token in enumerate(found)
        if token.type == "heading_open"
    ]


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and the site make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [slug(heading) for heading in headings(page)] + _ANCHOR.findall(text)


def code_of(page: Path) -> Iterator[str]:
    """Yield what stands between backticks in the text of a page."""
    for token in tokens(page):
        yield from (each.content for each in token.children or [] if each.type == "code_inline")

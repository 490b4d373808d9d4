"""What must be so in the built site, and strict building does not look at."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from website.reference import Reference

_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
_ELSEWHERE = re.compile(r"(?:https?:)?//")
_ENTRY = re.compile(r"^(\S+) py:\w+ ", re.MULTILINE)


def problems(site: Path, reference: Reference) -> list[str]:
    """Return what is wrong with a built site, one sentence each."""
    site = site.resolve()
    found = [f"{page.relative_to(site)}: loads {what}" for page, what in loaded_elsewhere(site)]
    found += [f"{page.relative_to(site)}: a formula is left in TeX" for page in undrawn(site)]
    there = documented(site)
    wanted = set(reference.places().values())
    found += [f"the reference lacks {name}" for name in sorted(wanted - there)]
    return found + [f"no page leads to {page.relative_to(site)}" for page in unreachable(site)]


def loaded_elsewhere(site: Path) -> Iterator[tuple[Path, str]]:
    """Yield every page and style sheet that loads something from another host, with what."""
    for page in sorted(site.rglob("*.html")):
        reader = _Page()
        reader.feed(page.read_text(encoding="utf-8"))
        yield from ((page, what) for what in reader.loaded if _ELSEWHERE.match(what))
    for sheet in sorted(site.rglob("*.css")):
        yield from ((sheet, what) for what in _STYLE.findall(sheet.read_text(encoding="utf-8")))


def undrawn(site: Path) -> list[Path]:
    """Return the pages with formulas that are no MathML."""
    pages = sorted(site.rglob("*.html"))
    return [page for page in pages if 'class="arithmatex"' in page.read_text(encoding="utf-8")]


def documented(site: Path) -> set[str]:
    """Return the names that the site's inventory of objects has."""
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return set(_ENTRY.findall(zlib.decompress(packed).decode()))


def unreachable(site: Path) -> list[Path]:
    """Return the pages of a site, by its full path, to which no link leads from the first page."""
    seen: set[Path] = set()
    waiting = [site / "index.html"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        reader = _Page()
        reader.feed(page.read_text(encoding="utf-8"))
        for link in reader.links:
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".html" and target.is_file():
                waiting.append(target)
    others = {site / "404.html"}
    return sorted(set(site.rglob("*.html")) - seen - others)


class _Page(HTMLParser):
    """Gathers what a page loads and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "link" and found.get("rel") in {"canonical", "next", "prev"}:
            return
        loaded = found.get(_LOADS.get(tag, ""))
        if loaded:
            self.loaded.append(loaded)
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        self.loaded += _STYLE.findall(found.get("style") or "")

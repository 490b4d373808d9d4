"""Every link of every page leads somewhere, on GitHub and on the site; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from support.pages import PAGES, ROOT, anchors, code_of, headings, links, slug

NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
DOCS = ROOT / "docs"
HISTORY = {"CHANGELOG.md"}
"""Pages that may name what is there no more."""
_IN_PROJECT = re.compile(r"(?:src|tests|docs|benchmarks|deploy|website|examples)/[\w./-]+")
_PATTERN = re.compile(r"[A-Z]{3,}|\.\.\.")


def wrong(page: Path, target: str) -> str | None:
    """Say what is wrong with a link; None: nothing."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        good = parts.scheme in {"https", "mailto"} or parts.hostname in {"127.0.0.1", "localhost"}
        return None if good and (parts.netloc or parts.path) else "no https address"
    file = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
    if not file.exists():
        return "no such file"
    if DOCS in page.parents and DOCS not in file.parents:
        return "leaves docs/, which the site does not: name the file instead"
    if parts.fragment and anchors(file).count(parts.fragment) != 1:
        return "no such heading, or several"
    return None


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    found = [(line, target, wrong(page, target)) for line, target in links(page)]
    assert [each for each in found if each[2]] == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - HISTORY))
def test_files_named_in_the_text_are_there(name: str) -> None:
    named = [word for code in code_of(ROOT / name) for word in _IN_PROJECT.findall(code)]
    named = [word.rstrip(".") for word in named if not _PATTERN.search(word)]
    assert [word for word in named if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("docs/")])
def test_a_page_has_one_title(name: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(re.findall(r"^# ", text, flags=re.MULTILINE)) == 1
    assert headings(ROOT / name)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("docs/")])
def test_blocks_stand_apart(name: str) -> None:
    """Else the site reads on where GitHub begins a heading, a list or a table."""
    assert list(joined(ROOT / name)) == []


def joined(page: Path) -> Iterator[str]:
    """Yield what begins right below something else, with its line."""
    lines = page.read_text(encoding="utf-8").splitlines()
    fenced = False
    for number, (above, line) in enumerate(pairwise(lines), 2):
        fenced ^= above.lstrip().startswith("```")
        if fenced or not above.strip() or not line.strip():
            continue
        kinds = _kind(above), _kind(line)
        apart = kinds[0] != kinds[1] and set(kinds) & {"heading", "table"}
        if apart or (kinds == ("text", "item") and not above.startswith(" ")):
            yield f"{number}: {line}"


def _kind(line: str) -> str:
    found = re.match(r"(#{1,6} )|(\|)|([-*] |\d+\. )", line)
    return "text" if found is None else ("heading", "table", "item")[(found.lastindex or 0) - 1]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Which threshold shall I take?", "which-threshold-shall-i-take"),
        ("SKOS (turtle, rdfxml)", "skos-turtle-rdfxml"),
        ("micro-F1 / macro-F1", "micro-f1--macro-f1"),
        ("中文", "中文"),
    ],
)
def test_anchors_are_githubs(heading: str, anchor: str) -> None:
    """Source: what https://github.com shows of such headings."""
    assert slug(heading) == anchor


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("tutorial.md", None),
        ("https://example.org/a#b", None),
        ("http://example.org", "no https address"),
        ("https:", "no https address"),
        ("absent.md", "no such file"),
        ("tutorial.md#absent", "no such heading, or several"),
        ("../README.md", "leaves docs/, which the site does not: name the file instead"),
    ],
)
def test_what_is_wrong_with_a_link(target: str, said: str | None) -> None:
    assert wrong(DOCS / "index.md", target) == said

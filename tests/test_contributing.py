"""What CONTRIBUTING.md points at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "SECURITY.md")
}
WORDS = re.findall(r"`([^`\n]+)`", PAGES["CONTRIBUTING.md"])
PLACES = [
    word for word in WORDS if re.match(r"(src|tests|docs|benchmarks)/", word) and "NAME" not in word
]


@pytest.mark.parametrize("place", sorted(set(PLACES)))
def test_places_are_there(place: str) -> None:
    assert (ROOT / place).exists()


def test_there_are_places() -> None:
    assert len(set(PLACES)) > 15


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGES[name])
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *[("KINDS", "branches/kinds.py"), ("TRAINERS", "training/fitting.py")],
        *[("FORMATS", "data/files.py"), ("require_reader", "data/files.py")],
        *[("Rejected", "data/log.py"), ("Report", "metrics/report.py")],
        *[("ROUTERS", "serve/routes/__init__.py"), ("DeskHere", "serve/desk.py")],
        *[("ServiceHere", "serve/asking.py"), ("Annotator", "serve/asking.py")],
        *[("RequestError", "serve/problems.py"), ("Task", "training/task.py")],
    ],
)
def test_names_are_where_they_are_said_to_be(name: str, place: str) -> None:
    assert name in " ".join(WORDS)
    source = (ROOT / "src/harnn" / place).read_text(encoding="utf-8")
    assert re.search(rf"^(class |def |type )?{name}\b", source, flags=re.MULTILINE)

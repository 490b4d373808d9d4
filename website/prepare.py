"""The pages of the site: those of ``docs/``, with what is made from the code in its place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from website.notebooks import notebook_text
from website.reference import Reference

PLACE = re.compile(r"^<!-- made from the code: (\w+) -->$", re.MULTILINE)
"""Where a page of ``docs/`` says that the site puts something."""
_NOTEBOOK = re.compile(r"\]\(([\w/.-]+)\.ipynb(#[^)]*)?\)")
"""A link to a notebook, which is a page of the site like any other."""


def _settings(_: Reference) -> str:
    from website.settings_page import settings_text

    return settings_text()


def _commands(_: Reference) -> str:
    from website.commands_page import commands_text

    return commands_text()


def _routes(_: Reference) -> str:
    from website.http_page import routes_text

    return routes_text()


MAKERS: dict[str, Callable[[Reference], str]] = {
    "settings": _settings,
    "commands": _commands,
    "names": Reference.overview,
    "routes": _routes,
}
"""What may stand in place of a mark, by its name."""


def prepare(docs: Path, pages: Path, reference: Reference) -> None:
    """Write all pages of the site into a directory, whose content is replaced."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(docs, pages)
    for notebook in list(pages.rglob("*.ipynb")):
        notebook.with_suffix(".md").write_text(notebook_text(notebook), encoding="utf-8")
        notebook.unlink()
    for page in pages.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        filled = PLACE.sub(lambda place: MAKERS[place[1]](reference), text)
        filled = _NOTEBOOK.sub(r"](\1.md\2)", filled)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
    (pages / "reference").mkdir()
    for room in reference.rooms:
        page = pages / "reference" / f"{room}.md"
        page.write_text(reference.room_page(room), encoding="utf-8")

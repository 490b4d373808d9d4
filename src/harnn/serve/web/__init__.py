"""The pages of the server for people: files as they are sent, and what pages may do.

Pages are written by hand and ask the same routes under /v1 as every other client.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from harnn.pages import shared_style

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing of another host, nothing that stands in a page itself, no text as HTML."""
PAGES = {
    "/": ("try", "Try"),
    "/taxonomy": ("taxonomy", "Taxonomy"),
    "/review": ("review", "Review"),
    "/acceptance": ("acceptance", "Acceptance"),
    "/upload": ("upload", "Upload"),
}
"""By path: the name of its files and its title."""
_STYLES = ("web", "review", "acceptance")
_COUNT = '<span class="count" id="open-count" hidden></span>'


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is sent."""

    content: bytes
    media_type: str

    @property
    def tag(self) -> str:
        """What tells its contents apart, as HTTP writes it."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'


@cache
def web_pages() -> Mapping[str, WebFile]:
    """Return the pages by their paths."""
    frame = Template(_read("frame.html"))
    made = {}
    for path, (name, title) in PAGES.items():
        links = "".join(
            f'<a href="{to}"{" aria-current=page" if to == path else ""}>{text}'
            f"{_COUNT if to == '/review' else ''}</a>"
            for to, (_, text) in PAGES.items()
        )
        page = frame.substitute(name=name, title=title, links=links, main=_read(f"{name}.html"))
        made[path] = WebFile(page.encode(), "text/html; charset=utf-8")
    return made


@cache
def web_files() -> Mapping[str, WebFile]:
    """Return by their names the style sheet and the scripts of all pages."""
    style = shared_style() + "".join(_read(f"{name}.css") for name in _STYLES)
    scripts = {
        file.name: WebFile(file.read_bytes(), "text/javascript; charset=utf-8")
        for file in files("harnn.serve.web").iterdir()
        if file.name.endswith(".js")
    }
    return {"pages.css": WebFile(style.encode(), "text/css; charset=utf-8")} | scripts


def _read(name: str) -> str:
    return files("harnn.serve.web").joinpath(name).read_text(encoding="utf-8")

"""Links between docstrings: ``:class:`` and its like, as references of the site.

mkdocstrings loads this file as an extension of griffe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import griffe

from website.marks import ROLE
from website.reference import PACKAGE, Reference


def as_markdown(text: str, places: Mapping[str, str]) -> str:
    """Return a docstring with its roles as links to what is documented, and as code elsewhere."""

    def replace(role: re.Match[str]) -> str:
        target = role[1]
        for parts in (2, 3):
            words = target.split(".")
            place = places.get(".".join(words[:parts]))
            if place is not None:
                full = ".".join([place, *words[parts:]])
                return f"[`{target.removeprefix(PACKAGE + '.')}`][{full}]"
        return f"`{target}`"

    return ROLE.sub(replace, text)


class Roles(griffe.Extension):
    """Rewrites the docstrings of the package when it has been read."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        places = Reference.of(pkg).places()
        for each in walk(pkg):
            if each.docstring is not None:
                each.docstring.value = as_markdown(each.docstring.value, places)


def walk(what: griffe.Object) -> Iterator[griffe.Object]:
    """Yield an object and all that stands in it; what is imported stands elsewhere."""
    yield what
    for each in what.members.values():
        if isinstance(each, griffe.Object):
            yield from walk(each)

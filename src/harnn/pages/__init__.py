"""What all pages for people share: safe text, the policy of what a page may load, the look."""

from __future__ import annotations

from importlib.resources import files

from harnn._display import counted
from harnn.pages.markup import (
    code_beside,
    escape,
    isolated,
    language_attribute,
    level_title,
    percent,
    readable,
)
from harnn.pages.policy import content_policy

__all__ = [
    "code_beside",
    "content_policy",
    "counted",
    "escape",
    "isolated",
    "language_attribute",
    "level_title",
    "percent",
    "readable",
    "shared_style",
]


def shared_style() -> str:
    """Return the style sheet of all pages: colours, type and space by name, tables, controls."""
    return files("harnn.pages").joinpath("shared.css").read_text(encoding="utf-8")

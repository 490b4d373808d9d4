"""The page of all settings, made from :mod:`harnn.config`."""

from __future__ import annotations

import inspect
from itertools import groupby

from harnn._settings_toml import Setting, settings_of
from harnn._tables import as_toml
from harnn.config import Config
from website.marks import code, prose


def settings_text() -> str:
    """Return every setting with its default, its choices and what it does, table by table."""
    config = Config()
    lines: list[str] = []
    for table, settings in groupby(settings_of(config), key=lambda each: each.table):
        about = inspect.getdoc(type(getattr(config, table))) or ""
        lines += [f"## The table {table} {{ #{table} }}", "", prose(about), ""]
        for each in settings:
            lines += _one(each)
    return "\n".join(lines)


def _one(each: Setting) -> list[str]:
    name = f"{each.table}.{each.name}"
    value = "none" if each.value is None else as_toml(each.value)
    said = f"Default: {code(value)}."
    if each.choices:
        said += f" One of: {', '.join(map(code, each.choices))}."
    return [f"### {each.table}.{each.name} {{ #{name} }}", "", said, "", prose(each.text), ""]

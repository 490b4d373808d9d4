"""All settings as a TOML file that explains itself, written from the tables of :mod:`harnn.config`.

What stands in the file is what stands in the code: names, defaults, the words that may be chosen
and the text below each setting.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

from harnn._tables import as_toml, hints_of
from harnn.config import Config

_WIDTH = 98
_HEAD = (
    "All settings of harnn train, with what they are where nothing is given. A line that begins "
    "with '# ' and a name is a default: take the '# ' away to give it a value of your own. What is "
    "given here wins over model.mode and model.preset, and --set over this file."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as users see it."""

    table: str
    name: str
    value: Any
    """What it is: the default, or what was given."""
    given: bool
    """Whether somebody gave it, so that mode and preset leave it alone."""
    choices: tuple[str, ...]
    """The words that it may be; none where it is no choice."""
    text: str
    """What it does, in one paragraph; may be empty."""


def settings_of(config: Config) -> Iterator[Setting]:
    """Yield every setting in the order of the tables, with its value in *config*."""
    given = config.given()
    for table in dataclasses.fields(config):
        section = getattr(config, table.name)
        hints, texts = hints_of(type(section)), _texts_below(type(section))
        for each in dataclasses.fields(section):
            yield Setting(
                table=table.name,
                name=each.name,
                value=getattr(section, each.name),
                given=each.name in given[table.name],
                choices=tuple(_words(hints[each.name])),
                text=texts.get(each.name, ""),
            )


def settings_toml(config: Config) -> str:
    """Return a TOML file of all settings: the given ones as they are, the others as comments.

    ``Config.read`` of the file gives *config* again.
    """
    lines = [*_comment(_HEAD)]
    table = ""
    for each in settings_of(config):
        if each.table != table:
            table = each.table
            about = inspect.getdoc(type(getattr(config, table))) or ""
            lines += ["", *_comment(_plain(about)), f"[{table}]"]
        lines += ["", *_comment(each.text)]
        if each.choices:
            lines += _comment("One of: " + ", ".join(each.choices) + ".")
        line = f"{each.name} = {_value(each.value)}"
        lines.append(line if each.given and each.value is not None else f"# {line}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Return a value as TOML writes it; ``none`` is no TOML, but stands in a comment alone."""
    return "none" if value is None else as_toml(value)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="## ", subsequent_indent="## ")


def _words(hint: Any) -> Iterator[str]:
    """Yield the words of a choice, also of one within ``X | None``."""
    for part in get_args(hint):
        if get_origin(hint) is Literal:
            yield str(part)
        else:
            yield from _words(part)


def _texts_below(kind: type) -> dict[str, str]:
    """Return the texts that stand below the fields of a class in its source."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = found.body if isinstance(found, ast.ClassDef) else []
    texts = {}
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            texts[field.target.id] = _plain(below.value.value)
    return texts


def _plain(text: str) -> str:
    """Return a text of the documentation in one line, without its marks."""
    return " ".join(text.replace("``", "").split())

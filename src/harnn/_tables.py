"""Tables of settings: from TOML and the command line to checked values."""

from __future__ import annotations

import codecs
import dataclasses
import functools
import json
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from harnn.errors import ConfigError, Problem, suggest

_SHOWN_CHARACTERS = 80
_MOST_BITS = 1_000
_NO_ENCODINGS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7"}
Section = TypeVar("Section")


def remembers_what_is_given(kind: type[Section]) -> type[Section]:
    """Let a table of settings know which of them were given, so that presets leave those alone."""
    plain = kind.__init__

    @functools.wraps(plain)
    def init(self: Any, **given: Any) -> None:
        object.__setattr__(self, "_given", frozenset(given))
        plain(self, **given)

    kind.__init__ = init  # type: ignore[method-assign]
    return kind


def read_toml(path: Path) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(Problem(str(path), "no such configuration file.")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Problem(str(path), f"cannot be read: {error}.")) from None
    except RecursionError:
        raise ConfigError(Problem(str(path), "is not valid TOML: nested too deeply.")) from None
    except ValueError as error:  # TOMLDecodeError, and whole numbers of thousands of digits
        raise ConfigError(Problem(str(path), f"is not valid TOML: {error}.")) from None


def parse_value(text: str) -> Any:
    """Read the right side of ``--set``: a TOML value, ``none``, or else a plain string.

    Blanks around it are left out, but where nothing else is given they are what is meant.
    """
    plain = text.strip() or text
    if plain.lower() in ("none", "null"):
        return None
    try:
        tables = tomllib.loads(f"value = {plain}")
    except (ValueError, RecursionError):  # no TOML, or a number or nesting beyond all measure
        return plain
    return tables["value"] if tables.keys() == {"value"} else plain


def as_toml(value: Any) -> str:
    """Return a string, number, truth value or list as TOML writes it; see :func:`parse_value`."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def shown(value: Any) -> str:
    """Return a value as messages show it: not beyond all measure."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # whole numbers of thousands of digits
        return "something very large"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def hints_of(kind: type) -> Mapping[str, Any]:
    """Return the types of a table's fields by name; found once, since every word is compiled."""
    return _hints_of(kind)


@functools.cache
def _hints_of(kind: type) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind)]
    return types.MappingProxyType({name: hints[name] for name in names})


def read_table(
    section: str, kind: type, table: Mapping[str, Any], where: str
) -> tuple[list[Problem], dict[str, Any]]:
    """Return what is wrong with a table for the fields of *kind*, and the values that fit."""
    hints = hints_of(kind)
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in hints:
            what = f"unknown key {section}.{key}."
            problems.append(Problem(where, what, suggest(str(key), list(hints))))
            continue
        converted, expected = convert(value, hints[key])
        if expected:
            problems.append(
                Problem(where, f"{section}.{key}: got {shown(value)}, expected {expected}.")
            )
        else:
            values[key] = converted
    return problems, values


def convert(value: Any, hint: Any) -> tuple[Any, str]:
    """Return the value as *hint* wants it, and what was expected where it does not fit."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        text = "none" if value is None else value if isinstance(value, str) else shown(value)
        return text, "" if text in choices else "one of " + ", ".join(choices)
    if isinstance(hint, types.UnionType):
        if value is None:
            return None, ""
        inner = next(part for part in get_args(hint) if part is not type(None))
        converted, expected = convert(value, inner)
        return converted, f"{expected} or none" if expected else ""
    if get_origin(hint) is tuple:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        fits = isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        return (tuple(value), "") if fits else (value, "a list of strings")
    if hint is bool:
        return value, "" if isinstance(value, bool) else "true or false"
    if hint is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value, "" if whole else "a whole number"
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (isinstance(value, int) and value.bit_length() > _MOST_BITS):
            return value, "a number"
        return float(value), ""
    return value, "" if isinstance(value, str) else "a string"


def between(name: str, value: float, low: float, high: float) -> list[Problem]:
    """Return what is wrong with a setting that must lie in a range; nothing, where it does."""
    if low <= value <= high:  # NaN compares false
        return []
    return [Problem(name, f"got {shown(value)}, expected {low:,} to {high:,}.")]


def is_encoding(name: str) -> bool:
    """Whether a setting names an encoding of text that extends ASCII, as Python knows them."""
    try:
        known = codecs.lookup(name).name.replace("-", "_")
        return known not in _NO_ENCODINGS and "a\n".encode(name).decode(name) == "a\n"
    except (LookupError, ValueError):  # also such as rot13, which is no encoding of text
        return False

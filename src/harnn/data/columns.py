"""Names of fields and columns: what is missing, what may be meant, and the option that says so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.errors import suggest

_SHOWN_NAMES = 12
_MOST_NAMES = 1_000
"""Names that are searched for what may be meant."""
_TEXT_NAMES = ("text", "body", "content", "description", "message", "review", "sentence")
_LABEL_NAMES = ("labels", "label", "categories", "category", "codes", "tags", "classes", "topics")


def list_names(names: Iterable[str], *, quoted: bool = True) -> str:
    """Return names for a message: the first dozen."""
    listed = [name for _, name in zip(range(_SHOWN_NAMES + 1), names, strict=False)]
    some = [shown(name) if quoted else shown(name)[1:-1] for name in listed[:_SHOWN_NAMES]]
    return ", ".join(some) + (", ..." if len(listed) > _SHOWN_NAMES else "")


def suggest_texts(names: Iterable[str]) -> str:
    """Return which of *names* may hold the text, and the option that reads it."""
    found = _known(names)
    guess = [found[name] for name in ("title", "abstract") if name in found]
    if "abstract" not in found:
        guess = [found[name] for name in _TEXT_NAMES if name in found][:1] or guess
    if guess:
        return f"Set data.text_fields={_as_value(','.join(guess))} if that is the text."
    return _suggest("text", list(found.values()), "data.text_fields")


def suggest_labels(names: Iterable[str], wanted: str = DataConfig.labels_field) -> str:
    """Return which of *names* may hold the labels, and the option that reads them."""
    found = _known(names)
    guess = _find_labels(found, wanted)
    if guess:
        return f"Did you mean {guess!r}? Set data.labels_field={_as_value(guess)}."
    return _suggest(wanted, list(found.values()), "data.labels_field")


def warn_of_labels(columns: Sequence[str], config: DataConfig) -> tuple[str, str] | None:
    """Return a remark on a table that has no labels but a column that may hold them, or None."""
    guess = _find_labels(_known(columns), config.labels_field)
    if config.labels_field in columns or not guess:
        return None
    hint = f"Set data.labels_field={_as_value(guess)} if {guess!r} holds them."
    return f"has no column {config.labels_field!r}: its documents have no labels.", hint


def _find_labels(found: Mapping[str, str], wanted: str) -> str:
    return next((found[name] for name in (wanted.casefold(), *_LABEL_NAMES) if name in found), "")


def find_missing_columns(
    columns: Sequence[str], config: DataConfig, *, labelled: bool | None
) -> list[tuple[str, str]]:
    """Return what is wrong with a table's columns, each with a hint."""
    known = set(columns)
    named = [name for name in columns if name]
    expected = "found " + (list_names(named) or "none") + "."
    wanted = dict.fromkeys(config.text_fields)
    if config.id_field != DataConfig.id_field:
        wanted[config.id_field] = None
    problems = [
        (f"has no column {name!r}, {expected}", suggest(name, named[:_MOST_NAMES]))
        for name in wanted
        if name not in known
    ]
    if labelled and config.labels_field not in known:
        what = f"has no column {config.labels_field!r}, {expected}"
        problems.append((what, suggest_labels(named, config.labels_field)))
    if not config.text_fields and not {"text", "title", "abstract"} & known:
        what = f"has no column 'text' (or 'title' and 'abstract'), {expected}"
        hint = suggest_texts(named) or "Name the columns of the text in data.text_fields."
        problems.append((what, hint))
    repeated = [name for name, count in Counter(named).items() if count > 1]
    problems += [(f"has two columns {shown(name)}.", "") for name in repeated[:_SHOWN_NAMES]]
    return problems


def _known(names: Iterable[str]) -> dict[str, str]:
    """Return the first names as they are, by what they are without case and blanks."""
    found: dict[str, str] = {}
    for _, name in zip(range(_MOST_NAMES), names, strict=False):
        found.setdefault(name.casefold().strip(), name)
    return found


def _suggest(wanted: str, names: Sequence[str], option: str) -> str:
    hint = suggest(wanted, names)
    return f"{hint} Set {option}={_as_value(hint[14:-2])}." if hint else ""


def _as_value(value: str) -> str:
    """Return a value as it is written on a command line."""
    return value if re.fullmatch(r"[\w.,-]+", value) else repr(value)

"""Labels out of one cell of a table."""

from __future__ import annotations

import re

import msgspec

_STRING = r"'(?:[^'\\]|\\[\\'\"])*'|\"(?:[^\"\\]|\\[\\'\"])*\""
_STRINGS = re.compile(_STRING)
_PYTHON_LIST = re.compile(rf"\[\s*(?:{_STRING})(?:\s*,\s*(?:{_STRING}))*\s*,?\s*\]")
_IRIS = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:[^<>\s]+>(?:\s+<[A-Za-z][A-Za-z0-9+.-]*:[^<>\s]+>)*")
_ESCAPED = re.compile(r"\\(.)")
_decode_list = msgspec.json.Decoder(list[str | int | float]).decode


def read_label_cell(cell: str, separator: str) -> list[str | int | float]:
    """Return the labels of a cell: of a list as JSON or Python write it, IRIs in angle brackets
    with blanks between them, as Annif writes them, else those between separators, without the
    blanks around them.
    """
    text = cell.strip()
    if text.startswith("<") and _IRIS.fullmatch(text):
        return [iri[1:-1] for iri in text.split()]
    if text.startswith("[") and text.endswith("]"):
        listed = _read_list(text)
        if listed is not None:
            return listed
    parts = cell.split(separator) if separator else [cell]
    return [part.strip() for part in parts if part.strip()]


def _read_list(text: str) -> list[str | int | float] | None:
    try:
        return _decode_list(text)
    except (ValueError, RecursionError):
        pass
    if _PYTHON_LIST.fullmatch(text) is None:
        return None
    return [_ESCAPED.sub(r"\1", found[1:-1]) for found in _STRINGS.findall(text)]


def describe_label(label: str) -> str:
    """Return what an unknown label looks like that is none of one label, or an empty string."""
    ends = {"[": "]", "(": ")", "{": "}"}
    quotes = label[1:-1].count("'") + label[1:-1].count('"')
    if quotes >= 2 and ends.get(label[:1], "-") == label[-1:]:
        return 'It looks like a list: write the labels as ["a", "b"].'
    return ""

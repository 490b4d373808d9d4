"""Rows out of JSON lines and out of one big JSON array."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import msgspec

from harnn._delimited import Line, describe_bad_byte, find_bad_byte
from harnn.data.files import DocumentFile, UnreadableFileError
from harnn.data.json_array import Element, split_array
from harnn.data.lines import Lines
from harnn.data.log import Rejected
from harnn.data.rows import Row, reject

_BYTE = re.compile(r"\(byte (\d+)\)")
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_ONE_OBJECT = "one object a line"
_ONE_ARRAY = "one array of objects, or one object a line"
_decode = msgspec.json.Decoder().decode


def read_json_lines(file: DocumentFile, lines: Iterable[Line]) -> Iterator[Row | Rejected]:
    """Read one object a line; blank lines are left out."""
    for line in lines:
        if line.what:
            yield reject(file, line.number, line.what, line.hint)
        elif not line.data.isspace():
            yield _read_object(file, line.number, line.data)


def read_json(file: DocumentFile, lines: Lines, limit: int) -> Iterator[Row | Rejected]:
    """Read JSON lines, or one array of objects where the file begins with a bracket.

    Both stream: no more than *limit* bytes of an element are held.

    Raises:
        UnreadableFileError: the array is no JSON.
    """
    for line in lines:
        if line.data.isspace() and not line.is_cut:
            continue
        if line.data.lstrip().startswith(b"["):
            for element in split_array(line.data, lines.rest, line.number, limit):
                yield _read_element(file, element)
            return
        yield from read_json_lines(file, chain([line], lines))


def _read_element(file: DocumentFile, element: Element) -> Row | Rejected:
    try:
        content: Any = _decode(element.data)
    except (ValueError, RecursionError) as error:  # of msgspec, and of UTF-8
        position = _byte_of(error, element.data)
        head = element.data[:position].rpartition(b"\n")[2]
        what, hint = _explain(error, element.data, "element")
        if not what:
            column = len(head.decode("utf-8", "replace")) + 1
            column += 0 if b"\n" in element.data[:position] else element.column
            what = f"is not valid JSON (column {column:,}), expected {_ONE_ARRAY}."
        line = element.line + element.data.count(b"\n", 0, position)
        raise UnreadableFileError(what, hint, line=line) from None
    if not isinstance(content, dict):
        what = f"found {name_type(content)}, expected a JSON object."
        return reject(file, element.line, what)
    return Row(element.line, content)


def _read_object(file: DocumentFile, line: int, raw: bytes) -> Row | Rejected:
    try:
        content: Any = _decode(raw)
    except (ValueError, RecursionError) as error:  # of msgspec, and of UTF-8
        what, hint = _explain(error, raw)
        if not what:
            column = len(raw[: _byte_of(error, raw)].decode("utf-8", "replace")) + 1
            what = f"is not valid JSON (column {column:,}), expected {_ONE_OBJECT}."
            if raw.strip() == b"[" and file.format == "json-lines":
                hint = "Name the file .json to have an array read."
        return reject(file, line, what, hint)
    if not isinstance(content, dict):
        return reject(file, line, f"found {name_type(content)}, expected a JSON object.")
    return Row(line, content)


def _byte_of(error: Exception, data: bytes) -> int:
    """Return where decoding failed; the end of *data* where the error does not tell."""
    bad = find_bad_byte(data)
    if bad is not None:
        return bad - 1
    found = _BYTE.search(str(error))
    return int(found[1]) if found else len(data.rstrip())


def _explain(error: Exception, data: bytes, unit: str = "line") -> tuple[str, str]:
    """Return what is wrong where it is something else than the grammar, and a hint."""
    bad = find_bad_byte(data)
    if bad is not None:
        return describe_bad_byte(bad, data, unit)
    if isinstance(error, RecursionError):
        return "is nested too deeply.", ""
    if isinstance(error, msgspec.ValidationError):
        return "holds a number that is too large.", ""
    if ("surrogate" in str(error) or "truncated" in str(error)) and _HALF.search(
        _PAIR.sub(b"", data)
    ):
        return "holds half a character: \\ud800 to \\udfff without the other half.", ""
    return "", ""


_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (str, "a string"),
    (int, "a whole number"),
    (float, "a decimal number"),
    (dict, "an object"),
    (list, "a list"),
    (Decimal, "a decimal number"),
    (bytes, "bytes"),
    (date, "a date"),
    ((time, timedelta), "a time"),
)


def name_type(value: object) -> str:
    """Return what JSON calls *value*, or Parquet, with an article."""
    if value is None:
        return "null"
    return next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), "a strange value")

"""Rows out of JSON lines and out of one big JSON array."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

import msgspec

from harnn.data.files import DocumentFile, UnreadableFileError, number_lines
from harnn.data.log import Rejected
from harnn.data.rows import Row, describe_bad_byte, find_bad_byte, reject

_BYTE = re.compile(r"\(byte (\d+)\)")
_decode = msgspec.json.Decoder().decode
_split_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_json_lines(
    file: DocumentFile, lines: Iterable[tuple[int, bytes]]
) -> Iterator[Row | Rejected]:
    """Read one object a line; blank lines are left out."""
    for number, line in lines:
        if not line.isspace():
            yield _read_object(file, number, line)


def read_json(file: DocumentFile, stream: BinaryIO) -> Iterator[Row | Rejected]:
    """Read JSON lines, or one array of objects where the file begins with a bracket.

    An array is read into memory as a whole; JSON lines stream.

    Raises:
        UnreadableFileError: the array is no JSON.
    """
    lines = number_lines(stream)
    for number, line in lines:
        if line.isspace():
            continue
        if line.lstrip().startswith(b"["):
            yield from _read_array(file, number, line + stream.read())
        else:
            yield from read_json_lines(file, chain([(number, line)], lines))


def _read_array(file: DocumentFile, first_line: int, data: bytes) -> Iterator[Row | Rejected]:
    try:
        parts = _split_array(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        before = data[: _byte_of(error, data)]
        line = first_line + before.count(b"\n")
        current = before.rpartition(b"\n")[2] + data[len(before) :].partition(b"\n")[0]
        position = len(before.rpartition(b"\n")[2])
        what = _explain(error, current, position, "one array of objects, or one object a line")
        raise UnreadableFileError(what, line=line) from None
    line, position = first_line, 0
    for part in parts:
        raw = bytes(part)
        start = data.index(raw, position)
        line += data.count(b"\n", position, start)
        yield _read_object(file, line, raw)
        line += raw.count(b"\n")
        position = start + len(raw)


def _read_object(file: DocumentFile, line: int, raw: bytes) -> Row | Rejected:
    try:
        content: Any = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        what = _explain(error, raw, _byte_of(error, raw), "one object a line")
        return reject(file, line, what)
    if not isinstance(content, dict):
        return reject(file, line, f"found {name_type(content)}, expected a JSON object.")
    return Row(line, content)


def _byte_of(error: Exception, data: bytes) -> int:
    """Return where decoding failed; the end of *data* where the error does not tell."""
    found = _BYTE.search(str(error))
    return int(found[1]) if found else len(data.rstrip())


def _explain(error: Exception, line: bytes, position: int, expected: str) -> str:
    bad = find_bad_byte(line)
    if bad is not None:
        return describe_bad_byte(bad)
    if isinstance(error, RecursionError):
        return "is nested too deeply."
    if isinstance(error, msgspec.ValidationError):
        return "holds a number that is too large."
    column = len(line[:position].decode("utf-8", "replace")) + 1
    return f"is not valid JSON (column {column}), expected {expected}."


_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (str, "a string"),
    (int, "a whole number"),
    (float, "a decimal number"),
    (dict, "an object"),
    (list, "a list"),
)


def name_type(value: object) -> str:
    """Return what JSON calls *value*, with an article."""
    if value is None:
        return "null"
    return next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), "a strange value")

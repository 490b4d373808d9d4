"""One big JSON array cut into its elements, without holding more than one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from harnn.data.files import UnreadableFileError

_CHUNK = 1 << 16
_DEEPEST = 10_000
_BLANK = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^\s,\[\]{}\"]+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TO_BRACKET = re.compile(rb"(?:[^\"\[\]{}]++|" + _STRING.pattern + rb")*+([\[\]{}])?", re.DOTALL)
"""What stands before the next bracket that is not in a string, as far as it is there."""
_EXPECTED = "expected one array of objects, or one object a line."


class Element(NamedTuple):
    """One element, and where it begins."""

    data: bytes
    line: int
    column: int
    """Characters before it on its line."""


def split_array(head: bytes, stream: BinaryIO, line: int, limit: int) -> Iterator[Element]:
    """Yield the elements of the array that begins in *head* on *line* and goes on in *stream*.

    What an element is inside is not looked at, but for strings and brackets.

    Raises:
        UnreadableFileError: what stands between and behind the elements is no array, or an
            element is longer than *limit* bytes.
    """
    window = _Window(head, stream, line, limit)
    window.take(b"[")
    if window.peek() == b"]":
        window.take(b"]")
    else:
        while True:
            yield window.take_element()
            if window.peek() != b",":
                break
            window.take(b",")
        window.take(b"]")
    if window.peek():
        raise window.fail()


class _Window:
    """The piece of the stream that is looked at."""

    def __init__(self, head: bytes, stream: BinaryIO, line: int, limit: int) -> None:
        self._data = head
        self._at = 0
        self._stream = stream
        self._line = line
        self._column = 0
        self._counted = 0
        """Up to where line and column have been counted."""
        self._limit = limit

    def peek(self) -> bytes:
        """Return the next byte that is not blank; nothing at the end."""
        while True:
            found = _BLANK.match(self._data, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._refill():
                return b""

    def take(self, expected: bytes) -> None:
        """Pass over one byte.

        Raises:
            UnreadableFileError: it is another one.
        """
        if self.peek() != expected:
            raise self.fail()
        self._at += 1

    def take_element(self) -> Element:
        """Return the next value, right or wrong inside, and pass over it."""
        first = self.peek()
        self._count()
        line, column = self._line, self._column
        end = self._find_nested_end() if first in (b"[", b"{") else self._find_scalar_end(first)
        if end <= self._at:
            raise self.fail()
        if end - self._at > self._limit:
            raise self._fail_long()
        element = Element(self._data[self._at : end], line, column)
        self._at = end
        return element

    def fail(self) -> UnreadableFileError:
        """Return the error for what stands here."""
        self._count()
        what = f"is not valid JSON (column {self._column + 1:,}), {_EXPECTED}"
        return UnreadableFileError(what, line=self._line)

    def _find_scalar_end(self, first: bytes) -> int:
        pattern = _STRING if first == b'"' else _SCALAR
        while True:
            found = pattern.match(self._data, self._at)
            if found is not None and found.end() < len(self._data):
                return found.end()
            if not self._refill():
                return found.end() if found is not None else self._at

    def _find_nested_end(self) -> int:
        """Return where the brackets that open here are all closed."""
        depth, done = 0, self._at  # what stands before *done* was looked at
        while True:
            found = _TO_BRACKET.match(self._data, done)
            while found is not None and found[1] is not None:
                done = found.end()
                depth += 1 if found[1] in b"[{" else -1
                if depth == 0:
                    return done
                if depth > _DEEPEST:
                    raise UnreadableFileError("is nested too deeply.", line=self._line)
                found = _TO_BRACKET.match(self._data, done)
            done = found.end() if found is not None else done
            done -= self._at  # which will be 0
            if not self._refill():
                self._at = len(self._data)
                raise self.fail()

    def _refill(self) -> bool:
        """Read on; what was passed over is forgotten.

        Raises:
            UnreadableFileError: an element is longer than the limit.
        """
        self._count()
        kept = self._data[self._at :]
        if len(kept) > self._limit:
            raise self._fail_long()
        more = self._stream.read(max(_CHUNK, len(kept)))  # twice as much each time
        self._data, self._at, self._counted = kept + more, 0, 0
        return bool(more)

    def _fail_long(self) -> UnreadableFileError:
        what = f"holds an element of more than {self._limit:,} bytes."
        hint = "Set data.line_limit higher if that is meant."
        return UnreadableFileError(what, hint, line=self._line)

    def _count(self) -> None:
        """Count lines and columns up to here."""
        passed = self._data[self._counted : self._at]
        lines = passed.count(b"\n")
        if lines:
            self._line += lines
            self._column = 0
            passed = passed[passed.rfind(b"\n") + 1 :]
        self._column += len(passed.decode("utf-8", "replace"))
        self._counted = self._at

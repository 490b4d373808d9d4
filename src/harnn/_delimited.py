"""Lines of CSV and TSV cut into cells.

CSV (RFC 4180): a cell may stand in quotation marks, and then hold delimiters, line breaks and,
doubled, quotation marks. TSV does not quote: a cell is what stands between two tabs.

Python's ``csv`` module is not used: its bound on the size of a cell belongs to the whole process,
and a quotation mark that is never closed makes it read the file to its end.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harnn._encodings import likely_encodings

CANDIDATES = (",", ";", "\t", "|")
"""What may separate cells."""

_SEPARATOR_LINE = re.compile(r"\"?sep=([^\"\r\n])\"?[;,\t]*\s*", re.IGNORECASE)
"""The first line that Excel writes and reads."""
_READ_AGAIN = 1 << 24
"""Characters behind unclosed quotation marks that are read again, of one file."""
_UNCLOSED_HINT = "Close it, or double the quotation marks that belong to the text."
_LONE_CR = "holds a carriage return (CR), expected lines that end with LF or with CR and LF."


class Line(NamedTuple):
    """One line as bytes in UTF-8, with its end; what is wrong with it, and a hint."""

    number: int
    data: bytes
    what: str = ""
    hint: str = ""
    is_cut: bool = False
    """Only its beginning is here."""


@dataclass(slots=True)
class Record:
    """One row: its cells, or what is wrong with it."""

    line: int
    cells: list[str]
    what: str = ""
    hint: str = ""
    inner: list[int] = field(default_factory=list)
    """Delimiters on each line but the first, of a row that spans several."""


def read_tsv(lines: Iterable[Line], delimiter: str) -> Iterator[Record]:
    """Yield one record a line."""
    for line in lines:
        text, what, hint = decode_line(line)
        body = _without_end(text)
        if not what and "\r" in body:
            what = _LONE_CR
        yield Record(line.number, body.split(delimiter), what, hint)


def read_csv(lines: Iterable[Line], delimiter: str, limit: int) -> Iterator[Record]:
    """Yield records that span one line or, where a cell is quoted, several.

    What stands behind a quotation mark that is not closed within *limit* characters, or closed in
    the midst of a cell, is one bad record; the lines after its first are read again.
    """
    source, again = iter(lines), deque[Line]()
    left = _READ_AGAIN
    while (line := again.popleft() if again else next(source, None)) is not None:
        text, what, hint = decode_line(line)
        if '"' not in text and not what:
            body = _without_end(text)
            what = _LONE_CR if "\r" in body else ""
            yield Record(line.number, body.split(delimiter), what)
            continue
        if line.is_cut:
            yield Record(line.number, [], what, hint)
            continue
        row = _Row(Record(line.number, [], what, hint), delimiter, limit)
        more: list[Line] = []
        row.feed(text)
        while row.is_open:
            following = again.popleft() if again else next(source, None)
            if following is None:
                row.fail("is never closed.")
            else:
                more.append(following)
                row.feed_line(following)
        if row.is_broken and more and row.size <= left:
            left -= row.size
            again.extendleft(reversed(more))
        yield row.record


class _Row:
    """A record while it is read."""

    def __init__(self, record: Record, delimiter: str, limit: int) -> None:
        self.record = record
        self.size = 0
        self.is_broken = False
        """A quotation mark is not closed, or closed where no cell ends."""
        self._delimiter = delimiter
        self._limit = limit
        self._start = record.line
        self._parts: list[str] | None = None
        """Of the quoted cell that is not closed yet."""

    @property
    def is_open(self) -> bool:
        return self._parts is not None

    def fail(self, how: str) -> None:
        """End the record with what is wrong with its quotation mark."""
        opened = f"opens a quotation mark in cell {len(self.record.cells) + 1} that {how}"
        if not self.record.what or self.record.line != self._start:
            self.record.line = self._start
            self.record.what, self.record.hint = opened, _UNCLOSED_HINT
        self._parts, self.is_broken = None, True

    def feed_line(self, line: Line) -> None:
        """Read on in the next line of the file."""
        text, what, hint = decode_line(line)
        if what and not self.record.what:
            self.record.line, self.record.what, self.record.hint = line.number, what, hint
        self.record.inner.append(text.count(self._delimiter))
        if line.is_cut or self.size + len(text) > self._limit:
            self.fail(f"is not closed within {self._limit:,} characters (data.line_limit).")
        else:
            self.feed(text, line.number)

    def feed(self, text: str, number: int = 0) -> None:
        """Take one more line: the record stays open where the line ends inside a quoted cell."""
        self.size += len(text)
        end = len(_without_end(text))
        at = 0
        while True:
            if self._parts is None and not text.startswith('"', at):
                at = self._take_plain(text, at, end)
            else:
                at = self._take_quoted(text, at, number)
            if at == end or not 0 <= at < end:
                return
            at += 1
            if at == end:  # a delimiter ends the line: one more cell, and it is empty
                self.record.cells.append("")
                return

    def _take_plain(self, text: str, at: int, end: int) -> int:
        """Take a cell up to its delimiter or the end of the line, and return where that is."""
        stop = text.find(self._delimiter, at, end)
        stop = end if stop < 0 else stop
        cell = text[at:stop]
        if "\r" in cell and not self.record.what:
            self.record.what = _LONE_CR
        self.record.cells.append(cell)
        return stop

    def _take_quoted(self, text: str, at: int, number: int) -> int:
        """Take what is there of a quoted cell; return where it ends, -1 where it does not."""
        if self._parts is None:
            self._parts = []
            at += 1
        stop = at
        while (stop := text.find('"', stop)) >= 0 and text.startswith('"', stop + 1):
            stop += 2
        if stop < 0:
            self._parts.append(text[at:])
            return -1
        self._parts.append(text[at:stop])
        after = stop + 1
        if after < len(_without_end(text)) and not text.startswith(self._delimiter, after):
            self._refuse_end(number)
            return -1
        self.record.cells.append("".join(self._parts).replace('""', '"'))
        self._parts = None
        return after

    def _refuse_end(self, number: int) -> None:
        if number:
            self.fail(f"ends in the middle of a cell of line {number}.")
            return
        if not self.record.what:
            what = f"is not a valid row of CSV ({self._delimiter!r} expected after '\"')."
            self.record.what, self.record.hint = what, ""
        self._parts, self.is_broken = None, True


def decode_line(line: Line) -> tuple[str, str, str]:
    """Return a line as text, what is wrong with it, and a hint."""
    try:
        return line.data.decode("utf-8"), line.what, line.hint
    except UnicodeDecodeError:
        text = line.data.decode("utf-8", "replace")
        if line.what:
            return text, line.what, line.hint
        return text, *describe_bad_byte(find_bad_byte(line.data) or 1, line.data)


def find_bad_byte(line: bytes) -> int | None:
    """Return the position, from 1, of the first byte that is not UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start + 1
    return None


def describe_bad_byte(position: int, line: bytes, unit: str = "line") -> tuple[str, str]:
    """Return the sentence for a byte that is not UTF-8, and what the line may be instead."""
    what = f"is not UTF-8 (byte {position} of the {unit})."
    likely = likely_encodings(line)
    if not likely:
        return what, ""
    first, *others = likely
    more = "".join(f" or {other}" for other in others)
    begin = "It may be cp1252: set" if first == "cp1252" else "Name its encoding, such as"
    return what, f"{begin} data.encoding={first} (--encoding {first}){more}."


def separator_told(line: Line) -> str:
    """Return the character that a line ``sep=;`` names, nothing where the line is another one."""
    given = _SEPARATOR_LINE.fullmatch(decode_line(line)[0])
    return given[1] if given is not None else ""


def split_header(header: Line, delimiter: str) -> list[str] | None:
    """Return the names of columns, None where the line is no row of CSV."""
    record = next(read_csv([header], delimiter, len(header.data)))
    return None if record.what else [name.strip() for name in record.cells]


def tell_delimiter(header: Line, fits: Callable[[Sequence[str]], bool], usual: str = ",") -> str:
    """Return what separates the cells where the header leaves no doubt, else what is *usual*.

    fits: whether names of columns are those that are wanted.
    """
    fitting = [
        candidate
        for candidate in CANDIDATES
        for names in [split_header(header, candidate)]
        if names is not None and fits(names)
    ]
    if usual in fitting or len(fitting) == 1:
        return usual if usual in fitting else fitting[0]
    inside = delimiters_inside(header)
    return inside[0] if len(inside) == 1 and not fitting else usual


def delimiters_inside(line: Line) -> list[str]:
    """Return the candidates that stand in a line."""
    text = decode_line(line)[0]
    return [candidate for candidate in CANDIDATES if candidate in text]


def _without_end(text: str) -> str:
    text = text.removesuffix("\n")
    return text.removesuffix("\r")

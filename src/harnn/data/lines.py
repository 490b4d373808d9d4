"""Lines out of bytes: numbered, bounded, without byte order mark, and in UTF-8."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from harnn._delimited import Line, find_bad_byte
from harnn._encodings import BYTE_ORDER_MARKS, SAMPLE, looks_western, plain_name
from harnn.config import DataConfig
from harnn.data.files import DocumentFile, UnreadableFileError, open_bytes
from harnn.data.log import ReadingLog
from harnn.errors import Problem

_CHUNK = 1 << 15
_PASSED_OVER = 1 << 30
"""Bytes of a line that is too long which are read only to find its end."""
_GUESSED = ("csv", "tsv", "text")
"""Formats whose encoding may be told from their bytes; JSON is UTF-8."""


class Lines:
    """The lines of a file.

    A line that is longer than ``data.line_limit`` comes cut, and is passed over up to its end.
    Lines in UTF-8 are handed on as they are, for those to decode who
    read them, but a file that is safe to be called cp1252 is read as that, which *log* is told; of
    other encodings each line is decoded here, and of those whose lines do not end
    with the byte of a line feed the whole stream is.

    Raises:
        UnreadableFileError: while reading; the whole file is in another encoding, or a line goes
            on for ever.
    """

    def __init__(
        self,
        file: DocumentFile,
        stream: BinaryIO,
        config: DataConfig,
        log: ReadingLog | None = None,
        *,
        first: int = 1,
    ) -> None:
        """first: number of the first line of *stream*, which is the rest of a file in the encoding
        of *config* where that is not 1."""
        self._file = file
        self._first = first
        self._log = log
        self._stream = stream
        self._limit = config.line_limit
        self._encoding = plain_name(config.encoding)
        self._may_be_western = self._encoding == "utf-8" and file.format in _GUESSED
        self._is_json = file.format == "json"
        self._lines = self._read()

    def __iter__(self) -> Iterator[Line]:
        return self._lines

    def __next__(self) -> Line:
        return next(self._lines)

    @property
    def rest(self) -> BinaryIO:
        """What is not read yet, in UTF-8 where the file is JSON."""
        return self._stream

    def _read(self) -> Iterator[Line]:
        data, number = self._begin(), self._first
        while data:
            is_cut = len(data) > self._limit and not data.endswith(b"\n")
            if is_cut:
                what = f"is a line of more than {self._limit:,} bytes."
                hint = "Set data.line_limit higher if that is meant."
                cut = Line(number, data, what, hint, is_cut=True)
                if self._is_json:
                    yield cut  # an array, which goes on in the rest
                    self._pass_over(number)
                else:
                    self._pass_over(number)
                    yield cut
            elif self._encoding == "utf-8" and not self._is_western(data):
                yield Line(number, data)
            else:
                yield _decode(number, data, self._encoding)
            data = self._stream.readline(self._limit + 1)
            number += 1

    def _is_western(self, data: bytes) -> bool:
        """Tell whether a line is the first that is not UTF-8, of a file that is all cp1252.

        From there on it is read as such, and that is told once; what was before it is ASCII.
        """
        if not self._may_be_western or data.isascii():
            return False
        self._may_be_western = False
        if find_bad_byte(data) is None:
            return False
        with open_bytes(self._file) as stream:
            if not looks_western(stream.read(SAMPLE)):
                return False
        self._encoding = "cp1252"
        if self._log is not None:
            hint = "Set data.encoding (--encoding) to have it read as that or another one."
            self._log.warn(Problem(self._file.name, "is not UTF-8: read as cp1252.", hint))
        return True

    def _begin(self) -> bytes:
        """Return the first line, and settle the encoding."""
        first = self._stream.readline(self._limit + 1)
        if self._first > 1:
            return first
        for mark, encoding in BYTE_ORDER_MARKS:
            if first.startswith(mark):
                self._encoding = encoding
                break
        if self._encoding == "utf-8":
            refuse_utf_16(first)
            return first.removeprefix(codecs.BOM_UTF8)
        if self._is_json or "\n".encode(self._encoding) != b"\n":
            whole = _Transcoder(first, self._stream, self._encoding)
            self._stream = cast(BinaryIO, io.BufferedReader(whole, _CHUNK))
            self._encoding = "utf-8"
            first = self._stream.readline(self._limit + 1)
        return first

    def _pass_over(self, number: int) -> None:
        passed = 0
        while data := self._stream.readline(1 << 20):
            passed += len(data)
            if data.endswith(b"\n"):
                return
            if passed > _PASSED_OVER:
                what = f"is a line of more than {_PASSED_OVER:,} bytes: reading stops there."
                raise UnreadableFileError(what, line=number)


class _Transcoder(io.RawIOBase):
    """A stream of any encoding, in UTF-8."""

    def __init__(self, head: bytes, stream: BinaryIO, encoding: str) -> None:
        self._head = head
        self._stream = cast(io.BufferedReader, stream)
        self._encoding = encoding
        self._decoder: Any = codecs.getincrementaldecoder(encoding)("strict")
        self._ready = memoryview(b"")
        self._line = 1
        self._ended = False
        self._broken: UnreadableFileError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._ready:
            if self._broken is not None:
                raise self._broken
            if self._ended:
                return 0
            self._refill()
        size = min(len(target), len(self._ready))
        target[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _refill(self) -> None:
        data = self._head or self._stream.read1(_CHUNK)
        self._head, self._ended = b"", not data
        text = self._decode(data)
        self._line += text.count("\n")
        self._ready = memoryview(text.encode("utf-8"))

    def _decode(self, data: bytes) -> str:
        """Return the text up to the first thing that is none; the next call raises."""
        try:
            return str(self._decoder.decode(data, self._ended))
        except UnicodeDecodeError as error:
            kept = len(error.object) - len(data)
            good = self._decoder.decode(data[: max(0, error.start - kept)])
            line = self._line + good.count("\n")
            what = f"is not {self._encoding}: reading stops there."
            self._broken = UnreadableFileError(what, line=line)
            return str(good)
        except UnicodeError:  # UTF-16 or UTF-32 whose first character is none
            what = f"is not {self._encoding}: reading stops there."
            raise UnreadableFileError(what, line=self._line) from None


def _decode(number: int, data: bytes, encoding: str) -> Line:
    try:
        return Line(number, data.decode(encoding).encode("utf-8"))
    except UnicodeError as error:
        place = error.start + 1 if isinstance(error, UnicodeDecodeError) else 1
        return Line(number, data, f"is not {encoding} (byte {place} of the line).")


def refuse_utf_16(first: bytes) -> None:
    """Refuse the first line of a file that is no UTF-8.

    Raises:
        UnreadableFileError: it looks like UTF-16.
    """
    zeros = [byte == 0 for byte in first[:4]]
    for name, pattern in (("le", [False, True]), ("be", [True, False])):
        if zeros == pattern * 2:
            what = "looks like UTF-16 without a byte order mark."
            hint = f"Set data.encoding=utf-16-{name} (--encoding utf-16-{name})."
            raise UnreadableFileError(what, hint)

"""The bodies of requests: as large as is taken, in time, unpacked; or a refusal."""

from __future__ import annotations

import asyncio
import codecs
import re
import time
import zlib
from collections.abc import AsyncIterator
from itertools import islice

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harnn.serve.problems import RequestError, Respond, too_large
from harnn.serve.settings import Limits

MOST_SECONDS = 20.0
"""Until something must have come, as the head of a request or the first part of its body."""
_BYTES_A_SECOND = 10_000
"""How fast a body must come then."""
_BODIES_AT_ONCE = 16
"""So many bodies of the largest size are held in memory; beyond them requests are told to wait."""
_MOST_PARTS = 1_024
"""Of a body packed with gzip: each takes its time to begin, however little it holds."""
_MOST_VALUES = 100_000
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Those of UTF-32 begin so too, or with zeros."""
_STRING_OR_COMMA = re.compile(b'"[^"]*"|(,)')
_DIGITS = re.compile("[0-9]+")
_MOST_DIGITS = 18


class Bounded:
    """Reads the bodies of requests: as much as is taken, in time, unpacked; or refuses them.

    A body is complete before a route sees it, which can then do nothing wrong with half of one.
    """

    def __init__(self, app: ASGIApp, limits: Limits, respond: Respond) -> None:
        self._app, self._respond = app, respond
        self._most = limits.body_bytes
        self._seconds = min(limits.seconds, MOST_SECONDS)
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body: _Body | None = None
        try:
            body = self._body_of(scope)
            async for size in body.read(receive):
                self._held += size
                if self._held > _BODIES_AT_ONCE * self._most:
                    raise _too_much_held()
            content = body.content
            if "json" in Headers(scope=scope).get("content-type", "").casefold():
                check_json(content)
        except RequestError as error:
            await self._respond(scope, error)(scope, receive, send)
        else:
            if body.is_whole:
                await self._app(scope, _given(content, receive), send)
        finally:
            self._held -= 0 if body is None else body.size

    def _body_of(self, scope: Scope) -> _Body:
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        if not _DIGITS.fullmatch(declared):
            raise RequestError(400, "The Content-Length is no number.", reason="content_length")
        if len(declared) > _MOST_DIGITS or int(declared) > self._most:
            raise too_large(self._most)
        coding = ", ".join(headers.getlist("content-encoding")).strip().casefold()
        if coding in ("", "identity"):
            return _Body(self._most, self._seconds, None)
        if coding not in ("gzip", "x-gzip"):
            detail = "The body is packed in another way than gzip, the only one that is read."
            accepted = {"Accept-Encoding": "gzip, identity"}
            raise RequestError(415, detail, headers=accepted, reason="content_encoding")
        packed = (b"content-encoding", b"content-length")  # not so any more once it is unpacked
        scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in packed]
        return _Body(self._most, self._seconds, Gzip())


class _Body:
    """What of one body has come."""

    def __init__(self, most: int, seconds: float, gzip: Gzip | None) -> None:
        self._most, self._gzip = most, gzip
        self._end = time.monotonic() + seconds
        self._came = 0
        self._parts: list[bytes] = []
        self.size = 0
        """In bytes, unpacked."""
        self.is_whole = False
        """Whether all of it has come; a client may have left before."""

    @property
    def content(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)

    async def read(self, receive: Receive) -> AsyncIterator[int]:
        """Read it, and yield the size of each part.

        Raises:
            RequestError: it is too large, too late, or not what it says.
        """
        while not self.is_whole:
            message = await self._next(receive)
            if message["type"] != "http.request":
                return
            part = message.get("body", b"")
            self.is_whole = not message.get("more_body", False)
            self._came += len(part)
            if self._came > self._most:
                raise too_large(self._most)
            if self._gzip is not None:
                part = self._gzip.unpacked(part, self._most - self.size, last=self.is_whole)
            if self.size + len(part) > self._most:
                raise too_large(self._most)
            self.size += len(part)
            self._parts.append(part)
            yield len(part)

    async def _next(self, receive: Receive) -> Message:
        left = self._end + self._came / _BYTES_A_SECOND - time.monotonic()
        try:
            async with asyncio.timeout(max(left, 0.001)):
                return await receive()
        except TimeoutError:
            detail = "The body of the request comes too slowly."
            closed = {"Connection": "close"}
            raise RequestError(408, detail, headers=closed, reason="slow_body") from None


class Gzip:
    """A body packed with gzip, in one part or several (RFC 1952, 2.2)."""

    def __init__(self) -> None:
        self._unpack = _new_part()
        self._parts = 1
        self._began = False

    def unpacked(self, packed: bytes, room: int, *, last: bool) -> bytes:
        """Return what some bytes hold, as far as there is room for it, and one byte more.

        Raises:
            RequestError: they are no gzip, or end too early.
        """
        plain: list[bytes] = []
        while packed:
            self._began = True
            if self._unpack.eof:
                self._parts += 1
                if self._parts > _MOST_PARTS:
                    detail = f"The packed body has more than {_MOST_PARTS:,} parts."
                    raise RequestError(400, detail, reason="gzip")
                self._unpack = _new_part()
            try:
                part = self._unpack.decompress(packed, room + 1)
            except zlib.error:
                detail = "The body is not packed with gzip, as it says."
                raise RequestError(400, detail, reason="gzip") from None
            plain.append(part)
            room -= len(part)
            if room < 0:
                break
            packed = self._unpack.unused_data
        if last and room >= 0 and self._began and not self._unpack.eof:
            raise RequestError(400, "The packed body ends too early.", reason="gzip")
        return b"".join(plain)


def _new_part() -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _given(content: bytes, receive: Receive) -> Receive:
    """Return what gives a body that has been read, and then says whether the client leaves."""
    is_given = False

    async def receiving() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receiving


def check_json(content: bytes) -> None:
    """Refuse JSON of so many values that to say what is wrong with them would take minutes.

    A wrong value costs a kilobyte and more, where it may have two bytes itself.

    Raises:
        RequestError: it has more values than are taken (413), or is not UTF-8, which would hide
            them (400).
    """
    if b"\0" in content[:4] or content.startswith(_BOMS):
        raise RequestError(400, "The body is not JSON in UTF-8.", reason="encoding")
    if content.count(b",") < _MOST_VALUES:
        return
    unescaped = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    commas = (found for found in _STRING_OR_COMMA.finditer(unescaped) if found[1])
    if next(islice(commas, _MOST_VALUES - 1, None), None) is not None:
        detail = f"The request has more than {_MOST_VALUES:,} values, the most that is taken."
        raise RequestError(413, detail, reason="too_many_values")


def _too_much_held() -> RequestError:
    detail = "Too many large requests come at once; ask again later."
    return RequestError(503, detail, headers={"Retry-After": "1"}, reason="bodies_full")

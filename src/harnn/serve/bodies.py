"""The bodies of requests: as large as is taken, in time, unpacked; or a refusal."""

from __future__ import annotations

import asyncio
import re
import time
import zlib

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
_DIGITS = re.compile("[0-9]+")
_MOST_DIGITS = 18


class _Refused(Exception):  # noqa: N818 (it ends reading; what is wrong is told by another)
    """Nothing more of a body is read."""


class Bounded:
    """Refuses bodies that are too large, packed ones included, or come too slowly.

    Whatever the application makes of a body that ends so, the refusal is the answer.
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
        try:
            body = self._body_of(scope)
        except RequestError as error:
            await self._respond(scope, error)(scope, receive, send)
            return
        refusal: RequestError | None = None
        started = False

        async def receiving() -> Message:
            nonlocal refusal
            if body.is_complete:
                return await receive()
            try:
                message = await body.next_part(receive)
                size = len(message.get("body", b""))
                if self._held + size > _BODIES_AT_ONCE * self._most:
                    raise _too_much_held()
                self._held += size
                body.size += size
            except RequestError as error:
                refusal = error
                raise _Refused from None
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            if refusal is None or started:
                started = True
                await send(message)

        try:
            await self._app(scope, receiving, sending)
        except Exception:
            if refusal is None or started:
                raise
        finally:
            self._held -= body.size
        if refusal is not None and not started:
            await self._respond(scope, refusal)(scope, receive, send)

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
        return _Body(self._most, self._seconds, _Gzip())


class _Body:
    """What of one body has come."""

    def __init__(self, most: int, seconds: float, gzip: _Gzip | None) -> None:
        self._most, self._gzip = most, gzip
        self._end = time.monotonic() + seconds
        self._came = 0
        self.size = 0
        """In bytes, unpacked."""
        self.is_complete = False

    async def next_part(self, receive: Receive) -> Message:
        """Return the next part, unpacked.

        Raises:
            RequestError: it is too large, too late, or not what it says.
        """
        try:
            left = self._end + self._came / _BYTES_A_SECOND - time.monotonic()
            async with asyncio.timeout(max(left, 0.001)):
                message = await receive()
        except TimeoutError:
            detail = "The body of the request comes too slowly."
            closed = {"Connection": "close"}
            raise RequestError(408, detail, headers=closed, reason="slow_body") from None
        if message["type"] != "http.request":
            self.is_complete = True
            return message
        part = message.get("body", b"")
        self._came += len(part)
        self.is_complete = not message.get("more_body", False)
        if self._came > self._most:
            raise too_large(self._most)
        if self._gzip is not None:
            part = self._gzip.unpacked(part, self._most - self.size, last=self.is_complete)
        if self.size + len(part) > self._most:
            raise too_large(self._most)
        return {**message, "body": part}


class _Gzip:
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


def _too_much_held() -> RequestError:
    detail = "Too many large requests come at once; ask again later."
    return RequestError(503, detail, headers={"Retry-After": "1"}, reason="bodies_full")

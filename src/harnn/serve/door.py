"""How bytes become requests: as uvicorn does it, but never for ever and never without a bound.

uvicorn waits for the head of a request as long as somebody keeps the connection, and keeps as much
of it as comes.
"""

from __future__ import annotations

import asyncio
import json
import re
from asyncio.events import TimerHandle
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from harnn.serve.bodies import MOST_SECONDS
from harnn.serve.gate import HEADERS
from harnn.serve.problems import PROBLEM_JSON, RequestError

_MOST_BYTES = 1 << 16
"""Of the head of a request; and of what comes with its body and is none of it."""
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_OVERHEAD = 8
"""Bytes that may come for each byte of a body: a part of one byte has six in all."""


class Door(HttpToolsProtocol):
    """One connection. (It inherits, because uvicorn takes what reads requests as a class.)"""

    _came = 0
    """Bytes that are no body."""
    _head = b""
    """Of the next request, as long as it is not complete."""
    _is_between = True
    """Whether no request has begun that the parser knows of."""
    _timer: TimerHandle | None = None
    _reader: TimerHandle | None = None
    """What looks whether an answer is read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        self._stop_looking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; of a head that is too large no more."""
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        self._came += len(data)
        if self._is_between:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0 and self._head[:1].isalpha() and self._came <= _MOST_BYTES:
                self._unset_keepalive_if_required()
                return
            # No other protocol is spoken: to offer one (as clients in Java do) is no reason for
            # the parser to pass over the body.
            data, self._head = _UPGRADE.sub(b"", self._head[:end]) + self._head[end:], b""
        super().data_received(data)
        if self._came > _MOST_BYTES and not self.transport.is_closing():
            detail = f"The head of the request has more than {_MOST_BYTES:,} bytes."
            self._refuse(RequestError(431, detail, reason="head_too_large"))

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """End a request, body and all."""
        self._is_between = True
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        """Pass the request on."""
        self._stop_waiting()
        self._came = 0
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes behind a body in parts is none of the request."""
        if self.cycle is None or self.cycle.scope is not self.scope:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._came = max(0, self._came - _OVERHEAD * len(body))
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Say that something is no request of HTTP."""
        self._refuse(RequestError(400, msg, reason="no_http"))

    def pause_writing(self) -> None:
        """Send no more for the moment: what was sent is not read."""
        super().pause_writing()
        self._look(None)

    def resume_writing(self) -> None:
        """Go on sending."""
        self._stop_looking()
        super().resume_writing()

    def _look(self, before: int | None) -> None:
        """Hang up where nothing of an answer was read for a while; before: what was unread."""
        unread = self.transport.get_write_buffer_size()
        if before is not None and unread >= before:
            self._count("slow_reader")
            self.transport.abort()
            return
        self._reader = self.loop.call_later(self._seconds, self._look, unread)

    def _stop_looking(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    @property
    def _seconds(self) -> float:
        service = self.app_state.get("service")
        return min(MOST_SECONDS, service.settings.limits.seconds) if service else MOST_SECONDS

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self._seconds, self._end_waiting)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_waiting(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._came:  # who sends nothing at all has not asked anything
            self._count("slow_head")
        self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        """Answer without a request, and hang up; into an answer that is on its way nothing."""
        self._count(error.reason)
        cycle = self.cycle
        is_free = cycle is None or cycle.response_complete or not cycle.response_started
        if is_free and not self.pipeline:
            body = json.dumps(error.to_dict()).encode()
            self.transport.write(_head(error.status, len(body)) + body)
        self.transport.close()

    def _count(self, reason: str) -> None:
        if (service := self.app_state.get("service")) is not None:
            service.metrics.rejected(reason)


def _head(status: int, size: int) -> bytes:
    headers: Mapping[str, Any] = HEADERS | {
        "content-type": PROBLEM_JSON,
        "content-length": size,
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

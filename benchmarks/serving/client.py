"""Clients that ask a server over connections that stay open, cheaply enough not to be measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httptools


@dataclass
class Seen:
    """What clients saw."""

    seconds: list[float] = field(default_factory=list)
    """Of each answer with status 200."""
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    """Requests that got no answer, because the server closed the connection."""
    documents: int = 0
    bodies: list[bytes] = field(default_factory=list)
    """Of answers, where they are kept."""

    def answered(self, status: int, seconds: float, documents: int) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.seconds.append(seconds)
            self.documents += documents


class Answer(asyncio.Protocol):
    """One connection; at most one request at a time."""

    def __init__(self) -> None:
        self._done: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server took the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """The server sent something."""
        self._parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        """The server closed the connection."""
        self.transport = None
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError("closed"))

    def on_body(self, body: bytes) -> None:
        """Part of an answer."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """An answer is there."""
        assert self._done is not None
        self._done.set_result(self._parser.get_status_code())
        keep = self._parser.should_keep_alive()
        self._parser = httptools.HttpResponseParser(self)
        if not keep and self.transport is not None:
            self.transport.close()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return status and body of the answer."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("closed")
        self._done = asyncio.get_running_loop().create_future()
        self._body = []
        self.transport.write(request)
        return await self._done, b"".join(self._body)


def request_of(host: str, texts: Sequence[str]) -> bytes:
    """Return the bytes of a request for the labels of *texts*."""
    body = json.dumps({"documents": list(texts)}).encode()
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def load(
    address: tuple[str, int],
    requests: Sequence[bytes],
    documents: int,
    *,
    clients: int,
    seconds: float,
    most: int | None = None,
    keep: bool = False,
) -> Seen:
    """Let *clients* ask one request after another for so long, or until *most* are asked.

    documents: of each request. A connection that the server closes is opened again, until nobody
    listens any more.
    """
    seen, end = Seen(), time.perf_counter() + seconds
    left = iter(range(most if most is not None else 1 << 40))

    async def one(number: int) -> None:
        at = number
        connection: Answer | None = None
        while time.perf_counter() < end and next(left, None) is not None:
            try:
                if connection is None or connection.transport is None:
                    connection = await connect(address)
            except OSError:
                return
            start = time.perf_counter()
            try:
                status, body = await connection.ask(requests[at % len(requests)])
            except (ConnectionError, httptools.HttpParserError):
                seen.broken += 1
                connection = None
                continue
            seen.answered(status, time.perf_counter() - start, documents)
            if keep:
                seen.bodies.append(body)
            at += clients
        if connection is not None and connection.transport is not None:
            connection.transport.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    return seen


async def connect(address: tuple[str, int]) -> Answer:
    """Open a connection."""
    _, protocol = await asyncio.get_running_loop().create_connection(Answer, *address)
    return protocol

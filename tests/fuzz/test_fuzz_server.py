"""Requests, damaged byte by byte: a server refuses them, lives, and waits for none for ever."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from support.served import SMALL, running

ROUNDS = int(os.environ.get("HARNN_FUZZ", "160")) // 8
THREADS = 8
BODY = json.dumps({"documents": ["The tap drips."]}).encode()
HEAD = b"Host: localhost\r\nConnection: close\r\n"
JSON = b"Content-Type: application/json\r\n"
SEEDS = (
    b"GET /v1/label?label=a HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"POST /v1/predict HTTP/1.1\r\n"
    + HEAD
    + JSON
    + b"Content-Length: %d\r\n\r\n" % len(BODY)
    + BODY,
    b"POST /v1/predict HTTP/1.1\r\n"
    + (HEAD + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
    + (b"5\r\n" + BODY[:5] + b"\r\n%x\r\n" % (len(BODY) - 5) + BODY[5:] + b"\r\n0\r\nX: y\r\n\r\n"),
    b"OPTIONS /v1/predict HTTP/1.1\r\nOrigin: http://x\r\nAccess-Control-Request-Method: POST\r\n"
    + HEAD
    + b"\r\n",
    b"DELETE /v1/session HTTP/1.1\r\nCookie: harnn_session=a.b.c; x\r\nX-CSRF-Token: q\r\n"
    + HEAD
    + b"Authorization: Bearer x\r\n\r\n",
)
PIECES = (
    *(
        b"\r\n",
        b"\0",
        b"\xff",
        b":",
        b" ",
        b"\r\n\r\n",
        b"%",
        b"//",
        b"?",
        b"\x80\x81",
        b"HTTP/1.0",
    ),
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Host: a\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade\r\n",
    b"Expect: 100-continue\r\n",
    b"A" * 70_000,
    b"Authorization: Bearer \xe9\r\n",
    b"Cookie: \xe9=\xff\r\n",
    b"Content-Type: application/json; charset=utf-16\r\n",
    b"Content-Type: multipart/form-data\r\n",
    b"Origin: http://[\r\n",
    b"X-Request-Id: \xe9\r\n",
)


def damaged(seed: bytes, draw: random.Random) -> bytes:
    """Put pieces into a request, take some out, and change bytes."""
    content = bytearray(seed)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(content))
        match draw.randrange(4):
            case 0:
                content[place:place] = draw.choice(PIECES)
            case 1:
                del content[place : place + draw.randint(1, 9)]
            case 2:
                content[place] = draw.randrange(256)
            case _:
                line = content.find(b"\r\n", place) + 2
                content[line:line] = draw.choice(PIECES)
    return bytes(content)


def status_of(address: tuple[str, int], content: bytes) -> int:
    """Send a request and read until the connection ends; return the last status, 0: none."""
    answer = b""
    with (
        socket.create_connection(address, timeout=60) as connection,
        suppress(BrokenPipeError, ConnectionResetError),
    ):
        connection.sendall(content)
        while part := connection.recv(1 << 16):
            answer += part
    found = re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[-1]) if found else 0


@pytest.mark.slow
def test_a_server_lives_whatever_comes(tmp_path: Path) -> None:
    draw = random.Random(20261127)
    contents = [damaged(draw.choice(SEEDS), draw) for _ in range(ROUNDS * THREADS)]
    statuses: Counter[int] = Counter()
    with running(tmp_path / "log", SMALL, "--timeout", "1") as server:
        host, _, port = server.url.removeprefix("http://").rpartition(":")

        def ask(part: list[bytes]) -> None:
            for content in part:
                statuses[status_of((host, int(port)), content)] += 1

        threads = [
            threading.Thread(target=ask, args=(contents[first::THREADS],))
            for first in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert "Traceback" not in server.log
        assert 'File "' not in server.log
    assert sum(statuses.values()) == len(contents)  # else a thread has waited for a minute
    assert not [status for status in statuses if status >= 500]
    assert statuses[400] > 0 < statuses[200]

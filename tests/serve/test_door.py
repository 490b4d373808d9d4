"""A server in a process of its own, asked in ways that no client library would."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from harnn.serve import add_token, remove_token
from support.served import SMALL, RunningServer, running
from support.waiting import until

BODY = json.dumps({"documents": ["The tap drips."]}).encode()
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSE = b"Connection: close\r\n"
LAST = GET[:-2] + CLOSE + b"\r\n"
POST = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    log = tmp_path_factory.mktemp("door") / "log"
    with running(log, SMALL, "--timeout", "1", "--max-body", "1") as found:
        yield found


@contextmanager
def connected(server: RunningServer) -> Iterator[socket.socket]:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as found:
        yield found


def read(connection: socket.socket) -> bytes:
    """Read until the other side hangs up."""
    parts = []
    while True:
        try:
            part = connection.recv(1 << 16)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def exchange(server: RunningServer, content: bytes) -> tuple[list[int], bytes]:
    """Send bytes and hear what comes until the connection ends; return the statuses too."""
    with connected(server) as connection:
        connection.sendall(content)
        answer = read(connection)
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)], answer


def rejected(server: RunningServer, reason: str) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    found = re.search(rf'harnn_rejected_total{{reason="{reason}"}} (\S+)', text)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize(
    "content",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA\x00b: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: c\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
    ],
)
def test_what_is_no_http_is_refused_in_our_form(server: RunningServer, content: bytes) -> None:
    before = rejected(server, "no_http")
    statuses, answer = exchange(server, content)
    assert statuses == [400]
    assert b"content-type: application/problem+json\r\n" in answer
    assert b"content-security-policy: default-src 'none'" in answer
    assert b"connection: close\r\n" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 400
    assert rejected(server, "no_http") == before + 1


def test_a_head_that_is_too_large_is_refused(server: RunningServer) -> None:
    before = rejected(server, "head_too_large")
    for content in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 1_000_000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: x\r\n" % each for each in range(30_000)),
        b"GET /" + b"x" * 1_000_000,
    ):
        with connected(server) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):  # it has hung up already
                connection.sendall(content)
            answer = read(connection)
        assert not answer or answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert rejected(server, "head_too_large") == before + 3


def test_a_head_that_does_not_end_is_given_up(server: RunningServer) -> None:
    before = rejected(server, "slow_head")
    start = time.monotonic()
    with connected(server) as silent, connected(server) as slow:
        slow.sendall(GET[:-2])
        for _ in range(3):
            time.sleep(0.3)
            slow.sendall(b"A: b\r\n")
        assert read(silent) == b""
        assert read(slow) == b""
    assert time.monotonic() - start < 10
    assert rejected(server, "slow_head") == before + 1  # who says nothing has asked nothing


def test_a_body_that_does_not_come_is_given_up(server: RunningServer) -> None:
    statuses, answer = exchange(server, POST + b"Content-Length: 50\r\n\r\n{")
    assert statuses == [408]
    assert b"The body of the request comes too slowly." in answer
    assert b"connection: close" in answer.lower()


def test_a_refused_body_is_passed_over_but_not_for_ever(server: RunningServer) -> None:
    start = time.monotonic()
    with connected(server) as connection:
        connection.sendall(POST + b"Content-Length: 2000000\r\n\r\n" + b"x" * 1_000)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 413 ")
        connection.sendall(b"x" * 1_000)
        assert b"HTTP/1.1" not in read(connection)
    assert time.monotonic() - start < 4  # not the five seconds of connections that are kept
    whole = POST + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000
    statuses, _ = exchange(server, whole + LAST)
    assert statuses == [413, 200]


def test_who_does_not_read_an_answer_is_given_up(server: RunningServer) -> None:
    before = rejected(server, "slow_reader")
    body = json.dumps({"documents": [{"id": "x" * 1_000_000, "text": "a"}]}).encode()
    head = POST + b"Content-Length: %d\r\n\r\n" % len(body)
    with connected(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(12):
                connection.sendall(head + body)
        until(lambda: rejected(server, "slow_reader") != before)
    assert rejected(server, "slow_reader") == before + 1


def test_trailers_have_a_bound(server: RunningServer) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % each for each in BODY)
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    statuses, answer = exchange(server, head + chunks + b"0\r\nHost: evil\r\n\r\n" + LAST)
    assert statuses == [200, 200]
    assert b'"predictions"' in answer
    before = rejected(server, "head_too_large")
    with connected(server) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head + chunks + b"0\r\nA: " + b"x" * 2_000_000)
        read(connection)
    assert rejected(server, "head_too_large") == before + 1


def test_requests_behind_each_other_are_answered_in_order(server: RunningServer) -> None:
    body = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    statuses, _ = exchange(server, GET + body + LAST.replace(b"healthz", b"nope"))
    assert statuses == [200, 200, 404]


def test_a_client_that_offers_another_protocol_is_answered(server: RunningServer) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    content = POST + upgrade + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    for cut in (len(content), 30, len(content) - 5, content.index(b"\r\n\r\n") + 2):
        with connected(server) as connection:
            connection.sendall(content[:cut])
            time.sleep(0.05)
            connection.sendall(content[cut:] + LAST)
            answer = read(connection)
        assert re.findall(rb"HTTP/1\.1 (\d{3}) ", answer) == [b"200", b"200"]
        assert b'"predictions"' in answer
    websocket = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert exchange(server, websocket + LAST)[0] == [200, 200]


def test_absolute_addresses_do_not_change_the_host(server: RunningServer) -> None:
    absolute = b"GET http://evil.example/v1/models HTTP/1.1\r\n" + CLOSE + b"Host: %s\r\n\r\n"
    assert exchange(server, absolute % b"localhost")[0] == [200]
    assert exchange(server, absolute % b"evil.example")[0] == [421]
    assert exchange(server, b"GET /v1/models HTTP/1.0\r\n\r\n")[0] == [421]
    assert exchange(server, b"GET /healthz HTTP/1.0\r\n\r\n")[0] == [200]
    assert exchange(server, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n")[0] == [
        404
    ]


def test_nothing_of_requests_stands_in_the_log(server: RunningServer) -> None:
    secret = "Miller"
    exchange(server, POST + CLOSE + b"Content-Length: 6\r\n\r\n" + secret.encode())
    httpx.post(f"{server.url}/v1/predict", json={"documents": [secret], secret: secret})
    httpx.get(f"{server.url}/{secret}", params={"q": secret}, headers={"x-request-id": "a b"})
    assert "POST /v1/predict 422" in server.log
    assert secret not in server.log


@pytest.mark.slow
def test_processes_agree_about_sessions_rates_and_tokens(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    kim, bob = add_token(tokens, "kim", "read"), add_token(tokens, "bob", "read")
    arguments = ("--tokens", tokens, "--workers", "2", "--rate", "40")
    fresh = httpx.Limits(max_keepalive_connections=0)  # so that either process may answer
    with (
        running(tmp_path / "log", SMALL, *arguments) as server,
        httpx.Client(base_url=server.url, limits=fresh, trust_env=False) as client,
    ):

        def status(headers: dict[str, str]) -> int:
            return client.get("/v1/session", headers=headers).status_code

        bearer = {"authorization": f"Bearer {kim}"}
        started = client.post("/v1/session", headers=bearer)
        cookie = {"cookie": started.headers["set-cookie"].partition(";")[0]}
        client.cookies.clear()
        assert {status(cookie) for _ in range(8)} == {200}
        csrf = {"x-csrf-token": started.json()["csrf_token"]}
        assert client.delete("/v1/session", headers=cookie | csrf).status_code == 204
        assert {status(cookie) for _ in range(8)} == {401}
        before = time.monotonic()
        statuses = [status({"authorization": f"Bearer {bob}"}) for _ in range(50)]
        again = (time.monotonic() - before) / 1.5  # one more in a second and a half
        assert 40 <= statuses.count(200) <= 41 + again
        assert statuses.count(429) == 50 - statuses.count(200) > 0
        remove_token(tokens, "kim")
        assert {status(bearer) for _ in range(8)} == {401}
        assert server.stop() == 0

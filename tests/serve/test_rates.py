"""How often one may ask, and how often with a wrong token."""

from __future__ import annotations

import io
import logging
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from harnn.serve import Limits, add_token
from harnn.serve.admission import address_of
from harnn.serve.times import Times
from support.served import SMALL, client_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which passes when it is told to; in one element."""
    now = [1_000.0]
    monkeypatch.setattr("harnn.serve.times.time.monotonic", lambda: now[0])
    return now


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def too_many(answer: Any, detail: str, seconds: int) -> None:
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.json()["detail"] == f"Too many {detail}; ask again in {seconds} seconds."


def from_(app: object, address: str) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1", client=(address, 1))  # type: ignore[arg-type]


def test_a_bucket_of_tokens(still: list[float]) -> None:
    times = Times(b"x")
    assert [times.push("a", 20, 60) for _ in range(3)] == [0, 0, 0]
    assert times.push("a", 20, 60) == 20
    assert times.push("b", 20, 60) == 0
    still[0] += 19
    assert times.push("a", 20, 60) == 1
    still[0] += 1
    assert times.push("a", 20, 60) == 0
    assert times.push("a", 20, 60) == 20
    still[0] += 1_000
    assert [times.push("a", 20, 60) > 0 for _ in range(4)] == [False, False, False, True]


def test_the_table_has_a_bound_and_keeps_the_latest(still: list[float]) -> None:
    times = Times(b"x", sets=4)
    size = len(times._table)
    times.put("limited", 1e9)
    for number in range(10_000):
        times.push(f"{number}", 1, 60)
    assert len(times._table) == size
    assert times.get("limited") == 1e9
    assert sum(times.get(f"{number}") > 0 for number in range(10_000)) <= 4 * 8
    assert times.get("nobody") == 0


def _push_many(path: str, count: int) -> None:
    times = Times(b"x", Path(path))
    allowed = sum(times.push("a", 1, 100) == 0 for _ in range(count))
    times.close()
    raise SystemExit(allowed)


def test_processes_count_together_exactly(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    arguments = (str(tmp_path / "times"), 200)
    workers = [context.Process(target=_push_many, args=arguments) for _ in range(3)]
    start = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    taken = time.monotonic() - start
    allowed = sum(worker.exitcode or 0 for worker in workers)
    assert 100 <= allowed <= 101 + taken


def test_each_token_has_its_own_rate(path: Path, still: list[float]) -> None:
    kim, bob = add_token(path, "kim", "read"), add_token(path, "bob", "read")
    with client_of(SMALL, tokens=path, limits=Limits(rate=3)) as client:
        for _ in range(3):
            assert client.get("/v1/models", headers=bearer(kim)).status_code == 200
        detail = "requests, at most 3 a minute are taken"
        too_many(client.get("/v1/models", headers=bearer(kim)), detail, 20)
        too_many(client.get("/nope", headers=bearer(kim)), detail, 20)
        assert client.get("/v1/models", headers=bearer(bob)).status_code == 200
        still[0] += 20
        assert client.get("/v1/models", headers=bearer(kim)).status_code == 200
        for _ in range(3):
            assert client.get("/v1/models").status_code == 401
        too_many(client.get("/v1/models"), detail, 20)
        for route in ("/healthz", "/readyz"):
            assert client.get(route).status_code == 200
        counted = client.get("/metrics", headers=bearer(bob)).text
        assert 'harnn_rejected_total{reason="rate"} 3.0' in counted


def test_a_session_counts_as_its_token(path: Path, still: list[float]) -> None:
    kim = add_token(path, "kim", "read")
    with client_of(SMALL, tokens=path, limits=Limits(rate=2)) as client:
        assert client.post("/v1/session", headers=bearer(kim)).status_code == 201
        assert client.get("/v1/models").status_code == 200
        assert client.get("/v1/models").status_code == 429
        assert client.get("/v1/models", headers=bearer(kim)).status_code == 429


def test_without_tokens_each_address_has_its_rate(still: list[float]) -> None:
    with client_of(SMALL, limits=Limits(rate=1)) as client:
        for address in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:1::1"):
            assert from_(client.app, address).get("/v1/models").status_code == 200
        for address in ("10.0.0.1", "::ffff:10.0.0.2", "2001:db8::2"):
            assert from_(client.app, address).get("/v1/models").status_code == 429


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("harnn.serve")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_wrong_tokens_are_limited_whatever_the_rate_and_right_ones_go_on(
    path: Path, still: list[float], log: io.StringIO
) -> None:
    kim = add_token(path, "kim", "read")
    with client_of(SMALL, tokens=path) as client:
        for number in range(20):
            answer = client.get("/v1/models", headers=bearer(f"harnn_guess{number}"))
            assert answer.status_code == 401
            assert answer.json()["detail"] == "Nobody has this token."
        detail = "wrong tokens from this address"
        too_many(client.get("/v1/models", headers=bearer("harnn_guess20")), detail, 3)
        assert client.get("/v1/models", headers=bearer(kim)).status_code == 200
        other = from_(client.app, "10.0.0.1")
        assert other.get("/v1/models", headers=bearer("harnn_guess")).status_code == 401
        counted = client.get("/metrics", headers=bearer(kim)).text
        assert 'harnn_rejected_total{reason="wrong_token"} 21.0' in counted
        assert 'harnn_rejected_total{reason="wrong_tokens"} 1.0' in counted
    lines = log.getvalue().splitlines()
    assert sum(line == "wrong token from unknown" for line in lines) == 20
    assert sum(line == "wrong token from 10.0.0.1" for line in lines) == 1
    assert "guess" not in log.getvalue()


def test_nobody_makes_the_server_read_a_body_without_a_token(path: Path) -> None:
    add_token(path, "kim", "read")

    def parts() -> Iterator[bytes]:
        raise AssertionError("The body was read.")
        yield b""

    with client_of(SMALL, tokens=path) as client:
        for route in ("/v1/predict", "/nope", "/v1/session"):
            answer = client.post(route, content=parts())
            assert answer.status_code == 401
            assert answer.json()["detail"] == "Expected a token: Authorization: Bearer TOKEN."
        for scheme in ("Basic eDp5", "Bearer", "Bearer  ", "bearer", "harnn_x"):
            answer = client.post("/v1/predict", content=parts(), headers={"authorization": scheme})
            assert answer.status_code == 401


def test_roles_are_heeded(path: Path) -> None:
    kim = add_token(path, "kim", "review")
    with client_of(SMALL, tokens=path) as client:
        answer = client.post("/v1/model/reload", headers=bearer(kim))
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This needs the role admin; kim has the role review."


def test_a_proxy_is_believed_if_it_is_known(still: list[float]) -> None:
    limits = Limits(rate=1)
    with client_of(SMALL, limits=limits, proxies=("10.0.0.0/24",)) as client:
        proxy, stranger = from_(client.app, "10.0.0.1"), from_(client.app, "192.0.2.1")

        def ask(sender: TestClient, chain: str) -> int:
            headers = {"x-forwarded-for": chain}
            return int(sender.get("/v1/models", headers=headers).status_code)

        assert ask(proxy, "198.51.100.1") == 200
        assert ask(proxy, "198.51.100.1") == 429
        assert ask(proxy, "198.51.100.2") == 200
        assert ask(proxy, "203.0.113.9, 198.51.100.2") == 429  # what clients add does not count
        assert ask(proxy, "<script>") == 200
        assert ask(proxy, "other nonsense") == 429
        assert ask(stranger, "203.0.113.1") == 200
        assert ask(stranger, "203.0.113.2") == 429
    with client_of(SMALL, limits=limits) as client:
        proxy = from_(client.app, "10.0.0.1")
        assert ask(proxy, "203.0.113.1") == 200
        assert ask(proxy, "203.0.113.2") == 429


def test_addresses() -> None:
    for host, expected in (
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8::5", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ):
        assert address_of({"client": (host, 1)}) == expected
    assert address_of({"client": None}) == "unknown"
    assert address_of({}) == "unknown"

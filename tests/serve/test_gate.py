"""What all requests pass: names, origins, headers, ids, the log; and what is never told."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from harnn.errors import ConfigError
from harnn.serve import Limits, ServeSettings, Service, create_app
from harnn.serve.logs import JsonLines, Lines
from harnn.serve.settings import ModelPlace
from support.served import SMALL, client_of

SECRET = "the patient is Mrs Miller"
BODY = {"documents": ["The tap drips."]}
HERE = {"origin": "http://127.0.0.1"}
PAGE = {"origin": "https://page.example"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(SMALL) as found:
        yield found


@pytest.fixture(scope="module")
def sharing() -> Iterator[TestClient]:
    with client_of(SMALL, origins=("https://Page.example",)) as found:
        yield found


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is written to the log, by the formatter that servers use."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    logger = logging.getLogger("harnn.serve")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def detail_of(answer: Any, status: int) -> Any:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["detail"]


def test_every_answer_has_the_headers_that_bound_what_browsers_do(
    client: TestClient, sharing: TestClient
) -> None:
    answers = [
        client.get("/healthz"),
        client.get("/nope"),
        client.post("/v1/predict", json=BODY),
        client.post("/v1/predict", json=7),
        client.post("/v1/predict", json=BODY, headers=PAGE),
        client.get("/v1/models", headers={"host": "evil.example"}),
        client.options("/v1/models"),
        client.request("FOO", "/v1/models"),
        sharing.options("/v1/predict", headers=PAGE | {"access-control-request-method": "POST"}),
        client.options("/v1/predict", headers=PAGE | {"access-control-request-method": "POST"}),
    ]
    statuses = [200, 404, 200, 422, 403, 421, 405, 405, 204, 403]
    assert [answer.status_code for answer in answers] == statuses
    for answer in answers:
        headers = answer.headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert len(headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "", "a@127.0.0.1", "127.0.0.1/", "[::1", "x y", "0"],
)
def test_other_names_than_the_servers_are_refused(client: TestClient, host: str) -> None:
    answer = client.get("/v1/models", headers={"host": host})
    expected = f"This server is not called {host!r}; whoever runs it can add names (--name)."
    assert detail_of(answer, 421) == expected


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:80", "127.9.9.9"]
)
def test_names_of_this_machine_are_known(client: TestClient, host: str) -> None:
    assert client.get("/v1/models", headers={"host": host}).status_code == 200


def test_whoever_looks_whether_it_lives_need_not_know_its_name(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200
        assert client.get(path, headers=PAGE).status_code == 200


def test_names_that_are_given_are_known_and_several_hosts_are_none() -> None:
    with client_of(SMALL, names=("Files.example",)) as client:
        for host, status in (("files.EXAMPLE:443", 200), ("127.0.0.1", 200), ("x.example", 421)):
            assert client.get("/v1/models", headers={"host": host}).status_code == status
        hosts = [("host", "127.0.0.1"), ("host", "evil.example")]
        answer = client.get("/v1/models", headers=hosts)
        assert detail_of(answer, 400) == "The request has several Host headers."


def test_pages_of_others_may_change_nothing(client: TestClient) -> None:
    for origin in ("https://page.example", "null", "http://127.0.0.1:81", "http://127.0.0.1@x"):
        answer = client.post("/v1/predict", json=BODY, headers={"origin": origin})
        expected = f"Pages of {origin!r} may not ask this server (--allow-origin lets them)."
        assert detail_of(answer, 403) == expected
        assert "access-control-allow-origin" not in answer.headers
    assert client.post("/v1/predict", json=BODY, headers=HERE).status_code == 200
    looked = client.get("/v1/models", headers=PAGE)
    assert looked.status_code == 200  # which the browser keeps from that page
    assert "access-control-allow-origin" not in looked.headers


def test_pages_that_are_let_in_may_ask_without_cookies(sharing: TestClient) -> None:
    answer = sharing.post("/v1/predict", json=BODY, headers=PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://page.example"
    assert answer.headers["access-control-expose-headers"] == "Retry-After, X-Request-Id"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers
    asked = PAGE | {"access-control-request-method": "POST"}
    before = sharing.options("/v1/predict", headers=asked)
    assert before.status_code == 204
    assert before.content == b""
    assert before.headers["access-control-allow-methods"] == (
        "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    )
    assert before.headers["access-control-allow-headers"] == (
        "Authorization, Content-Type, X-CSRF-Token, X-Request-Id"
    )
    other = sharing.post("/v1/predict", json=BODY, headers={"origin": "https://other.example"})
    assert other.status_code == 403
    assert sharing.get("/v1/models").headers["vary"] == "Origin"


def test_what_layers_refuse_is_counted(client: TestClient) -> None:
    client.get("/v1/models", headers={"host": "evil.example"})
    client.post("/v1/predict", json=BODY, headers=PAGE)
    counted = client.get("/metrics").text
    assert 'harnn_rejected_total{reason="unknown_host"}' in counted
    assert 'harnn_rejected_total{reason="foreign_origin"}' in counted
    assert 'http_route="(none)"' in counted


def test_head_is_get_without_a_body(client: TestClient) -> None:
    for path in ("/healthz", "/v1/models", "/nope"):
        get, head = client.get(path), client.head(path)
        assert head.content == b""
        assert head.status_code == get.status_code
        assert head.headers["content-length"] == get.headers["content-length"]
    assert 'http_request_method="HEAD",http_response_status_code="200"' in (
        client.get("/metrics").text
    )


def test_odd_methods_and_paths_are_no_faults(client: TestClient) -> None:
    for method in ("FOO", "TRACE", "CONNECT", "PUT"):
        answer = client.request(method, "/v1/models")
        assert detail_of(answer, 405) == "This path is asked with GET."
        assert answer.headers["allow"] == "GET"
    assert 'http_request_method="_OTHER"' in client.get("/metrics").text
    for path in (
        "/%00",
        "/v1/predict/",
        "//v1/models",
        "/v1/..%2fmodels",
        "/%ff",
        "/" + "a" * 9_000,
    ):
        assert detail_of(client.get(path), 404) == (
            "Nothing answers under this path; GET /openapi.json describes all routes."
        )
    for query in ("label=%00", "label=%ff", "label=" + "A" * 9_000):
        assert len(detail_of(client.get(f"/v1/label?{query}"), 404)) < 600


def test_websockets_are_closed() -> None:
    from starlette.websockets import WebSocketDisconnect

    with (
        client_of(SMALL) as client,
        pytest.raises(WebSocketDisconnect) as caught,
        client.websocket_connect("/v1/predict"),
    ):
        pass
    assert caught.value.code == 1008


def test_requests_have_ids_of_their_own_or_that_of_their_client(
    client: TestClient, log: io.StringIO
) -> None:
    given = client.get("/healthz", headers={"x-request-id": "a-1.b"})
    assert given.headers["x-request-id"] == "a-1.b"
    for wrong in ("a b", "x" * 65, "<b>", ""):
        answer = client.get("/healthz", headers={"x-request-id": wrong})
        assert len(answer.headers["x-request-id"]) == 16


def failing(error: Exception) -> TestClient:
    """Return a client of a server with routes that fail."""
    settings = ServeSettings(models=(ModelPlace("m", SMALL),), watch=False)
    app = create_app(Service(settings))
    inner: Any = app
    while not isinstance(inner, FastAPI):
        inner = inner._app

    @inner.post("/fails")
    async def fails(text: str) -> None:
        raise error from KeyError(text)

    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=True)


def test_a_fault_is_answered_and_the_log_has_no_text_of_the_request(log: io.StringIO) -> None:
    with failing(RuntimeError(f"cannot read {SECRET!r}")) as client:
        answer = client.post("/fails", params={"text": SECRET}, headers={"x-request-id": "id-7"})
    assert detail_of(answer, 500) == (
        "This is a fault of the server; its log says more of the request id-7."
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    written = log.getvalue()
    assert SECRET not in written
    assert "A request failed:" in written
    assert "KeyError\n" in written
    assert "in fails\n    raise error from KeyError(text)\nRuntimeError\n" in written
    assert "POST /fails 500" in written


def test_logs_of_json_have_ids_and_no_text_either() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 1, "Failed:", (), (type(error), error, None)
        )
    record.request_id, record.caller = "id-7", ""
    line = json.loads(JsonLines().format(record))
    assert line["error"].endswith("    raise ValueError(SECRET)\nValueError")
    assert (line["message"], line["request_id"], line["level"]) == ("Failed:", "id-7", "error")
    assert "caller" not in line
    assert SECRET not in str(line)


def test_an_error_that_nobody_waits_for_is_logged_without_what_it_says(log: io.StringIO) -> None:
    with client_of(SMALL) as client:

        async def fail() -> None:
            async def lost() -> None:
                raise ValueError(SECRET)

            task = asyncio.get_running_loop().create_task(lost())
            await asyncio.sleep(0)
            del task
            gc.collect()

        assert client.portal is not None
        client.portal.call(fail)
    assert "Task exception was never retrieved" in log.getvalue()
    assert "\nValueError\n" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_nothing_of_a_request_stands_in_the_log(client: TestClient, log: io.StringIO) -> None:
    client.post("/v1/predict", json={"documents": [SECRET, {"id": SECRET, "text": 7}]})
    client.post("/v1/predict", json={"documents": [SECRET]})
    client.get("/v1/label", params={"label": SECRET})
    client.get(f"/{SECRET}")
    assert SECRET.split()[-1] not in log.getvalue()
    assert "POST /v1/predict 200" in log.getvalue()
    assert "GET (none) 404" in log.getvalue()


def test_nobody_is_served_beyond_this_machine_without_tokens(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "", "::", "192.168.1.1", "files.example"):
        with pytest.raises(ConfigError) as caught:
            ServeSettings(models=(ModelPlace("m", SMALL),), host=host).check()
        assert str(caught.value) == (
            f"--host: got {host!r}, which other machines reach, and no tokens: whoever finds the "
            "server could ask it and teach it. Give --tokens FILE (harnn token makes one), or "
            "--open-to-all if that is meant."
        )
    tokens = tmp_path / "tokens"
    tokens.touch()
    for more in ({"tokens": tokens}, {"open_to_all": True}):
        ServeSettings(models=(ModelPlace("m", SMALL),), host="0.0.0.0", **more).check()
    for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"):
        ServeSettings(models=(ModelPlace("m", SMALL),), host=host).check()


def test_rates_out_of_range_are_refused() -> None:
    for rate in (-1, 10**400):
        with pytest.raises(ConfigError) as caught:
            ServeSettings(models=(ModelPlace("m", SMALL),), limits=Limits(rate=rate)).check()
        assert str(caught.value) == f"--rate: got {rate}, expected 0 to 1,000,000,000."


def test_settings_that_would_never_match_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        ServeSettings(
            models=(ModelPlace("m", SMALL),),
            names=("https://x.example", "x.example:80", "ok.example", "::1", "a:1", ""),
            origins=("page.example", "https://page.example/", "https://ok.example"),
            proxies=("proxy", "*", "10.0.0.1/8", "10.0.0.0/8", "::1"),
        ).check()
    name, network = (
        "a name alone, such as example.org",
        "an address or a network, such as 10.0.0.0/8",
    )
    origin = "an origin such as https://example.org, or *"
    assert [str(problem) for problem in caught.value.problems] == [
        f"--allow-origin: got 'page.example', expected {origin}.",
        f"--allow-origin: got 'https://page.example/', expected {origin}.",
        f"--name: got 'https://x.example', expected {name}.",
        f"--name: got 'x.example:80', expected {name}.",
        f"--name: got 'a:1', expected {name}.",
        f"--name: got '', expected {name}.",
        f"--proxy: got 'proxy', expected {network}.",
        f"--proxy: got '*', expected {network}.",
        f"--proxy: got '10.0.0.1/8', expected {network}.",
    ]

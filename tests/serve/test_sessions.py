"""Sessions of pages: cookies that stand for tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from harnn.errors import ConfigError
from harnn.serve import add_token, remove_token
from harnn.serve.access import Tokens
from harnn.serve.sessions import Sessions, cookie_of, read_secret
from harnn.serve.times import Times
from support.served import SMALL, client_of

BODY = {"documents": ["The tap drips."]}
NO_TOKEN = "Expected a token: Authorization: Bearer TOKEN."
OVER = "The session is over; start another one (POST /v1/session with a token)."
CSRF = "Expected the header X-CSRF-Token with the csrf_token that GET /v1/session tells."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


@pytest.fixture
def token(path: Path) -> str:
    return add_token(path, "kim", "review")


@pytest.fixture
def client(path: Path, token: str) -> Iterator[TestClient]:
    with client_of(SMALL, tokens=path) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def refusal(answer: Any) -> tuple[int, str]:
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status_code, answer.json()["detail"]


def test_a_session_stands_for_a_token(client: TestClient, token: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    started = client.post("/v1/session", headers=bearer(token))
    assert started.status_code == 201
    name, *attributes = started.headers["set-cookie"].split("; ")
    assert name.startswith("harnn_session=")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=strict"]
    assert token not in started.headers["set-cookie"]
    found = started.json()
    assert (found["name"], found["role"]) == ("kim", "review")
    until = datetime.fromisoformat(found["until"])
    assert before <= until - timedelta(hours=8) <= datetime.now(UTC)
    assert client.get("/v1/session").json() == found
    assert client.get("/v1/models").status_code == 200
    asked = client.post("/v1/predict", json=BODY, headers={"x-csrf-token": found["csrf_token"]})
    assert asked.status_code == 200


def test_what_changes_something_needs_the_csrf_token_of_this_session(
    client: TestClient, token: str
) -> None:
    other = client.post("/v1/session", headers=bearer(token)).json()["csrf_token"]
    own = client.post("/v1/session", headers=bearer(token)).json()["csrf_token"]
    assert own != other
    for method, route in (("POST", "/v1/predict"), ("DELETE", "/v1/session"), ("PUT", "/nope")):
        for wrong in (
            {},
            {"x-csrf-token": other},
            {"x-csrf-token": ""},
            {"x-csrf-token": own[:-1]},
        ):
            assert refusal(client.request(method, route, headers=wrong)) == (403, CSRF)
    assert client.post("/v1/predict", json=BODY, headers=bearer(token)).status_code == 200
    assert client.options("/v1/predict").status_code == 405
    assert client.head("/v1/models").status_code == 200


def test_a_session_that_is_ended_is_over_for_whoever_has_its_cookie(
    client: TestClient, token: str
) -> None:
    first = client.post("/v1/session", headers=bearer(token))
    copied = first.headers["set-cookie"].partition(";")[0]
    second = TestClient(client.app, base_url="http://127.0.0.1")
    assert second.post("/v1/session", headers=bearer(token)).status_code == 201
    ended = client.delete("/v1/session", headers={"x-csrf-token": first.json()["csrf_token"]})
    assert ended.status_code == 204
    assert ended.content == b""
    assert 'harnn_session=""; ' in ended.headers["set-cookie"]
    assert "Max-Age=0" in ended.headers["set-cookie"]
    assert refusal(client.get("/v1/session")) == (401, NO_TOKEN)
    assert refusal(client.get("/v1/session", headers={"cookie": copied})) == (401, OVER)
    assert second.get("/v1/session").status_code == 200


def test_withdrawing_a_token_ends_its_sessions(client: TestClient, path: Path, token: str) -> None:
    client.post("/v1/session", headers=bearer(token))
    assert client.get("/v1/session").json()["role"] == "review"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"review"', '"read"'), "utf-8")
    assert client.get("/v1/session").json()["role"] == "read"
    path.write_text(text.replace("}", ', "until": "2020-01-01"}'), "utf-8")
    assert refusal(client.get("/v1/session")) == (401, OVER)
    expected = "This token was good until 2020-01-01."
    assert refusal(client.get("/v1/session", headers=bearer(token))) == (401, expected)
    path.write_text(text, "utf-8")
    assert client.get("/v1/session").status_code == 200
    remove_token(path, "kim")
    again = add_token(path, "kim", "admin")
    assert refusal(client.get("/v1/session")) == (401, OVER)
    assert client.get("/v1/session", headers=bearer(again)).json()["role"] == "admin"


def test_a_session_starts_no_other_one_and_a_token_comes_before_a_cookie(
    client: TestClient, path: Path, token: str
) -> None:
    own = client.post("/v1/session", headers=bearer(token)).json()["csrf_token"]
    assert refusal(client.post("/v1/session", headers={"x-csrf-token": own})) == (
        401,
        f"{NO_TOKEN[:-1]}; a session starts no other one.",
    )
    other = add_token(path, "bob", "read")
    shown = client.get("/v1/session", headers=bearer(other)).json()
    assert shown == {
        "name": "bob",
        "role": "read",
        "review": False,
        "csrf_token": None,
        "until": None,
    }
    wrong = client.get("/v1/session", headers=bearer("wrong"))
    assert refusal(wrong) == (401, "Nobody has this token.")


def test_forged_cookies_are_none(client: TestClient, path: Path, token: str) -> None:
    cookie = client.post("/v1/session", headers=bearer(token)).cookies["harnn_session"]
    caller = Tokens.read(path).find(token)
    assert caller is not None
    foreign, _ = Sessions(b"x" * 32, Times(b"x")).start(caller)
    unsigned = cookie.rpartition(".")[0]
    for wrong in (foreign, unsigned, "", "a.b.c", "." * 1_000, "é", cookie[:-1], cookie + "x"):
        client.cookies.clear()
        header: Any = {"cookie": f"harnn_session={wrong}".encode()}
        assert client.get("/v1/session", headers=header).status_code == 401
    header = {"cookie": f"a=b; broken[]; harnn_session={cookie}; c"}
    assert client.get("/v1/session", headers=header).status_code == 200


def test_cookies_are_for_https_alone_where_clients_come_by_it(path: Path, token: str) -> None:
    with client_of(SMALL, tokens=path, https=True) as client:
        answer = client.post("/v1/session", headers=bearer(token))
        name, *attributes = answer.headers["set-cookie"].split("; ")
        assert name.startswith("__Host-harnn_session=")
        assert "Secure" in attributes
        assert "Path=/" in attributes
        plain = {"cookie": name.removeprefix("__Host-")}
        client.cookies.clear()
        assert client.get("/v1/session", headers=plain).status_code == 401
        assert client.get("/v1/session", headers={"cookie": name}).status_code == 200
    with client_of(SMALL, tokens=path) as client:
        client.base_url = "https://127.0.0.1"
        assert "; Secure" in client.post("/v1/session", headers=bearer(token)).headers["set-cookie"]


def test_a_server_without_tokens_needs_no_session() -> None:
    with client_of(SMALL) as client:
        nobody = {
            "name": "anybody",
            "role": "admin",
            "review": False,
            "csrf_token": None,
            "until": None,
        }
        started = client.post("/v1/session")
        assert (started.status_code, started.json()) == (201, nobody)
        assert "set-cookie" not in started.headers
        assert client.get("/v1/session").json() == nobody
        assert client.delete("/v1/session").status_code == 204


def test_sessions_outlast_a_server_with_a_secret_of_its_own(
    tmp_path: Path, path: Path, token: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x" * 32)
    cookies: list[str] = []
    for _ in range(2):
        with client_of(SMALL, tokens=path, secret=secret) as client:
            for cookie in cookies:
                header = {"cookie": f"harnn_session={cookie}"}
                assert client.get("/v1/session", headers=header).status_code == 200
            started = client.post("/v1/session", headers=bearer(token))
            cookies.append(started.cookies["harnn_session"])
    with client_of(SMALL, tokens=path) as client:
        header = {"cookie": f"harnn_session={cookies[0]}"}
        assert refusal(client.get("/v1/session", headers=header)) == (401, OVER)


def test_secrets_that_are_none_are_refused(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("secret\n")
    with pytest.raises(ConfigError) as caught:
        read_secret(short)
    assert str(caught.value) == (
        f"{short}: has 6 bytes, expected a random secret of 32 or more. "
        f"Make one: openssl rand -hex 32 > {short}"
    )
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_secret(tmp_path / "no")


def test_a_session_is_over_after_eight_hours(
    path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Tokens.read(path).find(token)
    assert caller is not None
    sessions = Sessions(b"x" * 32, Times(b"x"))
    cookie, session = sessions.start(caller)
    assert sessions.find(cookie) == session
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 3_600 + 2)
    assert sessions.find(cookie) is None


def test_the_cookie_of_a_header() -> None:
    assert cookie_of("a=1; harnn_session=x; b", secure=False) == "x"
    assert cookie_of("a=1; harnn_session=x", secure=True) is None
    assert cookie_of("", secure=False) is None


def test_the_interface_is_described(client: TestClient) -> None:
    document: Any = client.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyCookie"}
    route = document["paths"]["/v1/session"]["get"]
    assert route["security"] == [{"HTTPBearer": []}, {"APIKeyCookie": []}]

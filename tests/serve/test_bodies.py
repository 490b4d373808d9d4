"""Bodies: too large, too slow, packed, half, or of a million wrong values."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from harnn.serve import Limits
from harnn.serve.bodies import Bounded, check_json
from harnn.serve.problems import RequestError, problem_response
from support.served import SMALL, client_of

MOST = 1 << 20
BODY = json.dumps({"documents": ["The tap drips."]}).encode()
JSON = {"content-type": "application/json"}
GZIP = JSON | {"content-encoding": "gzip"}
TOO_LARGE = "The body of the request has more than 1,048,576 bytes, the most that is taken."


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(SMALL, limits=Limits(body_bytes=MOST)) as found:
        yield found


def ask(client: TestClient, content: bytes | Iterable[bytes], headers: Any = JSON) -> Any:
    return client.post("/v1/predict", content=content, headers=headers)


def refusal(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert len(answer.content) < 10_000
    return answer.status_code, answer.json()["detail"]


def rejected(client: TestClient, reason: str) -> float:
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(f'harnn_rejected_total{{reason="{reason}"}}'):
            return float(line.split()[-1])
    return 0.0


def test_a_body_that_says_it_is_too_large_is_not_read(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        raise AssertionError("The body was read.")
        yield b""

    for declared in ("1048577", "9" * 18, "9" * 5_000):
        before = rejected(client, "body_too_large")
        answer = ask(client, parts(), JSON | {"content-length": declared})
        assert refusal(answer) == (413, TOO_LARGE)
        assert rejected(client, "body_too_large") == before + 1
    answer = ask(client, parts(), JSON | {"content-length": "1e3"})
    assert refusal(answer) == (400, "The Content-Length is no number.")


def test_a_body_of_unknown_size_is_bounded_too(client: TestClient) -> None:
    assert refusal(ask(client, (b"x" * 1_000 for _ in range(2_000)))) == (413, TOO_LARGE)
    assert ask(client, iter([BODY[:9], b"", BODY[9:]])).status_code == 200
    text = " " * (MOST - len(BODY))
    assert ask(client, BODY + text.encode()).status_code == 200
    assert refusal(ask(client, BODY + text.encode() + b" ")) == (413, TOO_LARGE)


def test_packed_bodies_are_unpacked(client: TestClient) -> None:
    plain = ask(client, BODY).json()
    packed = gzip.compress(BODY)
    several = gzip.compress(BODY[:7]) + gzip.compress(b"") + gzip.compress(BODY[7:])
    for content in (packed, several):
        assert ask(client, content, GZIP).json() == plain
        assert ask(client, (bytes([each]) for each in content), GZIP).json() == plain
    assert ask(client, packed, JSON | {"content-encoding": " X-GZIP "}).json() == plain
    assert ask(client, BODY, JSON | {"content-encoding": "identity"}).json() == plain


def test_packed_bodies_that_are_none_are_refused(client: TestClient) -> None:
    early = (400, "The packed body ends too early.")
    none = (400, "The body is not packed with gzip, as it says.")
    packed = gzip.compress(BODY)
    before = rejected(client, "gzip")
    assert refusal(ask(client, packed[:-1], GZIP)) == early
    assert refusal(ask(client, packed[:5], GZIP)) == early
    assert refusal(ask(client, iter([packed[:12], b""]), GZIP)) == early
    assert refusal(ask(client, packed + packed[:9], GZIP)) == early
    assert refusal(ask(client, BODY, GZIP)) == none
    assert refusal(ask(client, packed + b"rest", GZIP)) == none
    assert refusal(ask(client, zlib.compress(BODY), GZIP)) == none
    broken = bytearray(packed)
    broken[-6] ^= 1  # its check sum
    assert refusal(ask(client, bytes(broken), GZIP)) == none
    assert rejected(client, "gzip") == before + 8


def test_a_bomb_ends_where_it_is_too_large(client: TestClient) -> None:
    bomb = gzip.compress(b" " * (200 << 20), 1)
    assert len(bomb) < MOST
    start = time.process_time()
    assert refusal(ask(client, bomb, GZIP)) == (413, TOO_LARGE)
    assert refusal(ask(client, gzip.compress(b" " * MOST) + bomb, GZIP)) == (413, TOO_LARGE)
    assert time.process_time() - start < 1
    blocks = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 300_000  # empty, and no end
    assert refusal(ask(client, blocks, GZIP)) == (413, TOO_LARGE)
    parts = gzip.compress(b"") * 1_100
    assert refusal(ask(client, parts, GZIP)) == (400, "The packed body has more than 1,024 parts.")


def test_other_packings_are_refused_and_gzip_named(client: TestClient) -> None:
    for coding in ("br", "deflate", "gzip, gzip", "x" * 3_000):
        answer = ask(client, BODY, JSON | {"content-encoding": coding})
        detail = "The body is packed in another way than gzip, the only one that is read."
        assert refusal(answer) == (415, detail)
        assert answer.headers["accept-encoding"] == "gzip, identity"


def test_json_of_a_million_wrong_values_is_refused_at_once(client: TestClient) -> None:
    detail = "The request has more than 100,000 values, the most that is taken."
    hidden = b'{"documents":["\\\\",' + b"1," * 110_000 + b"1]}"  # an escaped backslash, an end
    start = time.process_time()
    for content in (
        b'{"documents":[' + b"1," * 500_000 + b"1]}",
        b'{"documents":[' + b"{}," * 300_000 + b"1]}",
        b'{"documents":[' + b'"",' * 200_000 + b"1]}",
        hidden,
    ):
        assert refusal(ask(client, content)) == (413, detail)
    assert time.process_time() - start < 2
    many = {"documents": ['a, b\\,",",' * 30_000]}
    assert ask(client, json.dumps(many).encode()).status_code == 200
    answer = ask(client, '{"documents": ["a"]}'.encode("utf-16"))
    assert refusal(answer) == (400, "The body is not JSON in UTF-8.")


def test_json_that_is_wrong_in_odd_ways_is_the_clients_fault(client: TestClient) -> None:
    deep = b'{"documents":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    nested = b'{"documents":[{"text":"a","x":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}]}"
    fields = b'{"documents":[]' + b"".join(b',"%d":1' % each for each in range(50_000)) + b"}"
    wrong = [
        deep,
        nested,
        fields,
        b'{"documents":[' + b"1," * 20_000 + b"1]}",
        b'{"documents":[{"text":NaN}]}',
        b'{"documents":["a"],"options":{"threshold":NaN}}',
        b'{"documents":["a"],"options":{"top_k":1e999}}',
        b'{"documents":[{"text":"a","id":Infinity}]}',
        b'{"documents":[{"text":"a","id":' + b"9" * 5_000 + b"}]}",
        b'{"documents":["a"],"\\ud800":1}',
        b'{"documents":["a"],"model":"\\ud800"}',
        b'{"documents":["t\xe9p"]}',
        b'{"documents":["a"]} x',
        json.dumps({"documents": ["a"], "model": "A" * 1_000_000}).encode(),
        json.dumps({"documents": ["a"], "A" * 1_000_000: 1}).encode(),
        json.dumps({"documents": [{"A" * 1_000_000: "x"}]}).encode(),
        json.dumps({"documents": [{"id": "A" * 1_000_000, "texxt": "x"}]}).encode(),
        json.dumps({"documents": [{"id": "A" * 1_000_000, "text": ["a", 1]}]}).encode(),
        json.dumps({"documents": ["a"], "options": {"strategy": "A" * 1_000_000}}).encode(),
        b"",
        b"null",
        b'"x"',
    ]
    for content in wrong:
        status, _ = refusal(ask(client, content))
        assert status in (400, 404, 422), content[:100]


def test_whatever_a_text_or_an_id_holds_is_answered(client: TestClient) -> None:
    texts = ["a\0b", "a \ud800 b", "\x1b[31m", "x" * 500_000]
    answer = ask(client, json.dumps({"documents": texts}).encode())
    assert [each["id"] for each in answer.json()["predictions"]] == ["1", "2", "3", "4"]
    for name in ("a\0b", "\ud800", "A" * 900_000):
        answer = ask(client, json.dumps({"documents": [{"id": name, "text": "tap"}]}).encode())
        assert answer.json()["predictions"][0]["id"] == name


def test_problems_are_capped_and_their_number_said() -> None:
    error = RequestError(422, "x" * 2_000, [f"{each}" for each in range(60)])
    assert error.detail == "x" * 500 + "\u00a0…"
    assert error.to_dict()["problems"][49:] == ["49", "... and 10 more."]
    assert len(RequestError(422, "", [str(each) for each in range(51)]).problems) == 51
    assert RequestError(422, "\ud800").to_dict()["detail"] == "\\ud800"


class Clock:
    """Bodies that come in time, or do not."""

    def __init__(self, parts: Iterable[tuple[float, bytes]]) -> None:
        self._parts = iter(parts)

    async def receive(self) -> Message:
        seconds, part = next(self._parts)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": part, "more_body": True}


async def _refused(limits: Limits, parts: Iterable[tuple[float, bytes]]) -> tuple[int, str, bytes]:
    sent: list[Message] = []
    errors: list[RequestError] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("The route was asked.")

    def respond(scope: Scope, error: RequestError) -> Any:
        errors.append(error)
        return problem_response(error)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": []}
    await Bounded(app, limits, respond)(scope, Clock(parts).receive, send)
    connection = dict(sent[0]["headers"]).get(b"connection", b"")
    return sent[0]["status"], errors[0].reason, connection


def test_a_slow_body_is_given_up() -> None:
    limits = Limits(seconds=0.2)
    start = time.monotonic()
    never = [(60.0, b"")]
    drops = ((0.01, b"x") for _ in range(10_000))
    for parts in (never, drops):
        assert asyncio.run(_refused(limits, parts)) == (408, "slow_body", b"close")
    assert time.monotonic() - start < 5
    steady = ((0.02, b"x" * 1_000) for _ in range(1_000))  # as fast as is asked for, and too large
    assert asyncio.run(_refused(Limits(seconds=0.2, body_bytes=20_000), steady))[0] == 413


def test_bodies_that_are_held_at_once_are_bounded() -> None:
    limits = Limits(body_bytes=1_000)
    statuses: list[int] = []
    release = asyncio.Event

    async def run() -> None:
        gate = release()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        bounded = Bounded(app, limits, lambda scope, error: problem_response(error))

        async def one() -> None:
            async def receive() -> Message:
                return {"type": "http.request", "body": b"x" * 1_000, "more_body": False}

            await bounded({"type": "http", "method": "POST", "headers": []}, receive, send)

        waiting = [asyncio.create_task(one()) for _ in range(17)]
        await asyncio.sleep(0.05)
        assert statuses == [503]
        gate.set()
        await asyncio.gather(*waiting)
        assert statuses == [503, *[200] * 16]
        await one()
        assert statuses[-1] == 200

    asyncio.run(run())


def test_a_client_that_leaves_is_not_answered() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def never(*_: Any) -> None:
        raise AssertionError("The route was asked.")

    bounded = Bounded(never, Limits(), lambda scope, error: problem_response(error))
    asyncio.run(bounded({"type": "http", "method": "POST", "headers": []}, receive, never))


JSON_VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec="utf-8") | st.sampled_from('",\\')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from('a,"\\')), inner),
)


def commas_of(value: Any) -> int:
    """Count the commas that JSON needs between the parts of a value."""
    if not isinstance(value, list | dict):
        return 0
    parts = value.values() if isinstance(value, dict) else value
    return max(0, len(value) - 1) + sum(map(commas_of, parts))


@given(value=JSON_VALUES, ascii_only=st.booleans())
def test_values_are_counted_whatever_texts_hold(value: Any, ascii_only: bool) -> None:
    content = json.dumps(value, ensure_ascii=ascii_only).encode()
    count = commas_of(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.serve.bodies._MOST_VALUES", count + 1)
        check_json(content)
        if count:
            patch.setattr("harnn.serve.bodies._MOST_VALUES", count)
            with pytest.raises(RequestError):
                check_json(content)


@given(parts=st.lists(st.binary(max_size=300), min_size=1), cuts=st.lists(st.integers(0, 2_000)))
def test_gzip_is_unpacked_however_it_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    packed = b"".join(gzip.compress(part) for part in parts)
    places = sorted({0, *(cut % len(packed) for cut in cuts), len(packed)})
    pieces = [packed[start:end] for start, end in pairwise(places)]
    got: list[bytes] = []

    async def receive() -> Message:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert not message["more_body"]
        got.append(message["body"])
        assert b"content-encoding" not in dict(scope["headers"])

    async def send(message: Message) -> None:
        raise AssertionError(message)

    headers = [(b"content-encoding", b"gzip"), (b"content-length", b"%d" % len(packed))]
    bounded = Bounded(app, Limits(), lambda scope, error: problem_response(error))
    asyncio.run(bounded({"type": "http", "method": "POST", "headers": headers}, receive, send))
    assert got == [b"".join(parts)]

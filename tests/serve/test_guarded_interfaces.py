"""What the guards do is done for the interfaces of other programs too, in their forms."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from harnn.serve import Limits, add_token
from support.served import SMALL, client_of

INFER = "/v2/models/fast/infer"
TOO_MANY = "The request has more than 100,000 values, the most that is taken."


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(SMALL) as found:
        yield found


def test_values_are_counted_without_a_type_of_content_and_beside_binary_ones(
    client: TestClient,
) -> None:
    content = b'{"inputs":[' + b"1," * 200_000 + b"1]}"
    start = time.process_time()
    for headers in ({}, {"inference-header-content-length": str(len(content))}):
        answer = client.post(INFER, content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json() == {"error": TOO_MANY}
    assert time.process_time() - start < 2


def test_a_length_of_thousands_of_digits_is_refused(client: TestClient) -> None:
    header = {"inference-header-content-length": "1" * 5_000}
    answer = client.post(INFER, content=b"{}", headers=header)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(
        "Got the header inference-header-content-length: 11111111111111111111, expected"
    )


def test_utf_16_hides_nothing(client: TestClient) -> None:
    for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        answer = client.post(INFER, content=json.dumps({"inputs": []}).encode(coding))
        assert answer.json() == {"error": "The body is not JSON in UTF-8."}
        assert answer.status_code == 400


def test_layers_refuse_in_the_form_of_the_interface(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    kim = add_token(tokens, "kim", "read")
    limits = Limits(rate=1, body_bytes=100)
    with client_of(SMALL, tokens=tokens, limits=limits, names=("a.example",)) as client:
        nobody = client.post(INFER, content=b"{}")
        assert nobody.status_code == 401
        assert nobody.json() == {"error": "Expected a token: Authorization: Bearer TOKEN."}
        assert nobody.headers["www-authenticate"] == "Bearer"
        bearer = {"authorization": f"Bearer {kim}"}
        large = client.post(INFER, content=b"x" * 101, headers=bearer)
        assert large.status_code == 413
        assert list(large.json()) == ["error"]
        again = client.post(INFER, content=b"{}", headers=bearer)
        assert again.status_code == 429
        assert list(again.json()) == ["error"]
        assert int(again.headers["retry-after"]) > 0
        for _ in range(3):
            live = client.get("/v2/health/live", headers={"host": "10.1.2.3"})
            assert live.status_code == 200

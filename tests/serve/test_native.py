"""The interface of harnn itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import harnn
from support.sample_models import TEXTS
from support.served import client_of


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(model) as found:
        yield found


def test_predictions_are_those_of_the_predictor(client: TestClient, model: Path) -> None:
    answer = client.post("/v1/predict", json={"documents": TEXTS})
    assert answer.status_code == 200
    expected = [each.to_dict() for each in harnn.Predictor.load(model).predict(TEXTS)]
    assert answer.json()["predictions"] == expected

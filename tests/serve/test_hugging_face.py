"""The form of Hugging Face's Inference API for text classification."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import harnn
from support.sample_models import TEXTS
from support.served import client_of

PATH = "/models/sample"


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(model) as found:
        yield found


def labels(prediction: harnn.Prediction) -> list[dict[str, Any]]:
    shown = [each.to_dict() for each in prediction.labels]
    return sorted(shown, key=lambda each: -each["score"])


def test_one_text_and_several(client: TestClient, predictor: harnn.Predictor) -> None:
    expected = [labels(each) for each in predictor.predict(TEXTS)]
    assert client.post(PATH, json={"inputs": TEXTS}).json() == expected
    assert client.post(PATH, json={"inputs": TEXTS[0]}).json() == expected[:1]
    assert client.post(PATH, json={"inputs": {"text": TEXTS[0]}}).json() == expected[:1]
    assert client.post(PATH, json={"inputs": []}).json() == []


def test_the_highest_score_comes_first(client: TestClient, predictor: harnn.Predictor) -> None:
    body = {"inputs": TEXTS[0], "parameters": {"top_k": 7, "function_to_apply": "sigmoid"}}
    (found,) = client.post(PATH, json=body).json()
    (expected,) = predictor.predict([TEXTS[0]], top_k=7)
    assert found == labels(expected)
    scores = [each["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 7


def test_options_of_the_hosted_interface_are_taken(client: TestClient) -> None:
    body = {"inputs": "a", "parameters": None, "options": {"wait_for_model": True}}
    assert client.post(PATH, json=body).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/models/other", {"inputs": "a"}, 404, "No model is called 'other'; there are sample."),
        (
            PATH,
            {"inputs": "a", "parameters": {"function_to_apply": "softmax"}},
            422,
            "function_to_apply: got softmax, expected sigmoid; scores are probabilities as they "
            "are.",
        ),
        (
            PATH,
            {"inputs": "a", "parameters": {"top_k": 1, "threshold": 0.5}},
            422,
            "threshold and top_k exclude each other; give one of them.",
        ),
        (
            PATH,
            {"inputs": "a", "parameters": {"topk": 1}},
            422,
            "body.parameters.topk: Extra inputs are not permitted",
        ),
        (PATH, {}, 422, "body.inputs: Field required"),
        (
            PATH,
            {"inputs": ["a", 1]},
            422,
            "body.inputs: expected a text or a list of texts, each a string or an object of fields",
        ),
    ],
)
def test_what_is_refused(
    client: TestClient, path: str, body: dict[str, Any], status: int, error: str
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": error})

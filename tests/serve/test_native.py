"""The interface of harnn itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import harnn
from harnn.serve import Limits
from support.sample_models import TEXTS
from support.served import client_of


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(f"first={model}", f"second={model}") as found:
        yield found


def test_predictions_are_those_of_the_predictor(
    client: TestClient, predictor: harnn.Predictor
) -> None:
    answer = client.post("/v1/predict", json={"documents": TEXTS})
    assert answer.status_code == 200
    expected = [each.to_dict() for each in predictor.predict(TEXTS)]
    assert answer.json()["predictions"] == expected
    assert answer.json()["model"]["name"] == "first"
    assert any(each["labels"] for each in expected)


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 2},
        {"threshold": 0.9},
        {"strategy": "f1"},
        {"strategy": "level", "close": "down"},
        {"top_1": "always", "close": "none"},
    ],
)
def test_options_are_those_of_the_predictor(
    client: TestClient, predictor: harnn.Predictor, options: dict[str, Any]
) -> None:
    answer = client.post("/v1/predict", json={"documents": TEXTS, "options": options})
    expected = [each.to_dict() for each in predictor.predict(TEXTS, **options)]
    assert answer.json()["predictions"] == expected


def test_documents_are_texts_or_objects(client: TestClient, predictor: harnn.Predictor) -> None:
    documents = [TEXTS[0], {"id": "a1", "text": TEXTS[1]}, {"id": 7, "text": ""}]
    answer = client.post("/v1/predict", json={"documents": documents}).json()
    assert [each["id"] for each in answer["predictions"]] == ["1", "a1", "7"]
    expected = [each.to_dict()["labels"] for each in predictor.predict([*TEXTS[:2], ""])]
    assert [each["labels"] for each in answer["predictions"]] == expected


def test_nothing_is_an_answer_to_nothing(client: TestClient) -> None:
    answer = client.post("/v1/predict", json={"documents": []})
    assert (answer.status_code, answer.json()["predictions"]) == (200, [])


def test_models_are_asked_by_name(client: TestClient) -> None:
    answer = client.post("/v1/predict", json={"documents": ["bees"], "model": "second"})
    assert answer.json()["model"]["name"] == "second"
    answer = client.post("/v1/predict", json={"documents": ["bees"], "model": "third"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No model is called 'third'; there are first, second.",
    }


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            {"documents": ["a"], "options": {"threshold": 0.5, "top_k": 2}},
            "threshold and top_k exclude each other; give one of them.",
        ),
        (
            {"documents": ["a"], "options": {"threshold": 2}},
            "body.options.threshold: Input should be less than or equal to 1",
        ),
        (
            {"documents": ["a"], "threshold": 0.5},
            "body.threshold: Extra inputs are not permitted",
        ),
        (
            {"documents": ["a", {"text": 5}]},
            "document 2: 'text' is a whole number, expected a string or a list of words.",
        ),
        ({"documents": [{"text": 5}, {}]}, "2 problems in the documents."),
        (
            {"documents": ["a", None]},
            "body.documents.1: expected a text, a string or an object of fields.",
        ),
    ],
)
def test_what_cannot_be_answered_is_said(
    client: TestClient, body: dict[str, Any], detail: str
) -> None:
    answer = client.post("/v1/predict", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


@pytest.mark.parametrize(
    ("body", "kind", "status", "detail"),
    [
        (
            '{"documents": ["a"]}',
            "application/x-www-form-urlencoded",
            415,
            "Got a body of 'application/x-www-form-urlencoded', expected application/json "
            "(header Content-Type).",
        ),
        (
            '{"documents": [',
            "application/json",
            422,
            "body: is no JSON (Expecting value, character 16).",
        ),
        ('"a"', "", 415, "Got a body of '', expected application/json (header Content-Type)."),
    ],
)
def test_a_body_that_is_none_is_said_to_be_none(
    client: TestClient, body: str, kind: str, status: int, detail: str
) -> None:
    answer = client.post("/v1/predict", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_options_of_an_explanation_are_checked_as_those_of_a_prediction(
    client: TestClient,
) -> None:
    options = {"threshold": 0.5, "top_k": 2}
    answer = client.post("/v1/explain", json={"document": "a", "options": options})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "threshold and top_k exclude each other; give one of them.",
    )


def test_odd_texts_are_answered(client: TestClient) -> None:
    for text in ('"\\ud800 half a pair"', '"\\u0000\\u001b[31m"', '"' + "x" * 100_000 + '"'):
        body = f'{{"documents": [{text}, {{"id": {text}, "text": {text}}}]}}'
        headers = {"content-type": "application/json"}
        answer = client.post("/v1/predict", content=body, headers=headers)
        assert answer.status_code == 200, answer.text[:300]


def test_limits_name_each_document(model: Path) -> None:
    with client_of(model, limits=Limits(documents=3, characters=10)) as client:
        answer = client.post("/v1/predict", json={"documents": ["a"] * 4})
        assert answer.status_code == 422
        assert answer.json()["detail"] == "Got 4 documents, at most 3 are taken in a request."
        documents = ["short", "a" * 11, {"id": "x", "text": "b" * 12}]
        answer = client.post("/v1/predict", json={"documents": documents})
        assert answer.json()["problems"] == [
            "document '2': 11 characters, at most 10 are taken.",
            "document 'x': 12 characters, at most 10 are taken.",
        ]
        counted = client.get("/metrics").text
        assert 'harnn_rejected_total{reason="too_many_documents"} 1.0' in counted
        assert 'harnn_rejected_total{reason="text_too_long"} 1.0' in counted


def test_explanations_are_those_of_the_predictor(
    client: TestClient, predictor: harnn.Predictor
) -> None:
    answer = client.post("/v1/explain", json={"document": TEXTS[0], "options": {"top_k": 3}}).json()
    assert answer["explanation"] == predictor.explain(TEXTS[0], top_k=3).to_dict()
    assert answer["explanation"]["labels"]


def test_explanations_point_at_examples(model: Path) -> None:
    from harnn.sample import sample

    with client_of(model, examples=(sample("en").train,)) as client:
        answer = client.post("/v1/explain", json={"document": TEXTS[0]}).json()
        (*_, last) = answer["explanation"]["labels"]
        assert last["examples"]


def test_the_taxonomy_is_paged_searched_and_walked(
    client: TestClient, predictor: harnn.Predictor
) -> None:
    taxonomy = predictor.taxonomy

    def codes(**query: Any) -> list[str]:
        answer = client.get("/v1/taxonomy", params=query)
        assert answer.status_code == 200
        return [each["label"] for each in answer.json()["labels"]]

    assert codes(limit=1000) == list(taxonomy.codes)
    assert codes(limit=3) + codes(limit=3, offset=3) == list(taxonomy.codes[:6])
    roots = codes(level=1)
    assert roots == list(taxonomy.codes[taxonomy.level_slices[0]])
    column = taxonomy.index[roots[0]]
    children = [taxonomy.codes[each] for each in taxonomy.children(column)]
    assert codes(parent=roots[0]) == children
    below = codes(under=roots[0])
    assert {roots[0], *children} <= set(below)
    assert set(codes(under=roots[0], level=2)) == set(children)
    name = taxonomy.names[-1]
    found = client.get("/v1/taxonomy", params={"q": name.upper()}).json()
    assert found["labels"][0]["name"] == name
    assert client.get("/v1/taxonomy", params={"q": "no such label"}).json()["total"] == 0
    for level in (taxonomy.depth + 1, 10**6):
        answer = client.get("/v1/taxonomy", params={"level": level})
        assert answer.status_code == 404
        expected = f"There is no level {level:,}, expected 1 to {taxonomy.depth}."
        assert answer.json()["detail"] == expected


def test_labels_that_are_named_in_their_order(
    client: TestClient, predictor: harnn.Predictor
) -> None:
    first, second, *_ = predictor.taxonomy.codes
    answer = client.get("/v1/taxonomy", params={"label": [second, first]}).json()
    assert [each["label"] for each in answer["labels"]] == [second, first]
    name = predictor.taxonomy.names[0]
    answer = client.get("/v1/taxonomy", params={"label": [second, first], "q": name}).json()
    assert [each["label"] for each in answer["labels"]] == [first]
    assert client.get("/v1/taxonomy", params={"label": ["none"]}).status_code == 404


def test_a_label_by_its_code(client: TestClient, predictor: harnn.Predictor) -> None:
    code = predictor.taxonomy.codes[0]
    answer = client.get("/v1/label", params={"label": code}).json()
    assert (answer["label"], answer["level"], answer["path"]) == (code, 1, [code])
    assert answer["documents"] == predictor.bundle.label_counts[0]
    assert answer["threshold"] == round(predictor.bundle.decoder.threshold, 6)
    quality = predictor.bundle.quality
    assert quality is not None
    low, high = quality.f1_interval(0)
    assert answer["validation"] == {
        "hits": quality.counts.hits[0],
        "given": quality.counts.predicted[0],
        "true": quality.counts.true[0],
        "f1": round(quality.counts.f1[0], 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }
    names = [predictor.taxonomy.codes[each.given] for each in quality.taken_for(0)]
    assert [each["label"] for each in answer["taken_for"]] == names
    answer = client.get("/v1/label", params={"label": "../../etc/passwd"})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "No label has the code '../../etc/passwd'."
    code, name = next(
        (code, name)
        for code, name in zip(predictor.taxonomy.codes, predictor.taxonomy.names, strict=True)
        if " " in name
    )
    other = " ".join(reversed(name.split()))
    for asked in ({"label": other}, {"parent": other}, {"under": other}):
        path = "/v1/label" if "label" in asked else "/v1/taxonomy"
        detail = client.get(path, params=asked).json()["detail"]
        assert detail == f"No label has the code {other!r}. Did you mean {code!r} ({name})?"


def test_models_say_what_they_are(client: TestClient, predictor: harnn.Predictor) -> None:
    answer = client.get("/v1/model").json()
    assert answer["labels"] == len(predictor.taxonomy)
    assert answer["taxonomy_hash"] == predictor.taxonomy.version
    assert answer["validation"]["micro_f1"] == predictor.bundle.report.micro_f1
    names = [each["name"] for each in client.get("/v1/models").json()["models"]]
    assert names == ["first", "second"]


def test_what_is_counted(client: TestClient, model: Path) -> None:
    client.post("/v1/predict", json={"documents": ["bees", "tap"]})
    text = client.get("/metrics").text
    request = 'http_request_method="POST",http_response_status_code="200",http_route="/v1/predict"'
    assert f"http_server_request_duration_seconds_count{{{request}}}" in text
    assert 'harnn_documents_total{model="first"}' in text
    assert "harnn_batch_size_bucket" in text
    assert "harnn_queue_depth 0.0" in text
    assert 'harnn_model_info{hash="' in text
    client.get("/v1/secret-of-somebody")
    assert "secret-of-somebody" not in client.get("/metrics").text


def test_answers_hold_so_many_labels_and_no_more(model: Path) -> None:
    with client_of(model, limits=Limits(labels=40, explained=4)) as client:
        few = {"documents": ["bees", "tap"], "options": {"top_k": 20}}
        assert client.post("/v1/predict", json=few).status_code == 200
        many = {"documents": ["bees", "tap"], "options": {"top_k": 21}}
        answer = client.post("/v1/predict", json=many)
        assert (answer.status_code, answer.json()["detail"]) == (
            422,
            "2 documents would get 42 labels, at most 40 are given at once. Choose fewer "
            "(threshold, top_k), or ask for fewer documents.",
        )
        answer = client.post("/v1/explain", json={"document": "bees", "options": {"top_k": 5}})
        assert answer.status_code == 422

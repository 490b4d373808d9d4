"""The Open Inference Protocol, version 2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from starlette.testclient import TestClient

import harnn
from harnn.serve.routes.binary_tensors import pack_strings
from support.sample_models import TEXTS
from support.served import client_of

INFER = "/v2/models/sample/infer"
# Of specification/protocol/open_inference_rest.yaml, what answers have to be.
_TENSOR = {
    "type": "object",
    "required": ["name", "datatype", "shape"],
    "properties": {
        "name": {"type": "string"},
        "datatype": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
    },
}
MODEL_METADATA = {
    "type": "object",
    "required": ["name", "platform"],
    "properties": {
        "name": {"type": "string"},
        "versions": {"type": "array", "items": {"type": "string"}},
        "platform": {"type": "string"},
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
SERVER_METADATA = {
    "type": "object",
    "required": ["name", "version", "extensions"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "extensions": {"type": "array", "items": {"type": "string"}},
    },
}
RESPONSE = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "outputs": {
            "type": "array",
            "items": {
                **_TENSOR,
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    **_TENSOR["properties"],  # type: ignore[dict-item]
                    "data": {"type": "array", "items": {"type": ["number", "string"]}},
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(model) as found:
        yield found


def texts(*given: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "text",
        "shape": [len(given)],
        "datatype": "BYTES",
        "data": list(given),
        **more,
    }


def ask(client: TestClient, *inputs: dict[str, Any], **more: Any) -> Any:
    answer = client.post(INFER, json={"inputs": inputs, **more})
    assert answer.status_code == 200, answer.text
    jsonschema_rs.validate(RESPONSE, answer.json())
    return answer.json()


def refusal(client: TestClient, body: Any, path: str = INFER) -> tuple[int, str]:
    answer = client.post(path, json=body)
    assert answer.json().keys() == {"error"}
    return answer.status_code, answer.json()["error"]


def test_labels_are_what_predict_writes(client: TestClient, predictor: harnn.Predictor) -> None:
    answer = ask(client, texts(*TEXTS), id="42")
    (labels,) = answer["outputs"]
    expected = [each.to_dict() for each in predictor.predict(TEXTS)]
    assert [json.loads(each) for each in labels["data"]] == expected
    assert (labels["name"], labels["datatype"], labels["shape"]) == ("labels", "BYTES", [6])
    assert (answer["id"], answer["model_name"]) == ("42", "sample")


def test_scores_of_all_labels_where_they_are_asked_for(
    client: TestClient, predictor: harnn.Predictor
) -> None:
    outputs = [{"name": "scores"}, {"name": "codes"}]
    scores, codes = ask(client, texts(*TEXTS), outputs=outputs)["outputs"]
    ((expected, _),) = predictor.predict_with_scores(TEXTS)
    count = len(predictor.taxonomy)
    assert (scores["datatype"], scores["shape"]) == ("FP32", [6, count])
    found = np.array(scores["data"]).reshape(scores["shape"])
    np.testing.assert_allclose(found, expected.values, atol=5.01e-7)
    assert (codes["shape"], codes["data"]) == ([count], list(predictor.taxonomy.codes))


def test_shapes_of_one_column_and_of_nothing(client: TestClient) -> None:
    column = texts("a", "b", shape=[2, 1], data=[["a"], ["b"]])
    assert ask(client, column) == ask(client, texts("a", "b"))
    assert ask(client, texts("a", "b", shape=[2, 1])) == ask(client, texts("a", "b"))
    empty = ask(client, texts(), outputs=[{"name": "labels"}, {"name": "scores"}])["outputs"]
    assert [(each["shape"][0], each["data"]) for each in empty] == [(0, []), (0, [])]


def test_parameters_choose_labels(client: TestClient, predictor: harnn.Predictor) -> None:
    (labels,) = ask(client, texts(TEXTS[0]), parameters={"top_k": 1})["outputs"]
    (expected,) = predictor.predict([TEXTS[0]], top_k=1)
    assert json.loads(labels["data"][0]) == expected.to_dict()


def test_metadata(client: TestClient, predictor: harnn.Predictor) -> None:
    server = client.get("/v2").json()
    jsonschema_rs.validate(SERVER_METADATA, server)
    assert server["extensions"] == ["binary_tensor_data"]
    found = client.get("/v2/models/sample").json()
    jsonschema_rs.validate(MODEL_METADATA, found)
    (version,) = found["versions"]
    count = len(predictor.taxonomy)
    assert found["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert [each["shape"] for each in found["outputs"]] == [[-1], [-1, count], [count]]
    assert client.get(f"/v2/models/sample/versions/{version}").json() == found
    assert client.get("/v2/models/sample/ready").json() == {"name": "sample", "ready": True}
    assert client.get(f"/v2/models/sample/versions/{version}/ready").status_code == 200
    assert client.post(f"/v2/models/sample/versions/{version}/infer", json={"inputs": []}).text
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert client.get(path).json() == {"live": True}


def test_unknown_models_and_versions_are_not_found(client: TestClient) -> None:
    (version,) = client.get("/v2/models/sample").json()["versions"]
    for path in ("", "/ready"):
        answer = client.get(f"/v2/models/other{path}")
        assert answer.status_code == 404
        assert answer.json() == {"error": "No model is called 'other'; there are sample."}
        assert client.get(f"/v2/models/sample/versions/1{path}").json() == {
            "error": f"Model 'sample' has the version {version}, got '1'."
        }
    what = refusal(client, {"inputs": [texts("a")]}, "/v2/models/sample/versions/1/infer")
    assert what == (404, f"Model 'sample' has the version {version}, got '1'.")


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ([], "inputs: got [], expected 'text'."),
        ([texts("a", name="tekst")], "inputs: got ['tekst'], expected 'text'."),
        ([texts("a"), texts("a")], "inputs: got ['text', 'text'], expected 'text'."),
        ([texts("a", datatype="FP32")], "input 'text': got the datatype 'FP32', expected BYTES."),
        ([texts("a", shape=[])], "input 'text': got the shape [], expected [N] or [N, 1]."),
        ([texts("a", shape=[1, 2])], "input 'text': got the shape [1, 2], expected [N] or [N, 1]."),
        ([texts("a", shape=[2])], "input 'text': got 1 element, expected 2 by its shape."),
        ([texts("a", data=[1])], "input 'text': element 1 is no string (1 such element)."),
        ([texts("a", data=[[["a"]]])], "input 'text': element 1 is no string (1 such element)."),
        (
            [texts("a", shape=[2], datatype="x")],
            "input 'text': got the datatype 'x', expected BYTES.\n"
            "input 'text': got 1 element, expected 2 by its shape.",
        ),
    ],
)
def test_inputs_that_are_refused(client: TestClient, inputs: Any, what: str) -> None:
    assert refusal(client, {"inputs": inputs}) == (400, what)


def test_options_that_are_refused(client: TestClient) -> None:
    status, error = refusal(client, {"inputs": [texts("a")], "parameters": {"top_k": 0}})
    assert (status, error) == (
        400,
        "body.parameters.top_k: Input should be greater than or equal to 1",
    )
    both = {"top_k": 1, "threshold": 0.5}
    status, error = refusal(client, {"inputs": [texts("a")], "parameters": both})
    assert error == "threshold and top_k exclude each other; give one of them."
    status, error = refusal(client, {"inputs": [texts("a")], "outputs": [{"name": "x"}]})
    assert error == "body.outputs.0.name: Input should be 'labels', 'scores' or 'codes'"
    assert status == 400


def test_tensors_behind_the_json(client: TestClient) -> None:
    packed = pack_strings(TEXTS)
    tensor = {"name": "text", "shape": [6], "datatype": "BYTES"}
    asked = [{"name": "scores", "parameters": {"binary_data": True}}, {"name": "labels"}]
    request = {
        "inputs": [{**tensor, "parameters": {"binary_data_size": len(packed)}}],
        "outputs": asked,
    }
    head = json.dumps(request).encode()
    header = {"Inference-Header-Content-Length": str(len(head))}
    answer = client.post(INFER, content=head + packed, headers=header)
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    scores, labels = json.loads(answer.content[:length])["outputs"]
    plain = ask(client, texts(*TEXTS), outputs=[{"name": "scores"}, {"name": "labels"}])
    assert labels == plain["outputs"][1]
    found = np.frombuffer(answer.content[length:], "<f4")
    assert scores["parameters"] == {"binary_data_size": 4 * len(found)}
    np.testing.assert_allclose(found, plain["outputs"][0]["data"], atol=5.01e-7)


def test_models_that_read_several_fields(tmp_path: Path) -> None:
    bundle = _fit_two_fields(tmp_path / "two")
    with client_of(bundle) as client:
        found = client.get("/v2/models/two").json()["inputs"]
        assert [each["name"] for each in found] == ["title", "body"]
        inputs = [texts("A tap", name="title"), texts("It drips.", name="body")]
        answer = client.post("/v2/models/two/infer", json={"inputs": inputs})
        (text,) = answer.json()["outputs"][0]["data"]
        expected = harnn.Predictor.load(bundle).predict([{"title": "A tap", "body": "It drips."}])
        assert json.loads(text) == expected[0].to_dict() | {"id": "1"}
        whole = client.post("/v2/models/two/infer", json={"inputs": [texts("A tap")]})
        assert whole.status_code == 200
        path = "/v2/models/two/infer"
        assert refusal(client, {"inputs": inputs[:1]}, path)[1] == (
            "inputs: got ['title'], expected 'title', 'body', or 'text' alone."
        )
        uneven = [inputs[0], texts("a", "b", name="body")]
        assert refusal(client, {"inputs": uneven}, path)[1] == (
            "inputs: have [1, 2] elements, expected as many."
        )


def _fit_two_fields(directory: Path) -> Path:
    from harnn.config import Config
    from harnn.data import Document
    from harnn.sample import sample

    taxonomy = sample("en").load_taxonomy()
    documents = [
        Document(str(n), {"title": f"{label} {n}", "body": f"all about {label}"}, (label,))
        for n in range(8)
        for label in ("home", "food", "nature")
    ]
    settings = {
        "data": {"text_fields": ["title", "body"]},
        "model": {"preset": "fast", "text_vectors": "off"},
    }
    result = harnn.fit(taxonomy, documents, documents, Config.from_dict(settings))
    harnn.save_bundle(result, directory)
    return directory

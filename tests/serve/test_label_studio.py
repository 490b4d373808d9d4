"""The ML backend of Label Studio."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import harnn
from harnn.review import Corrections
from harnn.sample import sample
from harnn.serve import Limits, add_token
from harnn.serve.labelling import read_labelling
from harnn.taxonomy.writing.labelling_config import labelling_config_text
from support.sample_models import TEXTS
from support.served import client_of

BASE = "/label-studio"
CONFIG = labelling_config_text(sample("en").load_taxonomy())
QUESTION = '<Choices name="c" toName="t"><Choice value="?"/></Choices>'
FOREIGN = f'<View><Text name="t" value="$text"/>{QUESTION}</View>'


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(model, f"other={model}") as found:
        yield found


def version(model: Path, name: str = "sample") -> str:
    return f"{name} {harnn.bundle.fingerprint(model)[:12]}"


def task(text: Any, number: int = 1, **data: Any) -> dict[str, Any]:
    return {"id": number, "data": {"text": text, **data}, "project": 3, "meta": {}}


def predict(client: TestClient, tasks: list[Any], base: str = BASE) -> Any:
    """Ask as Label Studio 1.23 does (label_studio/ml/api_connector.py)."""
    params = {"login": "", "password": "", "context": None}
    body = {"tasks": tasks, "project": "3.1700000000", "label_config": CONFIG, "params": params}
    return client.post(f"{base}/predict", json=body)


def happened(action: str, annotation: Any, about: Any) -> dict[str, Any]:
    """Return what a webhook of Label Studio 1.23 sends, less what is not read."""
    project = {"id": 3, "title": "sample", "label_config": CONFIG}
    return {"action": action, "annotation": annotation, "project": project, "task": about}


def annotation(*paths: list[str], **more: Any) -> dict[str, Any]:
    value = {"taxonomy": list(paths)}
    result = [{"from_name": "taxonomy", "to_name": "text", "type": "taxonomy", "value": value}]
    fields = {"id": 5, "was_cancelled": False, "completed_by": 7, "task": 1}
    return fields | {"result": result if paths else []} | more


def test_it_is_up_and_says_what_answers(client: TestClient, model: Path) -> None:
    for base in (BASE, f"{BASE}/other"):
        answer = client.get(f"{base}/health")
        assert answer.json() == {"status": "UP", "model_class": "harnn"}
    both = [version(model), version(model, "other")]
    assert client.get(f"{BASE}/versions").json() == {"versions": both}
    assert client.get(f"{BASE}/other/versions").json() == {"versions": both[1:]}


def test_setup_names_the_model(client: TestClient, model: Path) -> None:
    body = {"project": "3.17", "schema": CONFIG, "hostname": "", "access_token": "secret"}
    found = client.post(f"{BASE}/setup", json=body | {"extra_params": None}).json()
    assert found == {"model_version": version(model), "labels": 50, "unknown": []}
    other = client.post(f"{BASE}/other/setup", json=body).json()
    assert other["model_version"] == version(model, "other")


def test_predictions_choose_the_labels_of_answers(client: TestClient, model: Path) -> None:
    predictor = harnn.Predictor.load(model)
    found = predict(client, [task(text, n) for n, text in enumerate(TEXTS)]).json()["results"]
    labelling = read_labelling(CONFIG, predictor.taxonomy)
    for result, expected in zip(found, predictor.predict(TEXTS), strict=True):
        assert result["model_version"] == version(model)
        codes = [each.label for each in expected.labels]
        chosen = predictor.taxonomy.columns(labelling.labels(result["result"]))
        assert predictor.taxonomy.close_upward(chosen).tolist() == sorted(
            predictor.taxonomy.columns(codes).tolist()
        )


def test_many_tasks_are_answered_in_parts(model: Path) -> None:
    with client_of(model, limits=Limits(documents=2)) as client:
        found = predict(client, [task(text) for text in TEXTS]).json()["results"]
        assert found == [predict(client, [task(text)]).json()["results"][0] for text in TEXTS]


def test_the_model_whose_labels_stand_in_the_configuration(model: Path, tmp_path: Path) -> None:
    taxonomy = harnn.Taxonomy.from_edges([("glad", "ROOT"), ("sad", "ROOT")])
    documents = [
        {"id": f"{n}{label}", "text": f"so {label} a day {n}", "labels": [label]}
        for n in range(6)
        for label in taxonomy.codes
    ]
    settings = {"model": {"preset": "fast", "text_vectors": "off"}}
    from harnn.config import Config

    result = harnn.fit(taxonomy, documents, documents, Config.from_dict(settings))
    harnn.save_bundle(result, tmp_path / "mood")
    with client_of(model, tmp_path / "mood") as client:
        asked = {"schema": labelling_config_text(taxonomy)}
        found = client.post(f"{BASE}/setup", json=asked).json()
        assert found["model_version"] == version(tmp_path / "mood", "mood")
        assert client.post(f"{BASE}/sample/setup", json=asked).status_code == 422


def test_what_is_refused(client: TestClient) -> None:
    answer = client.post(f"{BASE}/setup", json={"schema": FOREIGN})
    assert (answer.status_code, answer.json()) == (
        422,
        {"error": "Choices 'c': none of its 1 choice means one of the model's 50 labels: '?'"},
    )
    assert client.get(f"{BASE}/x/health").json() == {
        "error": "No model is called 'x'; there are sample, other."
    }
    answer = predict(client, [task("a"), task(None), {"data": {}}])
    assert (answer.status_code, answer.json()) == (
        422,
        {
            "error": "task 2: its data have no string 'text'.\n"
            "task 3: its data have no string 'text'."
        },
    )
    kept = client.post(
        f"{BASE}/webhook", json=happened("ANNOTATION_CREATED", annotation(), task("a"))
    )
    assert (kept.status_code, kept.json()) == (
        403,
        {"error": "This server keeps no corrections; whoever runs it can say where (--database)."},
    )


def test_annotations_are_kept_as_corrections(model: Path, tmp_path: Path) -> None:
    database = tmp_path / "kept.sqlite"
    paths = ["home", "repairs"], ["nature", "gardening"]
    with client_of(model, database=str(database)) as client:
        before = predict(client, [task("A tap.")]).json()

        def send(action: str, *given: Any) -> tuple[int, Any]:
            answer = client.post(f"{BASE}/webhook", json=happened(action, *given))
            return answer.status_code, answer.json()

        kept, ignored = {"status": "kept", "kept": 1}, {"status": "ignored", "kept": 0}
        assert send("ANNOTATION_CREATED", annotation(*paths), task("A tap.")) == (200, kept)
        named = task("A tap.", id="mine")
        assert send("ANNOTATION_UPDATED", annotation(paths[0]), named) == (200, kept)
        assert send("ANNOTATION_CREATED", annotation(), task("b", 2)) == (200, kept)
        two = [annotation(paths[1], task=8), annotation(paths[0], task=9)]
        many = [task("c", 9), task("d", 8)]
        assert send("ANNOTATIONS_CREATED", two, many) == (200, {"status": "kept", "kept": 2})
        skipped = annotation(was_cancelled=True)
        assert send("ANNOTATION_CREATED", skipped, task("a")) == (200, ignored)
        assert send("ANNOTATIONS_DELETED", None, None) == (200, ignored)
        assert client.post(f"{BASE}/webhook", json={"action": "START_TRAINING"}).json() == ignored
        wrong = annotation(["home", "moon"])
        assert send("ANNOTATION_CREATED", wrong, task("a")) == (
            422,
            {"error": "choice of 'taxonomy': means no label of the model: 'home > moon'."},
        )
        assert send("ANNOTATIONS_CREATED", two, many[:1]) == (
            422,
            {"error": "annotation 1: its task does not come with it."},
        )
        assert predict(client, [task("A tap.")]).json() == before
    with Corrections.open(database) as corrections:
        found = list(corrections.read())
    assert [(each.document.id, each.document.text, each.document.labels) for each in found] == [
        ("1", {"text": "A tap."}, ("repairs", "gardening")),
        ("mine", {"text": "A tap."}, ("repairs",)),
        ("2", {"text": "b"}, ()),
        ("8", {"text": "d"}, ("gardening",)),
        ("9", {"text": "c"}, ("repairs",)),
    ]
    assert {(each.source, each.person, each.model.name) for each in found} == {
        ("label-studio", "7", "sample")
    }


def test_the_password_of_basic_authentication_is_a_token(model: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.jsonl"
    reader = add_token(tokens, "reader", "read")

    def basic(token: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"any:{token}".encode()).decode()}

    with client_of(model, tokens=tokens) as client:
        path = f"{BASE}/health"
        assert client.get(path).status_code == 401
        for wrong in (basic("x"), {"Authorization": "Basic ?"}, {"Authorization": "Basic eA=="}):
            assert client.get(path, headers=wrong).status_code == 401
        assert client.get(path, headers={b"Authorization": b"Basic \xe9"}).status_code == 401
        assert client.get(path, headers=basic(reader)).status_code == 200
        assert client.get("/v1/models", headers=basic(reader)).status_code == 401  # only here
        assert client.get(path, headers={"Authorization": f"Bearer {reader}"}).status_code == 200
        asked = happened("ANNOTATION_CREATED", annotation(), task("a"))
        answer = client.post(f"{BASE}/webhook", json=asked, headers=basic(reader))
        assert (answer.status_code, answer.json()) == (
            403,
            {"error": "This needs the role review; reader has the role read."},
        )

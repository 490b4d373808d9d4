"""The REST API of Annif, asked by Annif's own client and by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from annif_client import AnnifClient
from starlette.testclient import TestClient

import harnn
from harnn.errors import ConfigError, MissingExtraError
from harnn.review import Corrections
from harnn.serve import Limits, add_token
from harnn.taxonomy.iris import label_iri
from support.sample_models import TEXTS
from support.served import RunningServer, client_of

TEXT = TEXTS[0]


@pytest.fixture(scope="module")
def annif(server: RunningServer) -> AnnifClient:
    return AnnifClient(f"{server.url}/v1/")


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    """A server in this process, without a database."""
    with client_of(f"sample={model}", limits=Limits(characters=1_000)) as found:
        yield found


def best(predictor: harnn.Predictor, text: str, limit: int = 10) -> list[dict[str, Any]]:
    """Return what is expected, from the answers of the predictor."""
    (answer,) = predictor.predict([text], top_k=limit)
    labels = sorted(answer.labels, key=lambda label: label.score, reverse=True)
    return [
        {
            "uri": label_iri(label.label),
            "label": label.name,
            "notation": None,
            "score": round(label.score, 6),
            "code": label.label,
            "level": label.level,
            "path": list(label.path),
        }
        for label in labels
    ]


def test_the_server_tells_what_it_is(annif: AnnifClient) -> None:
    assert annif.api_info == {"title": "Annif REST API of harnn", "version": harnn.__version__}


def test_projects_are_models(
    annif: AnnifClient, model: Path, predictor: harnn.Predictor, server: RunningServer
) -> None:
    vocab = {
        "vocab_id": predictor.taxonomy.version[:12],
        "languages": ["en"],
        "size": len(predictor.taxonomy),
        "loaded": True,
    }
    written = datetime.fromtimestamp((model / "config.json").stat().st_mtime, UTC)
    expected = {
        "project_id": "sample",
        "name": "sample",
        "language": "en",
        "backend": {"backend_id": "harnn"},
        "vocab": vocab,
        "vocab_language": "en",
        "is_trained": True,
        "modification_time": written.isoformat(timespec="seconds"),
    }
    assert annif.projects == [expected]
    assert annif.get_project("sample") == expected
    with pytest.raises(ValueError, match=r"^No model is called 'fr'; there are sample\.$"):
        annif.get_project("fr")
    assert requests.get(f"{server.url}/v1/vocabs").json() == {"vocabs": [vocab]}


def test_models_of_one_taxonomy_have_one_vocabulary(model: Path) -> None:
    languages = ("de", "b=fi", "c=de-AT")
    names = [f"{name}={model}" for name in "abc"]
    with client_of(*names, languages=languages) as client:
        projects = client.get("/v1/projects").json()["projects"]
        (vocab,) = client.get("/v1/vocabs").json()["vocabs"]
    assert [each["project_id"] for each in projects] == ["a", "b", "c"]
    assert [each["language"] for each in projects] == ["de", "fi", "de-AT"]
    assert vocab["languages"] == ["de", "fi", "de-AT"]


def test_languages_that_cannot_be(model: Path) -> None:
    with (
        pytest.raises(ConfigError) as caught,
        client_of(f"a={model}", languages=("english!", "b=en")),
    ):
        pass
    assert [str(each) for each in caught.value.problems] == [
        "--language: got 'english!', expected a code such as en, de or zh.",
        "--language: got a language of 'b', which is no model; there are a.",
    ]


def test_suggestions_are_the_best_labels(annif: AnnifClient, predictor: harnn.Predictor) -> None:
    for text in (TEXT, "水龙头漏水", "& a=b+c% "):
        assert annif.suggest("sample", text) == best(predictor, text)
    found = annif.suggest("sample", TEXT, limit=3)
    assert found == best(predictor, TEXT, 3)
    assert [each["label"] for each in found] == ["Home", "Repairs", "Plumbing"]
    assert annif.suggest("sample", TEXT, limit=0) == []
    assert len(annif.suggest("sample", TEXT, limit=1_000_000)) == len(predictor.taxonomy)
    assert annif.analyze("sample", TEXT, limit=3) == found


def test_suggestions_have_at_least_the_threshold(
    annif: AnnifClient, predictor: harnn.Predictor
) -> None:
    expected = best(predictor, TEXT, len(predictor.taxonomy))
    for threshold in (0.0, expected[4]["score"] + 1e-4, 1.0):
        found = annif.suggest("sample", TEXT, limit=1_000, threshold=threshold)
        assert found == [each for each in expected if each["score"] >= threshold]


def test_the_old_address_answers_the_same(server: RunningServer) -> None:
    address = f"{server.url}/v1/projects/sample"
    form = {"text": TEXT, "limit": "2"}
    old, new = (requests.post(f"{address}/{name}", form).json() for name in ("analyze", "suggest"))
    assert old == new
    assert len(new["results"]) == 2


def test_batches_are_answered_in_their_order(
    annif: AnnifClient, predictor: harnn.Predictor
) -> None:
    documents = [{"text": text, "document_id": f"n{at}"} for at, text in enumerate(TEXTS)]
    del documents[1]["document_id"]
    found = annif.suggest_batch("sample", documents, limit=4, threshold=0.2)
    ids = [each["document_id"] for each in found]
    assert ids == ["n0", None, *(f"n{at}" for at in range(2, len(TEXTS)))]
    expected = [[x for x in best(predictor, text, 4) if x["score"] >= 0.2] for text in TEXTS]
    assert [each["results"] for each in found] == expected
    assert len(annif.suggest_batch("sample", [{"text": TEXT}] * 32)) == 32
    assert annif.suggest_batch("sample", []) == []


def test_what_is_learnt_is_kept_and_changes_no_answer(
    annif: AnnifClient, predictor: harnn.Predictor, server_home: Path
) -> None:
    before = annif.suggest("sample", "A violin")
    documents = [
        {"text": "A violin", "subjects": [{"uri": "urn:harnn:taxonomy:plumbing"}]},
        {
            "text": "",
            "document_id": "7",
            "metadata": {"title": "Bees", "abstract": "They swarm."},
            "subjects": [{"uri": "", "label": "Repairs"}, {"uri": "x:y", "label": "plumbing"}],
        },
        {"text": "nothing fits", "subjects": []},
    ]
    answer = annif.learn("sample", documents)
    assert (answer.status_code, answer.content) == (204, b"")
    assert annif.learn("sample", documents[:1]).status_code == 204
    assert annif.suggest("sample", "A violin") == before
    with Corrections.open(server_home / "corrections.db", make=False) as kept:
        found = list(kept.read())
    assert [dict(each.document.text) for each in found] == [
        {"text": "A violin"},
        {"title": "Bees", "abstract": "They swarm."},
        {"text": "nothing fits"},
        {"text": "A violin"},
    ]
    labels = [("plumbing",), ("repairs", "plumbing"), (), ("plumbing",)]
    assert [each.document.labels for each in found] == labels
    assert [each.document.id for each in found] == ["", "7", "", ""]
    assert {(each.source, each.sender) for each in found} == {("annif-learn", "anybody")}
    assert {each.model.name for each in found} == {"sample"}
    assert {each.model.taxonomy_hash for each in found} == {predictor.taxonomy.version}
    assert {each.model.hash[:12] for each in found} == {_version(annif)}


def _version(annif: AnnifClient) -> str:
    models = requests.get(f"{annif.api_base}models").json()["models"]
    return str(models[0]["version"])


def test_languages_are_told(annif: AnnifClient) -> None:
    found = annif.detect_language("Das ist ein Haus", ["en", "de"])["results"]
    assert [each["language"] for each in found] == ["de", "en", None]
    assert found[0]["score"] > 0.9
    assert sum(each["score"] for each in found) == pytest.approx(1, abs=1e-5)


def test_no_text_is_in_the_log(annif: AnnifClient, server: RunningServer) -> None:
    with pytest.raises(requests.HTTPError):
        annif.learn("sample", [{"text": "hush", "subjects": [{"uri": "hushed"}]}])
    annif.suggest("sample", "hush")
    assert "/v1/projects/{project_id}/learn 400" in server.log
    assert "hush" not in server.log


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Return a refusal, having looked at its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert isinstance(found["title"], str)
    return found


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("form", "status", "detail"),
    [
        ({}, 400, "body.text: Field required"),
        ({"text": "a", "limit": "x"}, 400, "body.limit: Input should be a valid integer"),
        ({"text": "a", "limit": "-1"}, 400, "body.limit: Input should be greater than or equal"),
        ({"text": "a", "threshold": "1.5"}, 400, "body.threshold: Input should be less than"),
        ({"text": "a", "threshold": "nan"}, 400, "body.threshold: Input should be"),
        ({"text": "a", "language": "fi"}, 400, "The labels have no language 'fi'; theirs is 'und'"),
        ({"text": "a" * 1_001}, 413, "document '1': 1,001 characters, at most 1,000 are taken."),
        ("text=%FF", 400, "The form is not UTF-8."),
        (b"text=\xff", 400, "The form is not UTF-8."),
        ("text=a&text=b", 400, "The form has a field twice."),
        ("text=a" + "&x=" * 100, 400, "The form has more than 100 fields."),
    ],
)
def test_forms_that_are_refused(
    client: TestClient, form: dict[str, str] | str | bytes, status: int, detail: str
) -> None:
    place = "/v1/projects/sample/suggest"
    if isinstance(form, dict):
        answer = client.post(place, data=form)
        answer = client.post(place, content=b"", headers=FORM) if not form else answer
    else:
        answer = client.post(place, content=form, headers=FORM)
    assert problem(answer, status)["detail"].startswith(detail)


def test_other_bodies_than_forms_are_refused(client: TestClient) -> None:
    answer = client.post("/v1/projects/sample/suggest", json={"text": "a"})
    expected = (
        "Got a body of 'application/json', expected application/x-www-form-urlencoded "
        "(header Content-Type)."
    )
    assert problem(answer, 415)["detail"] == expected


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("projects/no/suggest-batch", {"documents": []}, 404, "No model is called 'no'; there are"),
        ("projects/no/learn", [], 404, "No model is called 'no'; there are"),
        ("projects/sample/suggest-batch", {}, 400, "body.documents: Field required"),
        (
            "projects/sample/suggest-batch",
            {"documents": [{"text": "a"}] * 33},
            400,
            "body.documents: List should have at most 32 items",
        ),
        ("projects/sample/suggest-batch", {"documents": [{"text": 1}]}, 400, "body.documents.0"),
        ("projects/sample/suggest-batch?limit=x", {"documents": []}, 400, "query.limit: Input"),
        (
            "projects/sample/suggest-batch?language=fi",
            {"documents": []},
            400,
            "The labels have no language 'fi'; theirs is 'und'.",
        ),
        ("projects/sample/learn", {}, 400, "body: Input should be a valid list"),
        ("projects/sample/learn", [{"text": "a"}], 400, "body.0.subjects: Field required"),
        (
            "projects/sample/learn",
            [],
            403,
            "This server keeps no corrections; whoever runs it can say where (--database).",
        ),
        (
            "detect-language",
            {"text": "a", "languages": ["xx", "en"]},
            400,
            "the language 'xx' is not known, expected a code such as en, de or zh.",
        ),
        ("detect-language", {"text": "a", "languages": []}, 400, "body.languages: List should"),
        ("detect-language", {"text": "a", "languages": ["en"] * 6}, 400, "body.languages: List"),
        ("detect-language", {"text": "a" * 1_001, "languages": ["en"]}, 413, "document 'text'"),
    ],
)
def test_bodies_that_are_refused(
    client: TestClient, path: str, body: Any, status: int, detail: str
) -> None:
    assert problem(client.post(f"/v1/{path}", json=body), status)["detail"].startswith(detail)


def test_a_body_that_is_too_large(model: Path) -> None:
    with client_of(f"sample={model}", limits=Limits(body_bytes=100)) as client:
        for name in ("suggest", "analyze"):
            answer = client.post(f"/v1/projects/sample/{name}", data={"text": "a" * 100})
            problem(answer, 413)


def test_more_results_than_are_given(
    client: TestClient, predictor: harnn.Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(predictor.taxonomy)
    monkeypatch.setattr("harnn.serve.routes.annif._MOST_RESULTS", 2 * count)
    place = "/v1/projects/sample/suggest-batch?limit=1000"
    assert client.post(place, json={"documents": [{"text": "a"}] * 2}).status_code == 200
    answer = client.post(place, json={"documents": [{"text": "a"}] * 3})
    expected = (
        f"Got a limit of {count} results for 3 documents, at most {2 * count} are given in all."
    )
    assert problem(answer, 400)["detail"] == expected


def test_labels_that_cannot_be_learnt(model: Path, tmp_path: Path) -> None:
    with client_of(f"sample={model}", database=str(tmp_path / "kept.db")) as client:
        subjects = [{"uri": "http://example.org/x"}, {"label": "Plumbin"}, {"uri": ""}]
        good = {"text": "a", "subjects": [{"uri": "plumbing"}]}
        body = [good, {"text": "b", "subjects": subjects}]
        found = problem(client.post("/v1/projects/sample/learn", json=body), 400)
        assert found["problems"] == [
            "document 2: unknown label 'http://example.org/x'.",
            "document 2: unknown label 'Plumbin'. Did you mean 'plumbing'?",
            "document 2: has a subject with neither uri nor label.",
        ]
    with Corrections.open(tmp_path / "kept.db") as kept:
        assert kept.count() == {}


def test_a_database_that_is_gone_is_told_later(model: Path, tmp_path: Path) -> None:
    place = tmp_path / "kept.db"
    with client_of(f"sample={model}", database=str(place)) as client:
        with sqlite3.connect(place) as other:
            other.execute("DROP TABLE correction")
        other.close()
        body = [{"text": "a", "subjects": [{"uri": "plumbing"}]}]
        answer = client.post("/v1/projects/sample/learn", json=body)
        detail = "The database does not answer; ask again later."
        assert problem(answer, 503)["detail"] == detail
        assert answer.headers["retry-after"] == "10"


def test_fields_that_are_not_read_are_told(client: TestClient) -> None:
    form = {"text": "a", "metadata_title": "b", "treshold": "0.5"}
    assert client.post("/v1/projects/sample/suggest", data=form).json()["notes"] == [
        "The metadata was not read, because there is a text.",
        "The form has fields that are not read: 'treshold'.",
    ]


def test_metadata_is_read_where_there_is_no_text(
    client: TestClient, predictor: harnn.Predictor
) -> None:
    form = {"text": "", "metadata_title": TEXT, "metadata_abstract": "Bees."}
    found = client.post("/v1/projects/sample/suggest", data=form).json()
    assert found == {"results": best(predictor, f"{TEXT}\nBees.")}
    body = {"documents": [{"text": "", "metadata": {"title": TEXT, "abstract": "Bees."}}]}
    assert client.post("/v1/projects/sample/suggest-batch", json=body).json() == [
        found | {"document_id": None}
    ]


def test_no_language_is_told_without_the_extra(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise MissingExtraError("no such package")

    monkeypatch.setattr("harnn.serve.routes.annif.languages_of", missing)
    answer = client.post("/v1/detect-language", json={"text": "a", "languages": ["en"]})
    expected = "This server tells no languages; whoever runs it can install harnn[languages]."
    assert problem(answer, 501)["detail"] == expected


def test_teaching_needs_the_role(model: Path, tmp_path: Path) -> None:
    tokens, kept = tmp_path / "tokens", str(tmp_path / "kept.db")
    reader, reviewer = add_token(tokens, "eve", "read"), add_token(tokens, "bob", "review")
    body = [{"text": "a", "subjects": [{"uri": "plumbing"}]}]
    with client_of(f"sample={model}", tokens=tokens, database=kept) as client:
        problem(client.get("/v1/projects"), 401)
        for token, status in ((reader, 403), (reviewer, 204)):
            headers = {"authorization": f"Bearer {token}"}
            assert client.get("/v1/projects", headers=headers).status_code == 200
            answer = client.post("/v1/projects/sample/learn", json=body, headers=headers)
            assert answer.status_code == status
    with Corrections.open(kept) as corrections:
        assert [each.sender for each in corrections.read()] == ["bob"]


def test_pages_of_other_origins_ask_where_they_may(model: Path, client: TestClient) -> None:
    origin = {"origin": "https://example.org"}
    assert "access-control-allow-origin" not in client.get("/v1/projects", headers=origin).headers
    with client_of(f"sample={model}", origins=("*",)) as open_client:
        answer = open_client.get("/v1/projects", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "*"

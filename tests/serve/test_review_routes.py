"""Review over HTTP: who may do what, decisions, conflicts, documents on their way there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harnn.review import EnqueueOptions
from support.review_clients import TEXTS, People, people_at
from support.served import client_of, running


@pytest.fixture
def people(model: Path, tmp_path: Path) -> Iterator[People]:
    with people_at(model, tmp_path) as found:
        yield found


@pytest.fixture
def queued(people: People) -> People:
    documents = [{"id": f"d{n}", "text": text} for n, text in enumerate(TEXTS)]
    found = people.post("kim", "/v1/review/documents", {"documents": documents})
    assert found == {"added": 3, "known": 0, "filed": 0, "left": 0}
    return people


def plain_item(people: People, who: str = "kim") -> int:
    """Return a document whose answer is shown, and that one person reads."""
    for each in people.get(who, "/v1/review/queue")["items"]:
        if not each["blind"] and not each["second"]:
            return int(each["item"])
    raise AssertionError("all are blind, or read twice")


def accept_all(people: People, who: str, item: int) -> None:
    for label in people.get(who, f"/v1/review/items/{item}")["labels"]:
        if label["mark"] == "undecided":
            people.decide(who, item, "accept", label["label"])


def test_one_document_from_the_queue_to_the_export(queued: People) -> None:
    item = plain_item(queued)
    accept_all(queued, "kim", item)
    done = queued.submit("kim", item)
    assert done["item"]["state"] == "done"
    assert done["next"] not in (item, None)
    summary = queued.get("kim", "/v1/review")
    assert (summary["person"], summary["part"]) == ("kim", "annotate")
    assert (summary["total"], summary["done"], summary["mine"]) == (3, 1, 1)
    answer = queued.ask("kim", "GET", "/v1/review/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="reviewed.jsonl"'
    (line,) = answer.text.splitlines()
    document = json.loads(line)
    assert document["text"] in TEXTS
    assert document["labels"] == done["item"]["settled"]


def test_what_is_queued_twice_is_known(queued: People) -> None:
    body = {"documents": [{"id": "d0", "text": TEXTS[0]}, "Something else."]}
    found = queued.post("lee", "/v1/review/documents", body)
    assert found == {"added": 1, "known": 1, "filed": 0, "left": 0}


@pytest.mark.parametrize(
    ("who", "method", "path", "body", "role"),
    [
        ("eve", "GET", "/v1/review", None, "annotate"),
        ("eve", "GET", "/v1/review/queue", None, "annotate"),
        ("eve", "POST", "/v1/review/documents", {"documents": []}, "annotate"),
        ("eve", "GET", "/v1/acceptance", None, "annotate"),
        ("kim", "POST", "/v1/review/items/1/settle", {"version": 0}, "review"),
        ("kim", "GET", "/v1/review/log", None, "review"),
        ("mia", "PUT", "/v1/acceptance", {"version": 0, "targets": {}}, "admin"),
        ("mia", "POST", "/v1/review/retire", {}, "admin"),
        ("kim", "POST", "/v1/projects/sample/learn", [], "review"),
    ],
)
def test_each_role_does_its_own(
    people: People, who: str, method: str, path: str, body: object, role: str
) -> None:
    answer = people.ask(who, method, path, body)
    if answer.status_code == 404:
        pytest.fail(f"no route {path}")
    assert answer.status_code == 403
    assert f"needs the role {role}" in answer.text


def test_who_was_quicker_is_told_and_nothing_is_lost(queued: People) -> None:
    item = plain_item(queued)
    path = f"/v1/review/items/{item}"
    view = queued.get("kim", path)
    label = view["labels"][0]["label"]
    queued.decide("kim", item, "accept", label)
    stale = {"version": view["version"], "action": "reject", "label": label}
    answer = queued.ask("kim", "POST", f"{path}/decisions", stale)
    assert answer.status_code == 409
    said = answer.json()
    assert (said["person"], said["item"], said["title"]) == ("kim", item, "Conflict")
    assert said["detail"].startswith("You changed it at ")
    other = queued.ask("lee", "POST", f"{path}/decisions", stale)
    assert other.status_code == 409
    assert other.json()["detail"].startswith("kim has had this document open since ")
    assert queued.get("kim", path)["labels"][0]["mark"] == "accepted"


def test_undo_and_comments(queued: People) -> None:
    item = plain_item(queued)
    path = f"/v1/review/items/{item}"
    label = queued.get("kim", path)["labels"][0]["label"]
    view = queued.decide("kim", item, "reject", label)
    back = queued.post("kim", f"{path}/undo", {"version": view["version"]})
    assert back["labels"][0]["mark"] == "undecided"
    said = queued.post("kim", f"{path}/comments", {"text": "Half of it is about cider."})
    assert said["version"] == back["version"]
    assert [each["action"] for each in said["entries"]][-3:] == ["reject", "undo", "comment"]


def test_a_decision_that_cannot_be_is_refused(queued: People) -> None:
    item = plain_item(queued)
    path = f"/v1/review/items/{item}"
    unknown = {"version": 0, "action": "accept", "label": "no such label"}
    answer = queued.ask("kim", "POST", f"{path}/decisions", unknown)
    assert (answer.status_code, "no such label" in answer.json()["detail"]) == (422, True)
    answer = queued.ask("kim", "POST", f"{path}/submit", {"version": 0})
    assert answer.status_code == 422
    assert "undecided" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "detail"),
    [
        ("GET", "items/999", None, "there is no document 999 in review."),
        *(
            ("POST", f"items/999/{each}", body, "there is no document 999 in review.")
            for each, body in {
                "decisions": {"version": 0, "action": "none_fits"},
                "undo": {"version": 0},
                "comments": {"text": "Why?"},
                "submit": {"version": 0},
                "set-aside": {"version": 0},
                "reopen": {"version": 0},
                "settle": {"version": 0},
            }.items()
        ),
        ("GET", "queue?after=999", None, "there is no document 999 in review."),
        ("GET", "queue?label=zz", None, "no label has the code 'zz'."),
        ("GET", "queue?label=%00", None, "no label has the code '\\x00'."),
        ("GET", "log?item=999", None, "there is no document 999 in review."),
        ("GET", "log?item=999&after=5", None, "there is no document 999 in review."),
        ("GET", "evidence/bees", None, "there is no word 'bees' in review."),
        (
            "POST",
            "evidence/bees",
            {"action": "reject", "items": [{"item": 1, "version": 0}]},
            "there is no word 'bees' in review.",
        ),
        ("POST", "groups/g1/undo", None, "there are no decisions 'g1' of yours to undo."),
        ("GET", "use?label=zz", None, "No label has the code 'zz'."),
        ("GET", "?model=other", None, "No model is called 'other'; there are sample."),
    ],
)
def test_what_does_not_exist_is_not_found(
    queued: People, method: str, path: str, body: object, detail: str
) -> None:
    answer = queued.ask("root", method, f"/v1/review/{path}".replace("/?", "?"), body)
    assert (answer.status_code, answer.json()["detail"]) == (404, detail)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("act", ["decisions", "undo", "submit", "set-aside", "reopen", "settle"])
def test_a_version_that_never_was_is_nobodys_doing(queued: People, act: str) -> None:
    """Nobody was quicker: the number was never that of a version."""
    item, other = (each["item"] for each in queued.get("root", "/v1/review/queue")["items"][:2])
    queued.decide("root", other, "none_fits")
    foreign = queued.get("root", f"/v1/review/items/{other}")["version"]
    for version in (foreign, 99_999):
        body = {"version": version}
        if act == "decisions":
            body["action"] = "none_fits"
        answer = queued.ask("root", "POST", f"/v1/review/items/{item}/{act}", body)
        assert answer.status_code == 422
        assert answer.json()["detail"] == (
            f"your reading of document {item} never had the version {version:,}; read the "
            "document, and give the one that it has."
        )


def test_a_policy_that_never_was_is_nobodys_doing(people: People) -> None:
    body = {"version": 99_999, "targets": {}}
    answer = people.ask("root", "PUT", "/v1/acceptance", body)
    said = "there never was a policy 99,999; none is in force: give 0."
    assert (answer.status_code, answer.json()["detail"]) == (422, said)
    first = people.ask("root", "PUT", "/v1/acceptance", {"version": 0, "targets": {}})
    number = first.json()["in_force"]["number"]
    answer = people.ask("root", "PUT", "/v1/acceptance", body)
    said = f"there never was a policy 99,999; the one in force is {number}."
    assert (answer.status_code, answer.json()["detail"]) == (422, said)
    again = people.ask("root", "PUT", "/v1/acceptance", {"version": 0, "targets": {}})
    assert again.status_code == 409  # another one was put in force meanwhile


def test_a_second_reading_sees_the_first_and_settles(people: People) -> None:
    people.archive.review.add(
        [people.archive.document("Twice", {"nature": 0.9, "farming": 0.8})],
        options=EnqueueOptions(second_share=1, blind_share=0),
    )
    accept_all(people, "kim", 1)
    assert people.submit("kim", 1)["item"]["state"] == "annotated"
    view = people.get("mia", "/v1/review/items/1")
    assert [each["person"] for each in view["readings"]] == ["kim"]
    people.decide("mia", 1, "none_fits")
    assert people.submit("mia", 1)["item"]["state"] == "disputed"
    settled = people.post("root", "/v1/review/items/1/settle", {"version": 0, "take": "mia"})
    assert (settled["item"]["state"], settled["item"]["settled"]) == ("done", [])
    agreement = people.get("kim", "/v1/review/agreement")
    assert (agreement["agreement"]["documents"], agreement["agreement"]["equal"]) == (1, 0)


def test_a_file_is_queued_and_its_progress_told(people: People) -> None:
    lines = "".join(
        json.dumps({"id": f"x{n}", "text": f"{TEXTS[0]} {n}"}) + "\n" for n in range(20)
    )
    headers = {"Authorization": f"Bearer {people.tokens['kim']}"}
    answer = people.client.post(
        "/v1/review/file?name=some.jsonl", content=lines.encode(), headers=headers | OCTETS
    )
    assert answer.status_code == 200
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert found == [
        {"done": 16, "of": 20, "added": 16, "known": 0, "filed": 0},
        {"done": 20, "of": 20, "added": 20, "known": 0, "filed": 0},
    ]


OCTETS = {"Content-Type": "application/octet-stream"}


def test_what_is_not_reached_in_time_is_told(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.serve.routes.review_documents._SHARE_OF_TIME", 0.0)
    documents = [f"{TEXTS[1]} {n}" for n in range(40)]
    found = people.post("kim", "/v1/review/documents", {"documents": documents})
    assert found == {"added": 16, "known": 0, "filed": 0, "left": 24}


def test_sessions_need_their_csrf_token(people: People) -> None:
    bearer = {"Authorization": f"Bearer {people.tokens['kim']}"}
    session = people.client.post("/v1/session", headers=bearer).json()
    assert session["review"] is True
    body = {"documents": [TEXTS[0]]}
    refused = people.client.post("/v1/review/documents", json=body)
    assert refused.status_code == 403
    headers = {"X-CSRF-Token": session["csrf_token"]}
    assert people.client.post("/v1/review/documents", json=body, headers=headers).status_code == 200


def test_without_a_database_there_is_nothing_to_review(model: Path) -> None:
    with client_of(model) as client:
        answer = client.get("/v1/review")
        assert answer.status_code == 403
        assert answer.json()["detail"] == (
            "This server keeps no documents to review; whoever runs it can say where (--database)."
        )
        assert client.get("/v1/session").json()["review"] is False


def test_of_several_models_each_has_its_own_documents(model: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "both.db")
    with client_of(f"a={model}", f"b={model}", database=place) as client:
        body = {"documents": [TEXTS[0]]}
        assert client.post("/v1/review/documents?model=b", json=body).json()["added"] == 1
        assert client.get("/v1/review").json()["total"] == 0
        assert client.get("/v1/review?model=b").json()["total"] == 1
        assert client.get("/v1/review/items/1").status_code == 404
        assert client.get("/v1/review?model=c").status_code == 404


@pytest.mark.slow
def test_two_processes_work_on_one_database(model: Path, tmp_path: Path) -> None:
    import httpx

    options = ("--workers", "2", "--database", tmp_path / "review.db")
    with running(tmp_path / "log", f"sample={model}", *options) as server:
        url = f"{server.url}/v1/review"
        for number in range(12):  # each connection may reach the other process
            body = {"documents": [{"id": str(number), "text": f"{TEXTS[0]} {number}"}]}
            assert httpx.post(f"{url}/documents", json=body, timeout=60).json()["added"] == 1
        version = 0
        for _ in range(6):
            view = httpx.get(f"{url}/items/1", timeout=60).json()
            assert view["version"] == version
            said = {"version": version, "action": "none_fits"}
            view = httpx.post(f"{url}/items/1/decisions", json=said, timeout=60).json()
            version = view["version"]
        assert httpx.get(url, timeout=60).json()["total"] == 12
        assert "honey" not in server.log


def test_nothing_of_texts_stands_in_the_log(
    queued: People, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    item = plain_item(queued)
    queued.post("kim", f"/v1/review/items/{item}/comments", {"text": "a secret remark"})
    queued.ask("kim", "POST", f"/v1/review/items/{item}/decisions", {"version": 9, "action": "up"})
    said = caplog.text
    assert "/v1/review/items/{item}/comments" in said
    assert not [word for word in ("secret", "swarm", "washer", "ferry") if word in said]

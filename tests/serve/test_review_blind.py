"""Documents that are read blind: no route tells their reader what the model said too early.

All routes that read are asked, those of the OpenAPI document, and their answers searched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnn.review import EnqueueOptions, Terms
from support.review_clients import People, people_at

SCORES = {"nature": 0.918273, "farming": 0.827364, "beekeeping": 0.736455}
"""Found nowhere else."""
BLIND = EnqueueOptions(blind_share=1, second_share=0)
OTHER = frozenset({"/v1/taxonomy", "/v1/label", "/v1/model", "/v1/models"})
"""Routes that say what there is of labels, whatever documents there are."""


@pytest.fixture
def people(model: Path, tmp_path: Path) -> Iterator[People]:
    with people_at(model, tmp_path) as found:
        yield found


def answers(people: People, who: str, item: int) -> dict[str, str]:
    """Return what all routes that read answer somebody, by their paths."""
    paths = people.client.get("/openapi.json").json()["paths"]
    found = {}
    for path, operations in paths.items():
        if "get" not in operations or path in OTHER:
            continue
        for query in ("?claim=false", "?state=open&claim=false", "?order=value&claim=false"):
            asked = path.replace("{item}", str(item)).replace("{key}", "x") + query
            found[asked] = people.ask(who, "GET", asked).text
    return found


def naming(people: People, who: str, title: str) -> list[str]:
    """Return the routes that name a document where they are asked for a label of it."""
    paths = people.client.get("/openapi.json").json()["paths"]
    reads = [path for path, each in paths.items() if "get" in each and "{" not in path]
    asked = [f"{path}?label=beekeeping" for path in reads]
    return [path for path in asked if title in people.ask(who, "GET", path).text]


def leaks(found: dict[str, str]) -> list[str]:
    said = [*map(str, SCORES.values()), *SCORES]
    return [f"{path} says {each}" for path, text in found.items() for each in said if each in text]


def test_no_route_tells_what_the_model_said(people: People) -> None:
    document = people.archive.document("Untold", SCORES)
    (item,) = people.archive.review.add([document], person="kim", options=BLIND).added
    for who in ("kim", "mia", "root"):  # kim has queued it
        assert leaks(answers(people, who, item)) == []
    assert naming(people, "kim", "Untold") == []
    view = people.get("kim", f"/v1/review/items/{item}")
    assert (view["blind"], view["hidden"]) == (True, True)
    assert (view["labels"], view["undecided"]) == ([], [])
    (queued,) = people.get("kim", "/v1/review/queue")["items"]
    assert (queued["hint"], queued["doubt"], queued["value"]) == ("", None, None)


def test_what_others_said_is_not_told_either(people: People) -> None:
    document = people.archive.document("Untold", SCORES)
    twice = EnqueueOptions(blind_share=1, second_share=1)
    (item,) = people.archive.review.add([document], options=twice).added
    people.decide("kim", item, "add", "vegetables")
    people.post("kim", f"/v1/review/items/{item}/comments", {"text": "vegetables for sure"})
    people.submit("kim", item)
    found = answers(people, "mia", item)
    assert leaks(found) == []
    assert [path for path, text in found.items() if "vegetables" in text] == []
    assert "vegetables" in people.ask("kim", "GET", f"/v1/review/items/{item}").text


def test_what_the_reader_decides_is_told_without_what_the_model_says(people: People) -> None:
    document = people.archive.document("Untold", SCORES)
    (item,) = people.archive.review.add([document], options=BLIND).added
    view = people.decide("kim", item, "add", "beekeeping")
    assert {*SCORES} <= {each["label"] for each in view["labels"]}
    assert {each["score"] for each in view["labels"]} == {None}
    assert not any(each["words"] or each["runners_up"] for each in view["labels"])
    assert not any(each["shown"] or each["threshold"] for each in view["labels"])
    done = people.submit("kim", item)["item"]
    assert {*SCORES.values()} <= {each["score"] for each in done["labels"]}


def test_an_audit_is_blind_in_acceptance_too(people: People) -> None:
    people.archive.put(Terms(targets={1: 0.9}, audit_share=1))
    sure = {"nature": 0.998877}
    (item,) = people.archive.file([people.archive.document("Filed", sure)])
    found = answers(people, "root", item)
    assert any(path.startswith("/v1/acceptance/audit") for path in found)
    assert [path for path, text in found.items() if "0.998877" in text or "nature" in text] == []
    (row,) = people.get("root", "/v1/acceptance/audit")["audited"]
    assert (row["verdict"], row["labels"], row["score"]) == ("waiting", [], None)
    people.decide("kim", item, "add", "nature")
    people.submit("kim", item)
    (row,) = people.get("root", "/v1/acceptance/audit")["audited"]
    assert (row["verdict"], row["labels"], row["score"]) == ("right", ["Nature"], 0.998877)


def test_the_place_in_the_queue_says_nothing(people: People) -> None:
    """Blind documents stand where a lot puts them, however much the model doubts."""
    plain = EnqueueOptions(blind_share=0, second_share=0)
    some = [people.archive.document(f"Shown {n}", SCORES) for n in range(8)]
    people.archive.review.add(some, options=plain)
    for doubt in (0.0, 99.0):
        document: Any = people.archive.document(f"Blind {doubt}", SCORES)
        object.__setattr__(document, "doubt", doubt)
        people.archive.review.add([document], options=BLIND)
    order = [each["title"] for each in people.get("kim", "/v1/review/queue")["items"]]
    assert json.dumps(order).count("Blind") == 2
    assert {order[0], order[-1]} != {"Blind 99.0", "Blind 0.0"}

"""Automatic acceptance over HTTP: curves, policies, previews, audits, files that change."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.acceptance import load_acceptance, save_acceptance
from harnn.bundle import change_decoding, fingerprint
from harnn.cli import run
from harnn.errors import ConfigError, InputError
from harnn.review import Database, Terms
from harnn.serve import ModelPlace, ServeSettings, Service
from harnn.serve.logs import LOG
from harnn.taxonomy import Taxonomy
from support.acceptances import made_acceptance
from support.review_clients import TEXTS, People, people_at

SURE = {"nature": 0.999, "farming": 0.998, "beekeeping": 0.997}
POLICY: dict[str, Any] = {"targets": {"1": 0.95, "2": 0.9}, "audit_share": 0.5, "version": 0}


@pytest.fixture
def people(model: Path, tmp_path: Path) -> Iterator[People]:
    with people_at(model, tmp_path) as found:
        yield found


def put(people: People, who: str = "root", **changed: Any) -> Any:
    return people.ask(who, "PUT", "/v1/acceptance", POLICY | changed)


def test_without_a_policy_there_are_curves_and_nothing_is_accepted(people: People) -> None:
    found = people.get("kim", "/v1/acceptance")
    assert (found["why"], found["in_force"], found["may_change"]) == ("", None, False)
    assert [each["state"] for each in found["levels"]] == ["no target"] * 3
    assert found["outcome"] == {"filed": [0, 0, 0], "waiting": 1000, "wrong": 0, "audited": 0}
    shares = [each["share"] for each in found["levels"][0]["curve"]]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) <= 100


def test_a_policy_is_put_in_force_by_an_administrator(people: People) -> None:
    answer = put(people)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["in_force"]["person"], found["terms"]["targets"]) == (
        "root",
        {"1": 0.95, "2": 0.9},
    )
    top = found["levels"][0]
    assert top["state"] == "open"
    assert top["accepted"]["precision"]["low"] >= 0.95
    assert top["sentence"].startswith("Right ")
    (entry,) = people.get("mia", "/v1/review/log")["entries"]
    assert (entry["action"], entry["person"]) == ("policy", "root")


def test_two_administrators_do_not_overwrite_each_other(people: People) -> None:
    put(people)
    answer = put(people)
    assert answer.status_code == 409
    said = answer.json()
    assert (said["person"], said["item"]) == ("root", 0)
    assert said["detail"].startswith("root put another policy in force at ")
    number = people.get("root", "/v1/acceptance")["in_force"]["number"]
    assert put(people, version=number, targets={}).status_code == 200


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"targets": {"1": 1.5}}, "body.targets.1: Input should be less than 1"),
        ({"targets": {"7": 0.9}}, "there is no level 7. The taxonomy has 3 levels; 1 is the top."),
        ({"targets": {"x": 0.9}}, "body.targets.x.[key]: Input should be a valid integer"),
        ({"audit_share": 0}, "body.audit_share: Input should be greater than or equal to 0.01"),
    ],
)
def test_terms_that_cannot_be_are_refused(
    people: People, changed: dict[str, Any], detail: str
) -> None:
    answer = put(people, **changed)
    assert (answer.status_code, answer.json()["detail"].startswith(detail)) == (422, True)
    assert people.get("kim", "/v1/acceptance")["in_force"] is None


def test_a_preview_changes_nothing(people: People) -> None:
    body = {"targets": {"1": 0.98, "2": 0.95, "3": 0.9}, "audit_share": 0.1}
    found = people.post("kim", "/v1/acceptance/preview", body)
    outcome = found["outcome"]
    filed = sum(outcome["filed"])
    assert 0 < filed < 1_000
    assert outcome["waiting"] == 1_000 - filed
    assert outcome["audited"] == round(filed / 10)
    assert [each["target"] for each in found["levels"]] == [0.98, 0.95, 0.9]
    assert people.get("kim", "/v1/acceptance")["in_force"] is None


def test_documents_are_filed_on_their_way_into_the_queue(people: People) -> None:
    """With targets that every answer keeps all are filed, and those below wait."""
    put(people, targets={"1": 0.5}, audit_share=1)
    documents = [f"{TEXTS[0]} {n}" for n in range(5)]
    found = people.post("kim", "/v1/review/documents", {"documents": documents})
    assert found["filed"] + found["known"] <= 5
    assert found["added"] == 5  # all are drawn, or wait
    audit = people.get("kim", "/v1/acceptance")["audit"][0]
    assert (audit["accepted"], audit["drawn"]) == (found["filed"], found["filed"])
    again = people.post("kim", "/v1/review/documents", {"documents": documents})
    assert again == {"added": 0, "known": 5, "filed": 0, "left": 0}


def test_what_was_filed_is_told_but_what_is_audited_is_not(people: People) -> None:
    archive = people.archive
    archive.put(Terms(targets={1: 0.9, 2: 0.9}, audit_share=0.3))
    drawn = archive.file([archive.document(f"Filed {n}", SURE) for n in range(30)])
    assert 0 < len(drawn) < 30
    first = people.get("root", "/v1/acceptance/filed", limit=10)
    rest = people.get("root", "/v1/acceptance/filed", after=first["next"])
    found = first["filed"] + rest["filed"]
    titles = {people.get("kim", f"/v1/review/items/{n}")["id"] for n in drawn}
    assert len(found) == 30 - len(drawn)
    assert not titles & {each["id"] for each in found}
    assert (found[0]["level"], found[0]["labels"]) == (2, {"nature": 0.999, "farming": 0.998})
    assert rest["next"] is None


def test_audits_are_counted_and_pause_a_level(people: People) -> None:
    archive = people.archive
    archive.put(Terms(targets={1: 0.9, 2: 0.9, 3: 0.8}, audit_share=1))
    items = archive.file([archive.document(f"Filed {n}", SURE) for n in range(60)])
    archive.read(items[:40], "beekeeping")
    archive.read(items[40:58], "vegetables")
    people.decide("kim", items[58], "add", "vegetables")
    people.submit("kim", items[58])
    people.decide("kim", items[59], "add", "vegetables")
    assert people.submit("kim", items[59])["item"]["audit"]
    found = people.get("root", "/v1/acceptance")
    assert found["in_force"]["paused"] == [3]
    assert found["in_force"]["person"] == ""
    deepest = found["audit"][2]
    assert (deepest["right"], deepest["wrong"], deepest["verdict"]) == (40, 20, "paused")
    assert deepest["sentence"] == "Right 66.7% ± 11.6, from 60 audited"
    assert deepest["warning"].startswith("Level 3 is below its target. 20 of 60 audited were wrong")
    assert deepest["course"][-1]["precision"]["count"] == 60
    none = people.ask("kim", "GET", "/v1/acceptance/audit?level=4")
    assert none.status_code == 404
    assert none.json()["detail"] == "There is no level 4, expected 1 to 3."
    wrong = people.get("kim", "/v1/acceptance/audit", level=3, verdict="wrong", limit=5)
    assert (wrong["total"], len(wrong["audited"])) == (20, 5)
    first = wrong["audited"][0]
    assert (first["labels"], first["score"], first["found"]) == (
        ["Beekeeping"],
        0.997,
        ["Vegetables"],
    )
    number = found["in_force"]["number"]
    targets = {"1": 0.9, "2": 0.9, "3": 0.8}
    kept = put(people, version=number, targets=targets).json()
    assert kept["in_force"]["paused"] == [3]
    number = kept["in_force"]["number"]
    resumed = put(people, version=number, targets=targets, resume=[3]).json()
    assert (resumed["in_force"]["paused"], resumed["audit"][2]["drawn"]) == ([], 0)


def test_an_acceptance_of_another_model_accepts_nothing(people: People, tmp_path: Path) -> None:
    put(people, targets={"1": 0.5})
    place = tmp_path / "acceptance.json"
    save_acceptance(replace(load_acceptance(place), model_hash="f" * 64), place)
    found = people.get("root", "/v1/acceptance")
    assert found["why"].startswith("the acceptance is of the model ffffffffffff, this is ")
    assert (found["levels"], found["in_force"]) == ([], None)
    assert put(people).status_code == 409
    assert people.ask("kim", "GET", "/v1/acceptance/audit").status_code == 409
    queued = people.post("kim", "/v1/review/documents", {"documents": [TEXTS[0]]})
    assert (queued["added"], queued["filed"]) == (1, 0)


def test_a_file_that_cannot_be_read_changes_nothing(
    people: People, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "acceptance.json").write_text("[]", "utf-8")
    assert people.get("root", "/v1/acceptance")["why"] == ""
    assert "The targets stay what they were: " in caplog.text


def test_settings_are_checked_before_models_are_loaded(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Database.close
    broken = tmp_path / "broken.json"
    broken.write_text("{}", "utf-8")
    place = ModelPlace.parse(f"sample={model}")
    settings = ServeSettings(models=(place,), acceptance=(f"other={broken}", "absent.json"))
    with pytest.raises(ConfigError) as caught:
        settings.check()
    assert [str(each) for each in caught.value.problems] == [
        f"--acceptance: got 'other={broken}', whose name is no model; there are sample.",
        "--acceptance: needs a database, which keeps what is accepted. Give --database FILE.",
        "absent.json: cannot be read: No such file or directory.",
    ]
    given = ServeSettings(models=(place,), acceptance=(str(broken),), database=str(tmp_path / "d"))
    closed: list[str] = []

    def closing(database: Database) -> None:
        closed.append(database.shown)
        close(database)

    monkeypatch.setattr(Database, "close", closing)
    with pytest.raises(InputError, match=r"broken\.json: is no acceptance, or damaged"):
        Service(given)
    assert closed == [str(tmp_path / "d")]


def test_no_server_starts_with_the_acceptance_of_another_model(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taxonomy, known = harnn.load_bundle(model).taxonomy, fingerprint(model)
    other, small = tmp_path / "other.json", tmp_path / "small.json"
    save_acceptance(made_acceptance(taxonomy, "0" * 64), other)
    shrunk = made_acceptance(Taxonomy.from_edges([("a", "ROOT"), ("b", "a"), ("c", "b")]), known)
    save_acceptance(shrunk, small)
    command = ["serve", f"a={model}", f"b={model}", "--port", "0", "--database"]
    command += [str(tmp_path / "kept.db"), "--acceptance", str(other)]
    assert run([*command, "--acceptance", f"b={small}"]) == 2
    assert capsys.readouterr().err == (
        "Error: 2 problems in the configuration:\n"
        f"  {other}: the acceptance is of the model 000000000000, this is {known[:12]}. Make one "
        "for it with harnn acceptance.\n"
        f"  {small}: the acceptance is of the taxonomy {shrunk.taxonomy_hash[:12]}, this is "
        f"{taxonomy.version[:12]}. Make one for it with harnn acceptance.\n"
    )
    assert not (tmp_path / "kept.db").exists()


def test_a_model_that_is_replaced_leaves_its_acceptance(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place, file = tmp_path / "model", tmp_path / "acceptance.json"
    shutil.copytree(model, place)
    before = fingerprint(place)
    save_acceptance(made_acceptance(harnn.load_bundle(place).taxonomy, before), file)
    settings = ServeSettings(
        models=(ModelPlace("m", place),),
        database=str(tmp_path / "kept.db"),
        acceptance=(str(file),),
    )
    service = Service(settings)
    change_decoding(place, threshold=0.9)
    with caplog.at_level("WARNING", logger=LOG.name):
        asyncio.run(service.reload("m"))
    service.close()
    (said,) = caplog.messages
    assert said == (
        f"m: nothing is accepted any more: {file}: the acceptance is of the model {before[:12]}, "
        f"this is {fingerprint(place)[:12]}. Make one for it with harnn acceptance."
    )

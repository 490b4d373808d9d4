"""``harnn review``."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harnn.bundle import load_bundle
from harnn.cli import run
from harnn.review import Database, Review
from support.served import SMALL

DOCUMENTS: list[dict[str, object]] = [
    {"id": "1", "text": {"title": "Taps", "body": "We fit a new washer to the dripping tap."}},
    {"id": "2", "text": "The swarm settled in the hive and the bees brought willow pollen."},
    {"id": "3", "text": ""},
]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in DOCUMENTS), encoding="utf-8")
    return path


@pytest.fixture
def database(tmp_path: Path, documents: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """With three documents, of which one is done."""
    place = tmp_path / "review.db"
    command = ["review", "add", f"small={SMALL}", str(documents), "--database", str(place)]
    assert run([*command, "--blind", "0", "--second", "0"]) == 0
    assert "3 documents of small put into review." in capsys.readouterr().err
    database = Database.open(place)
    review = Review.of(database, "small")
    version = review.decide(1, "ann", "annotate", 0, "none_fits").version
    review.submit(1, "ann", "annotate", version)
    database.close()
    return place


def test_documents_are_added_once(
    database: Path, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["review", "add", f"small={SMALL}", str(documents), "--database", str(database)]
    assert run(command) == 0
    err = capsys.readouterr().err
    assert "0 documents of small put into review; 3 were there already." in err


def test_how_far_it_is_where_nothing_can_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.cli.review._SECONDS_BETWEEN_LINES", 0)
    lines = tmp_path / "new.jsonl"
    lines.write_text("".join(json.dumps(each) + "\n" for each in DOCUMENTS), encoding="utf-8")
    table = tmp_path / "new.csv"
    table.write_text("id,text\n1,bees\n2,taps\n", encoding="utf-8")
    for path, said in (
        (lines, [f"{n} of 3 documents scored" for n in (1, 2, 3)]),
        (lines, ["3 of 3 documents scored"]),  # which are known
        (table, [f"{n} documents scored" for n in (1, 2)]),
    ):
        database = str(tmp_path / "review.db")
        assert run(["review", "add", str(SMALL), str(path), "--database", database]) == 0
        assert capsys.readouterr().err.splitlines()[:-1] == said


def test_status(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", "status", str(database)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["small: 3 documents in review", "        2 open"]
    assert lines[5:8] == [
        "        1 done",
        "        0 of these as the model said",
        "        1 of these with no label that fits",
    ]
    assert run(["review", "status", str(database), "--model", "smal"]) == 2
    assert capsys.readouterr().err == (
        "Error: --model: there are no documents in review for 'smal'; there are some for small. "
        "Did you mean 'small'?\n"
    )


def test_export(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "train.jsonl"
    assert run(["review", "export", str(database), "-o", str(output), "--all"]) == 0
    (row,) = map(json.loads, output.read_text("utf-8").splitlines())
    assert row == DOCUMENTS[0] | {"labels": []}
    expected = "1 document with the labels that people settled, with those that were corrected."
    assert capsys.readouterr().err == f"{expected}\nThe documents are in {output}.\n"
    later = ["review", "export", str(database), "-o", str(output), "--since", "2999-01-01"]
    assert run(later) == 0
    assert output.read_text("utf-8") == ""
    assert run(["review", "export", str(database), "-o", str(database)]) == 2


def test_verify(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", "verify", str(database)]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines()[0] == "5 entries, all as they were written."
    assert run(["review", "verify", str(database), "--head", out.strip()]) == 0
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM review_entry WHERE number IN (2, 4)")
        connection.commit()
    capsys.readouterr()
    assert run(["review", "verify", str(database)]) == 2
    assert capsys.readouterr().err.splitlines()[:3] == [
        "Error: 4 problems in the database:",
        "  entry 2: is missing.",
        "  entry 4: is missing.",
    ]


def test_the_log_is_json_lines(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", "log", str(database)]) == 0
    rows = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [row["action"] for row in rows] == [*["enqueue"] * 3, "none_fits", "submit"]
    assert all(len(row["hash"]) == 64 for row in rows)
    assert "washer" not in json.dumps(rows)
    assert run(["review", "log", str(database), "--after", "3", "--item", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_figures_of_nothing(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", "agreement", str(database)]) == 0
    assert run(["review", "anchoring", str(database)]) == 0
    out, err = capsys.readouterr()
    assert err == "Nobody has read a document a second time yet.\n"
    assert out.splitlines()[0].startswith("Answer shown: 0 of 1 document with the model's labels")


def test_figures_of_two_readers(
    tmp_path: Path, documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "two.db"
    command = ["review", "add", f"small={SMALL}", str(documents), "--database", str(place)]
    assert run([*command, "--blind", "0", "--second", "1"]) == 0
    database = Database.open(place)
    review = Review.of(database, "small")
    label = load_bundle(SMALL).taxonomy.codes[0]
    version = review.decide(3, "ann", "annotate", 0, "none_fits").version
    version = review.decide(3, "ann", "annotate", version, "add", label).version
    review.submit(3, "ann", "annotate", version)
    view = review.decide(3, "bob", "review", 0, "none_fits")
    review.submit(3, "bob", "review", view.version)
    database.close()
    capsys.readouterr()
    assert run(["review", "agreement", str(place)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "0 of 1 document with the same labels in both readings: 0.0% (95% interval 0.0 to 79.3)"
    )
    assert any("first alone" in line for line in lines)


def test_a_new_taxonomy(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taxonomy = tmp_path / "new.tsv"
    taxonomy.write_text("something\tROOT\n", encoding="utf-8")
    command = ["review", "retire", str(database), "--taxonomy", str(taxonomy)]
    assert run(command) == 0
    assert "2 documents queued again." in capsys.readouterr().err
    assert run(["review", "retire", str(database), "--taxonomy", str(SMALL)]) == 0
    assert capsys.readouterr().err == ("No label in use is retired; 0 documents queued again.\n")


def test_nothing_in_review(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "empty.db"
    Database.open(place).close()
    for command in ("status", "verify", "agreement", "anchoring", "log"):
        assert run(["review", command, str(place)]) == 2
        assert capsys.readouterr().err == "Error: There are no documents in review yet.\n"
    assert run(["review", "status", str(tmp_path / "no.db")]) == 2
    expected = f"Error: {tmp_path / 'no.db'}: cannot be read: there is no such file.\n"
    assert capsys.readouterr().err == expected


def test_what_cannot_be_added(
    documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere" / "review.db"
    assert run(["review", "add", str(SMALL), str(documents), "--database", str(nowhere)]) == 2
    expected = f"Error: {nowhere}: cannot be written: its directory does not exist.\n"
    assert capsys.readouterr().err == expected
    place = tmp_path / "review.db"
    documents.write_text("{", encoding="utf-8")
    assert run(["review", "add", str(SMALL), str(documents), "--database", str(place)]) == 2
    assert "new.jsonl:1" in capsys.readouterr().err


@pytest.mark.parametrize("in_use", [False, True])
def test_what_only_reads_needs_no_right_to_write(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_use: bool
) -> None:
    monkeypatch.setattr("harnn.review.database._may_be_written", lambda url: False)
    server = Database.open(database) if in_use else None
    home = database.parent
    output = str(tmp_path / "out.jsonl")
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    place = str(database)
    for command in (["status"], ["agreement"], ["anchoring"], ["log"], ["verify"]):
        assert run(["review", *command, place]) == 0, command
    assert run(["review", "export", place, "-o", output]) == 0
    assert before.items() <= {path.name: path.read_bytes() for path in home.iterdir()}.items()
    assert {path.name for path in home.iterdir()} - {*before} == {"out.jsonl"}
    if server is not None:
        server.close()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_only_be_read(database: Path) -> None:
    database.chmod(0o400)
    database.parent.chmod(0o500)
    try:
        assert run(["review", "status", str(database)]) == 0
    finally:
        database.parent.chmod(0o700)

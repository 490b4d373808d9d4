"""``harnn corrections``."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.review import Corrections, ModelState
from support.corrections import MODEL, correction
from support.reviews import opened, prepared
from support.served import SMALL


@pytest.fixture
def database(tmp_path: Path) -> Path:
    place = tmp_path / "kept.db"
    with Corrections.open(place) as corrections:
        corrections.add([correction("one", "a"), correction("two", "b", name="7")])
        corrections.add([correction("one", "c", "d")])
    return place


def test_documents_are_written_with_the_labels_given_last(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "train.jsonl"
    assert run(["corrections", str(database), "-o", str(output)]) == 0
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert rows[0] == {"id": "7", "text": "two", "labels": ["b"]}
    assert (rows[1]["text"], rows[1]["labels"]) == ("one", ["c", "d"])
    assert capsys.readouterr().err == (
        "2 documents with the labels given last, of 3 corrections for sample.\n"
        f"The documents are in {output}.\n"
    )


def test_the_database_may_be_named_by_the_environment(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNN_DATABASE", str(database))
    assert run(["corrections", "-o", str(tmp_path / "train.tsv")]) == 0


def test_models_are_told_apart(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ModelState("other", MODEL.hash, MODEL.taxonomy_hash)
    with Corrections.open(database) as corrections:
        corrections.add([dataclasses.replace(correction("three"), model=other)])
    output = tmp_path / "train.jsonl"
    command = ["corrections", str(database), "-o", str(output)]
    assert run(command) == 2
    assert run([*command, "--model", "othr"]) == 2
    assert not output.exists()
    assert capsys.readouterr().err == (
        "Error: there are corrections for 2 models, whose labels may differ: other, sample. "
        "Choose one with --model.\n"
        "Error: --model: there are no corrections for 'othr'; there are some for other, sample. "
        "Did you mean 'other'?\n"
    )
    assert run([*command, "--model", "other"]) == 0
    assert len(output.read_text("utf-8").splitlines()) == 1


def test_a_server_opens_its_database_before_it_loads_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.serve.run.Service", None)
    database = tmp_path / "nowhere" / "kept.db"
    command = ["serve", str(SMALL), "--port", "0", "--database", str(database)]
    for more in ([], ["--workers", "2"]):
        assert run([*command, *more]) == 2
        expected = f"Error: {database}: cannot be written: its directory does not exist.\n"
        assert capsys.readouterr().err == expected


def test_what_cannot_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, output = tmp_path / "kept.db", tmp_path / "train.jsonl"
    Corrections.open(empty).close()
    assert run(["corrections", str(empty), "-o", str(output)]) == 2
    assert run(["corrections", str(tmp_path / "no.db"), "-o", str(output)]) == 2
    assert run(["corrections", str(empty), "-o", str(tmp_path / "train.txt")]) == 2
    assert run(["corrections", str(empty), "-o", str(empty)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        "Error: There are no corrections yet.",
        f"Error: {tmp_path / 'no.db'}: cannot be read: there is no such file.",
    ]
    assert len(lines) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.db"]


def test_documents_in_review_are_exported_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "review.db"
    with opened(place) as review:
        review.add([prepared()])
    assert run(["corrections", str(place), "-o", str(tmp_path / "train.jsonl")]) == 2
    assert capsys.readouterr().err == (
        f"Error: {place}: holds documents in review, and no corrections of others. Write what "
        "people settled with harnn review export.\n"
    )


def test_a_database_that_may_only_be_read(
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("harnn.review.database._may_be_written", lambda url: False)
    output, before = tmp_path / "train.jsonl", database.read_bytes()
    assert run(["corrections", str(database), "-o", str(output)]) == 0
    assert len(output.read_text("utf-8").splitlines()) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"kept.db", "train.jsonl"}
    assert database.read_bytes() == before
    capsys.readouterr()
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE harnn_schema SET version_num = '0001'")
    connection.close()
    assert run(["corrections", str(database), "-o", str(output)]) == 2
    assert capsys.readouterr().err == (
        f"Error: {database}: was written by an older harnn, and cannot be brought up to this "
        "version: you may only read it. Let somebody who may write it open it once, as harnn "
        "review status does.\n"
    )
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE harnn_schema SET version_num = '9999'")
    connection.close()
    assert run(["corrections", str(database), "-o", str(output)]) == 2
    assert "was written by a newer harnn" in capsys.readouterr().err

"""``harnn errors``: the list, from folds and from a model."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

import harnn
from harnn.cli import run
from harnn.data import read_documents, write_rows
from harnn.data.near_duplicates import NearDuplicates
from harnn.evaluation import find_label_errors
from harnn.evaluation.error_table import COLUMNS, Seen, error_rows
from harnn.training import cross_validate
from support.topics import FAST, TAXONOMY, TOPICS, documents

WRONG = "cat0"
"""A document about cats that is labelled as one about roses."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("errors")
    rows = [
        {"id": each.id, "text": each.full_text, "labels": list(each.labels or ())}
        for each in documents(12)
    ]
    next(row for row in rows if row["id"] == WRONG)["labels"] = ["rose"]
    write_rows(rows, home / "all.jsonl")
    cross_validate(TAXONOMY, home / "all.jsonl", FAST, folds=3, directory=home / "folds")
    (home / "taxonomy.json").write_text(TAXONOMY.to_json())
    return home


def test_a_wrong_label_is_found(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = place / "errors.jsonl"
    command = ["errors", str(place / "folds"), "-d", str(place / "all.jsonl"), "-o", str(out)]
    assert run(command) == 0
    shown = capsys.readouterr()
    found = [json.loads(line) for line in out.read_text().splitlines()]
    about = {(row["kind"], row["label"]) for row in found if row["id"] == WRONG}
    assert {("missing", "cat"), ("wrong", "plant")} <= about
    assert ("missing", "animal") not in about  # cat brings it
    row = next(row for row in found if row["id"] == WRONG)
    assert row["labels"] == ["rose"]
    assert row["source"].endswith("all.jsonl:1")
    assert row["text"].startswith(TOPICS["cat"])
    pairs = [row for row in found if row["kind"] == "near duplicate"]
    assert all(WRONG in (row["id"], row["other_id"]) for row in pairs)
    assert "--implied lists them" in shown.out
    assert "may have been trained on" not in shown.err
    errors = sum(row["kind"] != "near duplicate" for row in found)
    assert run([*command, "--implied"]) == 0
    capsys.readouterr()
    assert len(out.read_text().splitlines()) > errors + len(pairs)


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".parquet"])
def test_tables(suffix: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = place / f"errors{suffix}"
    model = ["errors", "--model", str(place / "folds" / "fold-1"), "-d", str(place / "all.jsonl")]
    assert run([*model, "-o", str(out), "--similarity", "0.5"]) == 0
    assert "The model may have been trained on these documents" in capsys.readouterr().err
    if suffix == ".parquet":
        assert tuple(parquet.read_schema(out).names) == COLUMNS
    else:
        assert out.read_text().splitlines()[0].replace("\t", ",").split(",") == list(COLUMNS)


def test_near_duplicates_with_other_labels() -> None:
    targets = TAXONOMY.hierarchy.close_sets(np.eye(6, dtype=bool)[[2, 3, 4, 2, 3, 4]])
    scores = targets.toarray().astype(np.float32)
    errors = find_label_errors(scores, targets, TAXONOMY.hierarchy, min_documents=1)
    pairs = NearDuplicates(np.array([[0, 1], [0, 3]]), np.array([0.91, 0.9]), 0)
    seen = [Seen(f"d{n}", f"f:{n}") for n in range(6)]
    rows = list(error_rows(errors, pairs.with_other_labels(targets), seen, targets, TAXONOMY))
    assert rows == [
        dict.fromkeys(COLUMNS)
        | {
            "kind": "near duplicate",
            "id": "d0",
            "labels": ["cat"],
            "other_id": "d1",
            "other_labels": ["dog"],
            "similarity": 0.91,
            "source": "f:0",
            "text": "",
        }
    ]


def test_what_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folds, out = str(place / "folds"), str(place / "none.tsv")
    data = ["-d", str(place / "all.jsonl"), "-o", out]
    other = place / "other.jsonl"
    write_rows(list(read_documents(place / "all.jsonl"))[1:], other)
    for arguments, message in (
        (data, "expected a directory of folds (harnn train --folds), or a model with --model."),
        ([folds, "--model", folds, *data], "expected a directory of folds"),
        ([str(place), *data], "no such file of out-of-fold scores."),
        ([folds, "-d", str(other), "-o", out], "document 1 is 'dog0', not 'cat0'."),
        ([folds, *data[:3], str(place / "none.html")], "unknown extension '.html'"),
        ([folds, *data, "--similarity", "0"], "--similarity: got 0, expected more than 0"),
        (["--model", f"{folds}/fold-1", "-d", "-", "-o", out], "can be read only once"),
    ):
        assert run(["errors", *arguments]) == 2
        assert message in capsys.readouterr().err
    assert not Path(out).exists()


def test_documents_from_standard_input(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With scores of folds documents are read once."""
    arguments = ["errors", str(place / "folds"), "-d"]
    assert run([*arguments, str(place / "all.jsonl"), "-o", str(place / "one.jsonl")]) == 0
    content = (place / "all.jsonl").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
    assert run([*arguments, "-", "-o", str(place / "two.jsonl")]) == 0
    one, two = (
        [json.loads(line) | {"source": ""} for line in (place / name).read_text().splitlines()]
        for name in ("one.jsonl", "two.jsonl")
    )
    assert one == two != []


def test_a_changed_label_is_looked_at_as_it_is_now(place: Path) -> None:
    """Labels come from the documents, scores from the folds."""
    rows = [
        {"id": each.id, "text": each.full_text, "labels": list(each.labels or ())}
        for each in documents(12)
    ]
    write_rows(rows, place / "mended.jsonl")
    out = place / "mended-errors.jsonl"
    arguments = [str(place / "folds"), "-d", str(place / "mended.jsonl"), "-o", str(out)]
    assert run(["errors", *arguments]) == 0
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert not [row for row in found if row["id"] == WRONG]


def test_python_alone(place: Path) -> None:
    kept = harnn.load_out_of_fold(place / "folds")
    found = harnn.find_label_errors(kept.scores.values, kept.targets, TAXONOMY.hierarchy)
    first = kept.scores.ids.index(WRONG)
    assert first in found.rows

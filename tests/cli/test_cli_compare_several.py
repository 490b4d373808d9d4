"""``harnn compare`` of several models and of files of predictions; ``predict --scores``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.config import DataConfig
from harnn.errors import DocumentError
from harnn.metrics import Resampling, holm
from harnn.prediction import ComparedSystem, compare_models, compare_systems
from harnn.sample import sample
from support.made_reports import GOLDEN

FILES = sample("en")
FAST, BLEND = GOLDEN / "fast", GOLDEN / "blend"


def call(command: str, *more: object) -> int:
    return run([command, *map(str, more), "--data", str(FILES.test)])


def test_scores_are_those_of_the_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, answers = tmp_path / "s.npz", tmp_path / "a.jsonl"
    assert call("predict", FAST, "-o", answers, "--scores", scores) == 0
    assert call("predict", FAST, "--scores", tmp_path / "t.npz") == 0
    assert capsys.readouterr().out == answers.read_text("utf-8")
    assert (tmp_path / "t.npz").read_bytes() == scores.read_bytes()
    plain = tmp_path / "plain.jsonl"
    assert call("predict", FAST, "-o", plain) == 0
    assert plain.read_bytes() == answers.read_bytes()
    found = np.load(scores)
    taxonomy = harnn.Predictor.load(FAST).taxonomy
    assert found["labels"].tolist() == list(taxonomy.codes)
    for row, line in enumerate(answers.read_text("utf-8").splitlines()):
        answer = json.loads(line)
        assert found["ids"][row] == answer["id"]
        for label in answer["labels"]:
            score = found["scores"][row, taxonomy.index[label["label"]]]
            assert score == pytest.approx(label["score"], abs=1e-6)


def test_scores_and_resume_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores = tmp_path / "a.jsonl", tmp_path / "s.npz"
    assert call("predict", FAST, "-o", out, "--scores", scores, "--resume") == 2
    assert capsys.readouterr().err == (
        "Error: --scores and --resume exclude each other: scores of answers kept before are gone.\n"
    )
    assert call("predict", FAST, "-o", out, "--scores", tmp_path / "s.npy") == 2
    assert "unknown extension '.npy', expected .npz." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_models_and_files_of_the_same_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, answers, table = (tmp_path / name for name in ("s.npz", "a.jsonl", "a.csv"))
    assert call("predict", FAST, "-o", answers, "--scores", scores, "--top-1", "never") == 0
    assert call("predict", FAST, "-o", table, "--top-1", "never") == 0
    threshold = harnn.Predictor.load(FAST).bundle.decoder.threshold
    capsys.readouterr()
    output = tmp_path / "c.json"
    systems = (BLEND, answers, table, scores)
    options = ("--json", output, "--samples", 50, "--seed", 3, "--file-threshold", threshold)
    assert call("compare", *systems, *options) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"A: {BLEND}\nB: {answers}\nC: {table}\nD: {scores}\n")
    assert (
        "adjusted (Holm) for the 6 pairs of each measure; without scores, so without AUPRC: B, C\n"
        in captured.out
    )
    note = "It holds sets of labels, no scores of all: there is no AUPRC of it."
    assert captured.err.splitlines() == [
        f"Note: {answers}: {note}",
        f"Note: {table}: {note}",
        f"Note: {scores}: Labels scored at least {threshold:g} are chosen.",
    ]
    found = json.loads(output.read_text("utf-8"))
    f1 = [{x["measure"]: x["value"] for x in system["measures"]} for system in found["systems"]]
    assert f1[1] == f1[2]
    assert {k: v for k, v in f1[3].items() if k != "auprc"} == f1[1]
    models = [harnn.Predictor.load(path) for path in (BLEND, FAST)]
    draws = Resampling(50, 3)
    alone = compare_models(models[0], models[1], FILES.test, resampling=draws)
    auprc = next(x for x in alone.measures if x.measure == "auprc")
    ours = next(p for p in found["pairs"] if (p["first"], p["second"]) == (str(BLEND), str(scores)))
    assert next(x for x in ours["measures"] if x["measure"] == "auprc")["p_value"] == auprc.p_value
    raw = [pair["measures"][0]["p_value"] for pair in found["pairs"]]
    adjusted = [pair["adjusted"]["micro_f1"] for pair in found["pairs"]]
    assert adjusted == pytest.approx(holm(raw).tolist())


def test_files_alone_need_a_taxonomy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = tmp_path / "a.jsonl"
    assert call("predict", FAST, "-o", answers) == 0
    capsys.readouterr()
    assert call("compare", answers, answers, "--samples", 10) == 2
    assert capsys.readouterr().err.startswith(
        "Error: files of predictions alone do not say what the taxonomy is. Give it with --taxonomy"
    )
    taxonomy = ("--taxonomy", FILES.taxonomy)
    assert call("compare", answers, answers, "--samples", 10, *taxonomy) == 0
    assert capsys.readouterr().out.count("+0.00 to +0.00") == 10
    assert call("compare", answers, FAST, *taxonomy) == 2
    assert "--taxonomy: a model among those compared has its own taxonomy." in (
        capsys.readouterr().err
    )
    assert call("compare", FAST, BLEND, *taxonomy) == 2
    assert call("compare", FAST) == 2
    assert "expected two or more models or files of predictions" in capsys.readouterr().err


def test_what_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pickled, wrong = tmp_path / "model.joblib", tmp_path / "wrong.csv"
    pickled.write_bytes(b"")
    wrong.write_text("id,labels\nen-001,beekeping\n", "utf-8")
    assert call("compare", FAST, pickled) == 2
    assert "holds pickled objects" in capsys.readouterr().err
    assert call("compare", FAST, wrong) == 2
    assert "wrong.csv:2: unknown label 'beekeping'. Did you mean 'beekeeping'?" in (
        capsys.readouterr().err
    )
    assert call("compare", FAST, tmp_path / "none.npz") == 2
    assert "none.npz: no such model directory or file of predictions." in capsys.readouterr().err
    assert call("compare", FAST, wrong, "--file-threshold", "nan") == 2
    assert capsys.readouterr().err == "Error: --file-threshold: got nan, expected a number.\n"
    assert call("compare", FAST, wrong, "--by-path") == 2
    assert capsys.readouterr().err == (
        "Error: --taxonomy: a model among those compared has its own taxonomy. Leave it and its "
        "options out.\n"
    )


def test_ids_and_labels_that_others_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids that are none of the documents' are one problem; labels are found as in documents."""
    answers, other = tmp_path / "a.csv", tmp_path / "other.csv"
    assert call("predict", FAST, "-o", answers) == 0
    lines = answers.read_text("utf-8").splitlines()
    other.write_text("\n".join([lines[0], *(f"x-{line}" for line in lines[1:])]), "utf-8")
    capsys.readouterr()
    assert call("compare", FAST, other) == 2
    assert capsys.readouterr().err == (
        f"Error: {other}: has no id of a document: it has 'x-en-001', 'x-en-004', 'x-en-014' and "
        "others, the documents have 'en-001', 'en-004', 'en-014' and others. Give it the "
        "documents' ids; data.id_field names the field where they have them.\n"
    )
    ids = [line.split(",")[0] for line in lines[1:]]
    other.write_text("id,labels\n" + "\n".join(f"{name},BEEKEEPING" for name in ids), "utf-8")
    assert call("compare", FAST, other, "--samples", 10) == 0
    assert f"Warning: {other}:2: label 'BEEKEEPING' read as 'beekeeping'.\n" in (
        capsys.readouterr().err
    )


def test_one_model_that_reads_documents_in_two_ways() -> None:
    """The second way counts too, though the model is the same."""
    model, other = harnn.Predictor.load(FAST), DataConfig(text_fields=("headline",))
    systems = [ComparedSystem("a", model), ComparedSystem("b", model, other)]
    with pytest.raises(DocumentError, match="has no text field 'headline'"):
        compare_systems(systems, FILES.test)


def test_three_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("compare", FAST, BLEND, GOLDEN / "network", "--samples", 10) == 0
    shown = capsys.readouterr().out
    assert (
        "they can tell no p-value below 0.182 (--samples); adjusted (Holm) for the 3 pairs" in shown
    )
    assert shown.count("C - B") == 2  # all labels, and by level
    by_level = shown[shown.index("differences by level, in percent") :]
    for name in ("micro-F1", "macro-F1", "AUPRC"):
        assert by_level.count(name) == 3 * 3  # pairs and levels
    assert "<0.182" in shown


def test_answers_in_any_form_that_predict_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, packed = tmp_path / "a.parquet", tmp_path / "a.csv.gz"
    assert call("predict", FAST, "-o", table) == 0
    assert call("predict", FAST, "-o", tmp_path / "a.csv") == 0
    packed.write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    found = tmp_path / "c.json"
    options = ("--samples", 10, "--json", found)
    capsys.readouterr()
    assert call("compare", FAST, table, packed, *options) == 0
    systems = json.loads(found.read_text("utf-8"))["systems"]
    assert len({system["measures"][0]["value"] for system in systems}) == 1
    assert call("compare", FAST, packed, *options, "--file-encoding", "klingon") == 2
    assert capsys.readouterr().err.endswith(
        "Error: --file-encoding: got 'klingon', expected the name of an encoding, such as utf-8, "
        "cp1252 or gb18030.\n"
    )

"""The program from outside: the whole job, exit codes, and what a user sees of errors."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.sample import sample

FILES = sample("en")
QUICK = [
    "--set", "text.vectors=random", "--set", "model.embedding_size=16",
    "--set", "model.lstm_size=16", "--set", "model.attention_size=16",
    "--set", "model.fc_size=16", "--set", "training.precision=32",
]  # fmt: skip


def train_arguments(out: Path, *more: str) -> list[str]:
    return [
        "train", "--taxonomy", str(FILES.taxonomy), "--labels", str(FILES.labels),
        "--train", str(FILES.train), "--valid", str(FILES.valid), "--out", str(out),
        *QUICK, *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "model"
    assert run(train_arguments(out, "--set", "training.epochs=3")) == 0
    return out


def test_evaluate(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = tmp_path / "scores.json"
    assert run(["evaluate", str(model), "--data", str(FILES.test), "--json", str(scores)]) == 0
    shown = capsys.readouterr().out
    assert "micro-F1" in shown
    assert "45 documents; hierarchical F1 " in shown
    report = json.loads(scores.read_text("utf-8"))
    expected = {
        "micro_f1",
        "macro_f1",
        "micro_precision",
        "micro_recall",
        "hierarchical_f1",
        "auprc",
        "levels",
        "violations",
        "documents",
    }
    assert expected <= report.keys()
    assert [set(level) >= {"micro_f1", "macro_f1"} for level in report["levels"]] == [True] * 3


def test_strategies(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "strategies.json"
    evaluate = ["evaluate", str(model), "--data", str(FILES.test)]
    assert run([*evaluate, "--strategies", "--json", str(table)]) == 0
    shown = capsys.readouterr().out
    assert "threshold (used)" in shown
    strategies = json.loads(table.read_text("utf-8"))["strategies"]
    assert len(strategies) == 6
    for strategy in strategies:
        assert strategy["strategy"] in shown
    scores = tmp_path / "scores.json"
    assert run([*evaluate, "--strategy", "label", "--json", str(scores)]) == 0
    report = json.loads(scores.read_text("utf-8"))
    by_label = next(s for s in strategies if s["strategy"] == "label")
    assert report["macro_f1"] == by_label["macro_f1"]
    predict = ["predict", str(model), "--text", "bees and hives", "--threshold", "1"]
    capsys.readouterr()
    assert run([*predict, "--close", "none", "--top-1", "empty"]) == 0
    levels = [label["level"] for label in json.loads(capsys.readouterr().out)["labels"]]
    assert sorted(set(levels)) == list(range(1, max(levels) + 1))


@pytest.mark.slow
def test_predict_from_everywhere(
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(["predict", str(model), "--text", "bees and hives", "--top-k", "2"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["id"] == "1"
    assert [set(x) for x in answer["labels"]] == [{"label", "name", "score", "level", "path"}] * 2
    data = tmp_path / "new.csv"
    data.write_text('id,text\na,"bees, and hives"\nb,a dripping tap\n', encoding="utf-8")
    output = tmp_path / "answers.jsonl"
    assert run(["predict", str(model), "--data", str(data), "--output", str(output)]) == 0
    lines = output.read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a", "b"]
    command = [sys.executable, "-m", "harnn", "predict", str(model), "--data", "-"]
    done = subprocess.run(
        command,
        input="bees and hives\na dripping tap\n",
        text=True,
        capture_output=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_explain(model: Path, tmp_path: Path) -> None:
    page, data, few = (tmp_path / x for x in ("page.html", "data.jsonl", "few.jsonl"))
    few.write_text("".join(FILES.test.read_text("utf-8").splitlines(keepends=True)[:6]), "utf-8")
    explain = ["explain", str(model), "--data", str(few), "--top-k", "4", "--output"]
    for output in (page, data):
        assert run([*explain, str(output)]) == 0
    assert "<html" in page.read_text("utf-8")
    lines = data.read_text("utf-8").splitlines()
    first = json.loads(lines[0])
    assert (len(lines), len(first["labels"])) == (6, 4)
    assert {"word", "start", "end", "weight", "effect"} == set(first["labels"][0]["words"][0])


def test_validate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = ["validate", "--taxonomy", str(FILES.taxonomy), "--data", str(FILES.train)]
    assert run([*good, "--test", str(FILES.test)]) == 0
    assert capsys.readouterr().out.strip().endswith("No problem found.")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "1", "text": "bees", "labels": ["beekeping"]}\n', encoding="utf-8")
    report = tmp_path / "report.json"
    assert run([*good[:3], "--data", str(bad), "--json", str(report)]) == 2
    shown = " ".join(capsys.readouterr().out.split())
    assert "unknown label 'beekeping'" in shown
    assert "Did you mean 'beekeeping'?" in shown
    assert json.loads(report.read_text("utf-8"))["ok"] is False


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "{bad}: holds no documents."),
        (
            '{"text": 5}\n',
            "{bad}:1: 'text' is a whole number, expected a string or a list of words.",
        ),
        (None, "{bad}: no such file."),
    ],
)
def test_validating_nothing_says_so_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, told: str
) -> None:
    bad, report = tmp_path / "bad.jsonl", tmp_path / "report.json"
    if content is not None:
        bad.write_text(content, encoding="utf-8")
    validate = ["validate", "--data", bad, "--taxonomy", FILES.taxonomy, "--json", report]
    assert run([str(argument) for argument in validate]) == 2
    shown = capsys.readouterr()
    assert not shown.err
    lines = shown.out.splitlines()
    assert lines[0] == f"Problem: {told.format(bad=bad)}"
    assert lines[1].startswith("taxonomy: 50 labels")
    assert lines[2:] == ["1 problem to mend.", f"The report is in {report}."]
    assert json.loads(report.read_text("utf-8"))["documents"] == 0
    assert run(["validate", "--data", str(bad), "--test", str(FILES.test)]) == 2


def failing(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    return shown.err


def test_the_fast_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    started = time.monotonic()
    assert run(train_arguments(out, "--preset", "fast")) == 0
    assert time.monotonic() - started < 60
    assert "The model is in" in capsys.readouterr().out
    assert json.loads((out / "config.json").read_text("utf-8"))["networks"] == []
    scores = tmp_path / "scores.json"
    assert run(["evaluate", str(out), "--data", str(FILES.test), "--json", str(scores)]) == 0
    assert json.loads(scores.read_text("utf-8"))["micro_f1"] > 0.5
    page = tmp_path / "page.html"
    assert run(["explain", str(out), "--data", str(FILES.test), "--output", str(page)]) == 0
    assert "<html" in page.read_text("utf-8")


def test_errors_are_sentences(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent"
    assert failing(capsys, "predict", absent, "--text", "x") == (
        f"Error: {absent}: no such model directory. Train one with harnn train.\n"
    )
    assert failing(capsys, "predict", model) == (
        "Error: expected documents: give either --data or --text (--data - reads standard input).\n"
    )
    assert failing(capsys, "predict", model, "--text", "x", "--top-k", 1, "--threshold", 0.5) == (
        "Error: --top-k and --threshold exclude each other; give one of them.\n"
    )
    assert failing(
        capsys, "predict", model, "--text", "x", "--strategy", "f1", "--threshold", 0.5
    ) == (
        "Error: threshold stands for the strategy threshold, got the strategy f1; give one of "
        "them.\n"
    )
    assert failing(capsys, *train_arguments(model)) == (
        f"Error: {model}: exists already. Choose another --out, or replace it with --overwrite.\n"
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "letters.txt").touch()
    assert failing(capsys, *train_arguments(folder, "--overwrite")) == (
        f"Error: {folder}: is a directory with other files in it (it has no config.json). "
        "Choose another place or empty it first.\n"
    )
    assert failing(capsys, "predict", model, "--text", "x", "--set", "model.alpha=1") == (
        "Error: --set: got 'model.alpha=1'; a trained model takes settings of [data] only.\n"
    )
    assert (
        failing(capsys, "taxonomy", "--data", FILES.train, "--output", absent, "--size", "group")
        == "Error: --size: got 'group', expected LEVEL=NUMBER, as subgroup=8364.\n"
    )
    assert failing(capsys, *train_arguments(absent, "--mode", "paper", "--preset", "fast")) == (
        "Error: model.preset: got 'fast', but mode paper has no presets; leave one of them out.\n"
    )
    assert "No such option" in failing(capsys, "predict", model, "--txet", "x")
    assert not absent.exists()


def test_bad_training_documents_leave_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(
        '{"id": "1", "text": "bees", "labels": ["beekeping"]}\n{"id": 2\n', encoding="utf-8"
    )
    out = tmp_path / "model"
    arguments = train_arguments(out)
    arguments[arguments.index("--train") + 1] = str(bad)
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert "2 problems in the documents:" in error
    assert f"{bad}:1: unknown label 'beekeping'" in error
    assert f"{bad}:2: " in error
    assert not out.exists()


def test_skipped_records_are_counted_and_listed(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "mixed.jsonl"
    data.write_text('{"id": "1", "text": "bees"}\n{"id": "2"}\n', encoding="utf-8")
    assert run(["predict", str(model), "--data", str(data), "--on-error", "skip"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert "1 record skipped:" in shown.err
    assert f"{data.name}:2:" in shown.err.replace("\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_training(number: int, tmp_path: Path) -> None:
    out = tmp_path / "model"
    arguments = train_arguments(out, "--set", "training.epochs=8")
    child = subprocess.Popen(
        [sys.executable, "-m", "harnn", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    checkpoint = out / "checkpoint" / "checkpoint.safetensors"
    while not checkpoint.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, number)
    _, error = child.communicate(timeout=120)
    assert child.returncode == 130, error
    assert re.search(r"Training stopped at step \d+\. The checkpoint is kept in ", error)
    assert "Traceback" not in error
    assert [p.name for p in out.iterdir()] == ["checkpoint"]
    assert run([*arguments, "--set", "training.seed=1", "--resume"]) == 2
    assert run([*arguments, "--resume"]) == 0
    assert not (out / "checkpoint").exists()


def test_version_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert re.fullmatch(r"harnn \d+\.\d+\.\d+\n", capsys.readouterr().out)
    assert run(["nonsense"]) == 2

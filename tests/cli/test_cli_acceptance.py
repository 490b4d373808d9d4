"""``harnn acceptance`` and ``harnn predict --acceptance``: what is said, written and refused."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

import harnn
from harnn._display import percent
from harnn.acceptance import AuditCount, file_answers, judge_audits, load_acceptance
from harnn.bundle import fingerprint
from harnn.cli import run
from harnn.cli.app import app
from harnn.prediction import check_acceptance, measure_acceptance
from harnn.sample import sample
from support.made_reports import GOLDEN

FILES = sample("en")
MODEL = GOLDEN / "fast"
TARGETS = ("--reading", "point", "--target", 0.5, "--target", "2=0.45")
"""The model knows little: documents that it was trained on are filed by it, and few others."""


def acceptance(*more: object) -> int:
    return run(["acceptance", str(MODEL), "--data", str(FILES.train), *map(str, more)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An acceptance with sets of the golden model."""
    path = tmp_path_factory.mktemp("made") / "acceptance.json"
    assert acceptance(*TARGETS, "--sets", 0.8, "-o", path) == 0
    return path


def predicted(*more: object) -> int:
    return run(["predict", str(MODEL), "--data", str(FILES.test), *map(str, more)])


def test_what_is_shown_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "acceptance.json"
    assert acceptance(*TARGETS, "--sets", 0.8, "--test", FILES.test, "-o", path) == 0
    shown = capsys.readouterr().out
    found = load_acceptance(path)
    assert {each.level: each.target for each in found.levels} == {
        each.level: 0.45 if each.level == 2 else 0.5 for each in found.levels
    }
    assert found.levels[0].point is not None
    assert str(found.levels[0].point.precision) in shown
    outcome = found.outcome()
    assert (
        f"Of 1,000 documents like these {sum(outcome.filed):,} are filed unattended "
        f"({outcome.filed[2]:,} to level 3, {outcome.filed[1]:,} to level 2), {outcome.wrong:,} of "
        f"them with a wrong label; {outcome.waiting:,} wait for a person.\n"
    ) in shown
    assert f"accepted unattended, on {found.documents:,} documents" in shown
    assert "sets that hold all true labels of a level 80% of the time" in shown
    assert "on 45 documents of --test" in shown
    assert f"{path}: give it to harnn predict with --acceptance." in shown
    predictor = harnn.Predictor.load(MODEL)
    level_targets = {each.level: each.target or 0 for each in found.levels}
    own = measure_acceptance(
        predictor,
        FILES.train,
        level_targets,
        model_hash=fingerprint(MODEL),
        reading="point",
        coverage=0.8,
    )
    assert own.cuts.tolist() == found.cuts.tolist()
    assert own.sets == found.sets
    tried = check_acceptance(predictor, FILES.test, found)
    precision = tried.filed.levels[0].precision
    assert precision is not None
    assert f"{percent(tried.filed.levels[0].share)} │ {precision}" in shown
    covered = tried.sets[0].covered
    assert covered is not None
    assert (
        f"Sets of level 1: {covered} hold all true labels, of {covered.count} documents;" in shown
    )


def test_without_a_target_some_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert acceptance() == 0
    shown = capsys.readouterr()
    assert "accepted unattended, by target" in shown.out
    assert all(target in shown.out for target in ("90%", "95%", "98%"))


def test_a_few_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(FILES.test.read_text("utf-8").splitlines(True)[:3]), "utf-8")
    assert (
        run(["acceptance", str(MODEL), "--data", str(few), "--target", "0.9", "--sets", "0.9"]) == 0
    )
    shown = capsys.readouterr()
    assert "needs 35, has 3" in shown.out
    assert "Of 1,000 documents like these none is filed unattended.\n" in shown.out
    assert shown.err == (
        "Note: sets of levels 1, 2, 3 have all labels: to leave any out takes at least 9 documents "
        "with a label there.\n"
    )


def test_labels_that_are_rare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "acceptance.json"
    assert acceptance("--target", 0.9, "--least-training", 5, "-o", path) == 0
    found, bundle = load_acceptance(path), harnn.load_bundle(MODEL)
    rare = [x for x, n in zip(bundle.taxonomy.codes, bundle.label_counts, strict=True) if n < 5]
    assert rare
    assert found.never == frozenset(rare)
    assert found.least_training == 5
    said = f"{len(rare)} labels with fewer than 5 training documents are never accepted."
    assert said in capsys.readouterr().err


def test_levels_by_name_and_number(capsys: pytest.CaptureFixture[str]) -> None:
    names = harnn.load_bundle(MODEL).taxonomy.level_names
    assert acceptance("--target", f"{names[0]}=0.9") == 0
    capsys.readouterr()
    for given, message in (
        ("95", "Error: --target: got '95', expected a precision above 0 and below 1, as 0.95 or "),
        ("1=x", "Error: --target: got '1=x', expected a precision above 0 and below 1, as 0.95"),
        ("nan", "Error: --target: got 'nan', expected a precision above 0 and below 1, as 0.95"),
        ("7=0.9", f"Error: --target: got '7=0.9', the levels are 1 to {len(names)}.\n"),
        ("层=0.9", f"Error: --target: got '层=0.9', the levels are 1 to {len(names)}.\n"),
        ("", "Error: --target: got '', expected a precision above 0 and below 1, as 0.95"),
    ):
        assert acceptance("--target", given) == 2
        assert capsys.readouterr().err.startswith(message)


def test_what_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.json"
    for arguments, message in (
        (
            ["-o", out],
            "Error: --output: an acceptance without a target or sets accepts nothing. Give "
            "--target, --sets, or both.\n",
        ),
        (["--sets", 90], "Error: --sets: got 90, expected above 0 and below 1, as 0.9.\n"),
        (
            ["--target", 0.9, "--close", "none"],
            "Error: close: answers are filed from the top down, so they must hold the ancestors of "
            "labels. Choose up or down, got none.\n",
        ),
        (
            ["--target", 0.9, "-o", tmp_path / "a.txt"],
            f"Error: {tmp_path / 'a.txt'}: ",
        ),
    ):
        assert acceptance(*arguments) == 2
        assert capsys.readouterr().err.startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_answers_are_filed(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predicted("--acceptance", made) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert predicted() == 0
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    without = [{k: v for k, v in line.items() if k not in ("accepted", "sets")} for line in lines]
    assert without == plain

    predictor, found = harnn.Predictor.load(MODEL), load_acceptance(made)
    documents = list(harnn.read_documents(FILES.test))
    filings = file_answers(predictor.predict(documents), found, predictor.taxonomy)
    assert [line["accepted"] for line in lines] == [each.to_dict() for each in filings]
    assert {each.level for each in filings} > {0}
    levels = predictor.taxonomy.levels
    for line, filing in zip(lines, filings, strict=True):
        accepted = {x["label"] for x in line["labels"] if x["level"] <= filing.level}
        assert set(line["accepted"]["labels"]) == accepted
        for number, each in enumerate(line["sets"], start=1):
            assert each["level"] == number
            assert {int(levels[predictor.taxonomy.index[x]]) for x in each["labels"]} <= {number}

    kept = tmp_path / "answers.jsonl"
    assert predicted("--acceptance", made, "-o", kept, "--workers", 2) == 0
    assert [json.loads(line) for line in kept.read_text("utf-8").splitlines()] == lines


def test_filed_answers_as_tables(made: Path, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    assert predicted("--acceptance", made, "-o", table) == 0
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "id",
        "labels",
        "scores",
        "notes",
        "accepted_level",
        "accepted",
        "sets",
    ]
    for row in rows:
        assert (row["accepted_level"] == "0") == (row["accepted"] == "")
        assert set(filter(None, row["accepted"].split(";"))) <= set(row["labels"].split(";"))


def test_filed_answers_as_parquet(made: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "answers.parquet"
    assert predicted("--acceptance", made, "-o", path) == 0
    rows = parquet.read_table(path).to_pylist()
    assert all(isinstance(row["accepted_level"], int) for row in rows)
    assert all(isinstance(row["sets"], list) for row in rows)


def test_without_targets_only_sets_are_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sets.json"
    assert acceptance("--sets", 0.5, "-o", path) == 0
    capsys.readouterr()
    assert predicted("--acceptance", path) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert "accepted" not in first
    assert len(first["sets"]) == harnn.load_bundle(MODEL).taxonomy.depth


def test_acceptances_of_others_are_refused(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(MODEL, other)
    assert run(["decoding", str(other), "--threshold", "0.3"]) == 0
    capsys.readouterr()
    text = ["--text", "bees", "--acceptance", str(made)]
    assert run(["predict", str(other), *text]) == 2
    mine, theirs = fingerprint(MODEL)[:12], fingerprint(other)[:12]
    assert capsys.readouterr().err == (
        f"Error: {made}: the acceptance is of the model {mine}, this is {theirs}. Make one for it "
        "with harnn acceptance.\n"
    )
    assert run(["predict", str(MODEL), "--top-k", "3", *text]) == 2
    assert capsys.readouterr().err == (
        f"Error: {made}: the acceptance was made with the model's own options, these answers with "
        "top_k = 3. Ask in the same way, or make another.\n"
    )
    broken: dict[str, Any] = json.loads(made.read_text("utf-8"))
    broken["levels"][0]["cut"] = 0.001
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken), "utf-8")
    assert run(["predict", str(MODEL), "--text", "bees", "--acceptance", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"Error: {path}: is no acceptance, or damaged: the cut of level 1 does not follow from its "
        "documents. Make it with harnn acceptance.\n"
    )
    assert run(["predict", str(MODEL), "--text", "bees", "--acceptance", "absent.json"]) == 2
    assert capsys.readouterr().err == (
        "Error: absent.json: no such file. Make it with harnn acceptance.\n"
    )


def test_answers_kept_by_another_acceptance_are_not_gone_on_with(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answers.jsonl"
    assert predicted("--acceptance", made, "-o", path) == 0
    part = path.with_name("answers.jsonl.part")
    part.write_text("", "utf-8")
    part.with_name("answers.jsonl.part.about").write_text('{"acceptance": "x"}\n', "utf-8")
    assert predicted("--acceptance", made, "-o", path, "--resume") == 2
    assert "holds answers of another model, or with other options" in capsys.readouterr().err


def test_the_page_says_what_can_be_typed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "acceptance.md").read_text("utf-8")
    commands = typer.main.get_command(app)
    assert isinstance(commands, TyperGroup)
    lines = re.findall(r"^(harnn [^\n]*)", page, flags=re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        command, *arguments = shlex.split(line, comments=True)[1:]
        commands.commands[command].make_context(command, arguments)
    code = page.partition("```python\nimport harnn\n")[2].partition("```")[0]
    assert set(re.findall(r"harnn\.([A-Za-z_]\w+)\(", code)) <= set(harnn.__all__)
    shown = re.findall(r"^(found\.\w+(?:\(\))?) +# (.*)$", page, flags=re.MULTILINE)
    found = judge_audits(AuditCount(right=286, wrong=14, not_sure=3), target=0.95)
    assert [said for _, said in shown] == [found.sentence(), found.verdict]

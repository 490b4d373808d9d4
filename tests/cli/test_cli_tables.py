"""Tables for papers, methods over seeds and own thresholds of compared models."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

import harnn
from harnn.cli import run
from harnn.metrics import Resampling
from harnn.prediction import ComparedSystem, compare_system_methods
from harnn.sample import sample
from support.made_reports import GOLDEN

FILES = sample("en")
FAST, BLEND, NETWORK = GOLDEN / "fast", GOLDEN / "blend", GOLDEN / "network"
DATA = ("--data", str(FILES.test))


def call(*given: object) -> int:
    return run([*map(str, given)])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_an_evaluation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, found = tmp_path / "t.csv", tmp_path / "t.json"
    assert call("evaluate", FAST, *DATA, "--table", table, "--json", found) == 0
    told = [f"The report is in {found}.", f"The table is in {table}."]
    assert capsys.readouterr().out.splitlines()[-2:] == told
    report = json.loads(found.read_text("utf-8"))
    rows = rows_of(table)
    assert [row["level"] for row in rows] == [*(x["name"] for x in report["levels"]), "all"]
    for row, level in zip(rows, [*report["levels"], report], strict=True):
        assert float(row["macro_f1"]) == level["macro_f1"]
    for suffix in (".md", ".tex"):
        assert call("evaluate", FAST, *DATA, "--table", tmp_path / f"t{suffix}") == 0
        text = (tmp_path / f"t{suffix}").read_text("utf-8")
        assert "fast on en.test.jsonl: in percent, rounded to one digit behind the point." in text
        assert f"{100 * report['micro_f1']:.1f}" in text
    strategies = tmp_path / "s.md"
    assert call("evaluate", FAST, *DATA, "--strategies", "--table", strategies) == 0
    assert strategies.read_text("utf-8").startswith("| strategy | micro-F1 | macro-F1 |")


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", FAST),
        ("compare", FAST, BLEND),
        ("sweep", "--seeds", 2),
        ("train", "--folds", 2),
    ],
)
def test_tables_are_refused_before_any_work(
    command: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "t.html"
    data: tuple[object, ...] = DATA
    if command[0] == "sweep":
        data = ("--train", FILES.train, "--valid", FILES.valid, "--taxonomy", FILES.taxonomy)
    elif command[0] == "train":
        data = ("--train", FILES.train, "--taxonomy", FILES.taxonomy, "--out", tmp_path / "folds")
    assert call(*command, *data, "--table", place) == 2
    expected = f"Error: {place}: unknown extension '.html', expected .md, .tex or .csv.\n"
    assert capsys.readouterr().err == expected


def test_two_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, found = tmp_path / "t.csv", tmp_path / "t.json"
    given = ("compare", FAST, BLEND, *DATA, "--samples", 50)
    assert call(*given, "--table", table, "--json", found) == 0
    told = [f"The comparison is in {found}.", f"The table is in {table}."]
    assert capsys.readouterr().out.splitlines()[-2:] == told
    comparison = json.loads(found.read_text("utf-8"))
    rows = rows_of(table)
    assert len(rows) == 5 + 3 * 3
    assert list(rows[0]) == [
        "level", "measure", "first", "second", "difference", "difference_low", "difference_high",
        "p_value",
    ]  # fmt: skip
    levels = [level[name] for level in comparison["levels"] for name in ("micro_f1", "macro_f1")]
    kept = [row for row in rows[5:] if row["measure"] != "AUPRC"]
    for row, each in zip([*rows[:5], *kept], [*comparison["measures"], *levels], strict=True):
        assert float(row["difference"]) == each["difference"]
        assert float(row["p_value"]) == each["p_value"]
    assert call(*given, "--table", tmp_path / "t.tex") == 0
    text = (tmp_path / "t.tex").read_text("utf-8")
    assert (
        "A is fast, B is blend. 45 documents; 95\\% intervals and two-sided p-values of 50" in text
    )
    assert "which can tell none below 0.040." in text


def test_several_models(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    given = ("compare", FAST, BLEND, NETWORK, *DATA, "--samples", 50)
    assert call(*given, "--table", table) == 0
    rows = rows_of(table)
    assert len(rows) == 3 * 14
    assert (rows[0]["first_name"], rows[0]["second_name"]) == ("fast", "blend")
    assert all(float(row["p_adjusted"]) >= float(row["p_value"]) for row in rows)
    assert call(*given, "--table", tmp_path / "t.md") == 0
    text = (tmp_path / "t.md").read_text("utf-8")
    assert text.startswith("| level | measure | fast | blend | network |\n")
    assert "\n| A | B | level | measure | value of A | value of B |" in text
    assert "Adjusted after Holm for all pairs of a measure." in text


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods with two models each; what they are of is not the point here."""
    folder = tmp_path_factory.mktemp("runs")
    for name, model in (("a-1", FAST), ("a-2", NETWORK), ("b-9", BLEND), ("b-10", FAST)):
        shutil.copytree(model, folder / name)
    return folder


def test_methods(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, found = tmp_path / "t.csv", tmp_path / "t.json"
    methods = ("--method", f"paper={runs}/a-*", "--method", f"ours={runs}/b-*")
    given = ("compare", *methods, *DATA, "--samples", 40, "--seed", 3)
    assert call(*given, "--table", table, "--json", found) == 0
    shown = capsys.readouterr().out
    assert "paper (2 models)" in shown
    assert "ours - paper, in percent" in shown
    assert shown.endswith(
        "45 documents; over documents: 95% intervals and two-sided p-values of 40 paired bootstrap "
        "samples of the documents, seed 3, for the means of these models; they can tell no p-value "
        "below 0.049 (--samples); over seeds: Welch's t-test of the models on these documents, not "
        "paired by seed; both: the larger of the two p-values\n"
        f"The comparison is in {found}.\nThe table is in {table}.\n"
    )
    load = harnn.Predictor.load
    expected = compare_system_methods(
        {
            "paper": [ComparedSystem(x, load(runs / x)) for x in ("a-1", "a-2")],
            "ours": [ComparedSystem(x, load(runs / x)) for x in ("b-9", "b-10")],
        },
        FILES.test,
        resampling=Resampling(40, 3),
    )
    assert json.loads(found.read_text("utf-8")) == expected.comparison.to_dict()
    rows = rows_of(table)
    assert len(rows) == 14
    assert float(rows[0]["p_value"]) == max(
        float(rows[0]["documents_p_value"]), float(rows[0]["seeds_p_value"])
    )
    more = ("--method", f"third={BLEND}", "--table", tmp_path / "t.md")
    assert call(*given, *more) == 0
    captured = capsys.readouterr()
    assert "adjusted (Holm) for the 3 pairs of each measure\n" in captured.out
    assert "p adjusted" in (tmp_path / "t.md").read_text("utf-8")


def test_methods_whose_models_are_alike(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(FAST, tmp_path / "fast")
    methods = ("--method", f"same={FAST}", "--method", f"same={tmp_path / 'fast'}")
    other = ("--method", f"other={BLEND}")
    assert call("compare", *methods, *other, *DATA, "--samples", 10) == 0
    note = "Note: same: all its models answer alike, so they say nothing of other seeds.\n"
    assert capsys.readouterr().err == note


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["--method", "paper"],
            "--method: got 'paper', expected NAME=DIR_OR_FILE, for example paper=runs/paper-1 or "
            "'paper=runs/paper-*'.",
        ),
        (["--method", "a=none/x-*"], "--method: got 'a=none/x-*', but nothing is there."),
        (
            ["--method", f"a={FAST}", "--method", f"a={BLEND}"],
            "--method: got one method, 'a', and nothing to compare it with. Give two names or "
            "more, each for all its models.",
        ),
        (
            ["--method", f"a={FAST}", "--method", f"b={FAST}"],
            f"--method: {FAST} is given twice; each model counts once.",
        ),
        (
            ["--method", f"a={FAST}", "--method", f"b={BLEND}", str(NETWORK)],
            f"got {NETWORK} beside --method; name it with --method NAME=DIR_OR_FILE, too.",
        ),
        ([str(FAST)], "expected two or more models or files of predictions to compare."),
        (
            [str(FAST), str(BLEND), "--thresholds", "own.csv"],
            "--thresholds: got 'own.csv', expected DIR=FILE with a model that is compared: "
            f"{FAST}, {BLEND}.",
        ),
        (
            [str(FAST), str(BLEND), *2 * ("--thresholds", f"{FAST}=own.csv")],
            f"--thresholds: got two tables for {FAST}.",
        ),
    ],
)
def test_what_is_refused(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("compare", *given, *DATA) == 2
    assert capsys.readouterr().err == f"Error: {message}\n"


def test_own_thresholds_for_one_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, found = tmp_path / "own=1.csv", tmp_path / "t.json"
    assert call("thresholds", BLEND, "--by", "level", "-o", own) == 0
    lines = own.read_text("utf-8").splitlines()
    at = lines[0].split(",").index("threshold")
    cells = [line.split(",") for line in lines[1:]]
    rows = [",".join([*row[:at], "0.9", *row[at + 1 :]]) for row in cells]
    own.write_text("\n".join([lines[0], *rows]) + "\n", "utf-8")
    capsys.readouterr()
    thresholds = ("--thresholds", f"{BLEND}={own}")
    given = (*DATA, "--samples", 10, "--json", found)
    for systems in ((FAST, BLEND), (FAST, BLEND, NETWORK)):
        assert call("compare", *systems, *given, *thresholds) == 0
        table = json.loads(found.read_text("utf-8"))
        if len(systems) == 2:
            ours, theirs = (table["measures"][0][name] for name in ("second", "first"))
        else:
            theirs, ours = (x["measures"][0]["value"] for x in table["systems"][:2])
        alone = tmp_path / "alone.json"
        for model, value, more in (
            (FAST, theirs, ()),
            (BLEND, ours, ("--thresholds", own)),
        ):
            assert call("evaluate", model, *DATA, *more, "--json", alone) == 0
            assert json.loads(alone.read_text("utf-8"))["micro_f1"] == pytest.approx(value)


def test_a_sweep(tmp_path: Path) -> None:
    table, found = tmp_path / "t.csv", tmp_path / "t.json"
    settings = ("--preset", "fast", "--set", "model.text_vectors=off")
    files = ("--train", FILES.train, "--valid", FILES.valid, "--taxonomy", FILES.taxonomy)
    written = ("--table", table, "--json", found, "--test", FILES.test)
    assert call("sweep", *files, *settings, "--seeds", 2, *written) == 0
    rows = rows_of(table)
    summary = json.loads(found.read_text("utf-8"))["summary"]
    assert rows[-1]["level"] == "all"
    assert float(rows[-1]["micro_f1"]) == pytest.approx(summary["micro_f1"]["mean"])
    assert float(rows[-1]["micro_f1_sd"]) == pytest.approx(summary["micro_f1"]["deviation"])


def test_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "t.csv", tmp_path / "folds"
    given = ("train", "--train", FILES.test, "--taxonomy", FILES.taxonomy, "--preset", "fast")
    assert call(*given, "--folds", 2, "--out", out, "--table", table) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == f"The table is in {table}."
    numbers = json.loads((out / "folds.json").read_text("utf-8"))
    row = rows_of(table)[-1]
    assert row["level"] == "all"
    for name in ("micro_f1", "macro_f1", "auprc"):
        spread = numbers["summary"][name]
        assert float(row[name]) == pytest.approx(spread["mean"])
        assert float(row[f"{name}_sd"]) == pytest.approx(spread["deviation"])


def test_one_training_has_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("train", "--train", FILES.train, "--valid", FILES.valid, "--out", tmp_path / "model")
    assert call(*given, "--table", tmp_path / "t.csv") == 2
    assert capsys.readouterr().err == (
        "Error: --table: is for --folds, over which it has mean and standard deviation. "
        "harnn evaluate --table writes that of one model.\n"
    )
    assert not list(tmp_path.iterdir())

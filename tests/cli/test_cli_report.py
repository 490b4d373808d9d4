"""``harnn report``: what is written, what is said, what is refused before any work."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import harnn
from harnn.cli import run
from harnn.report import fonts
from harnn.sample import sample
from support.made_reports import GOLDEN

FILES = sample("en")
MODEL = GOLDEN / "fast"


def report(*more: object) -> int:
    return run(["report", str(MODEL), *map(str, more)])


def test_page_table_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    page, table, figures = tmp_path / "r.html", tmp_path / "labels.csv", tmp_path / "figures"
    made = report("--data", FILES.test, "-o", page, "--csv", table, "--figures", figures)
    assert made == 0
    lines = capsys.readouterr().out.splitlines()
    found = harnn.Predictor.load(MODEL).evaluate(FILES.test)
    assert lines == [
        f"45 documents, micro-F1 {100 * found.micro_f1:.1f}, macro-F1 {100 * found.macro_f1:.1f}.",
        f"The report is in {page}.",
        f"The table of all labels is in {table}.",
        f"The figures are in {figures}/.",
    ]
    text = page.read_text("utf-8")
    assert f"harnn report {MODEL} --data {FILES.test}" in text
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["f1"]) for row in rows) / 50 == pytest.approx(found.macro_f1, abs=1e-5)
    assert len(list(figures.iterdir())) == 14


def test_documents_of_the_training_are_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, shuffled = tmp_path / "r.html", tmp_path / "shuffled.jsonl"
    lines = FILES.train.read_text("utf-8").splitlines()[::3]  # the model was trained on these
    shuffled.write_text("\n".join(reversed(lines)), "utf-8")
    note = "Note: These may be the model's training documents in another order, since as many have "
    assert report("--data", shuffled, "-o", page) == 0
    assert note in capsys.readouterr().err
    assert note.removeprefix("Note: ").replace("'", "&#39;") in page.read_text("utf-8")
    assert run(["evaluate", str(MODEL), "--data", str(shuffled)]) == 0
    assert note in capsys.readouterr().err
    assert run(["evaluate", str(MODEL), "--data", str(FILES.test)]) == 0
    assert "Note" not in capsys.readouterr().err


def test_characters_without_a_font_are_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(fonts, "_signs", lambda path: frozenset())
    monkeypatch.setattr(fonts, "_candidates", lambda: iter(()))
    arguments = ("-o", tmp_path / "r.html", "--figures", tmp_path / "figures")
    assert report("--data", FILES.test, *arguments) == 0
    (note,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("Note")]
    assert note.startswith("Note: no installed font has ")


def test_options_choose_labels_and_are_shown(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    options = ["--top-k", "4", "--set", "data.id_field=id"]
    assert report("--data", FILES.test, "-o", page, *options) == 0
    text = page.read_text("utf-8")
    assert "A ring marks what is chosen now: the 4 best labels." in text
    assert "--set data.id_field=id --top-k 4" in text
    assert '<td class="num">–</td></tr>' in text  # top-k has no thresholds


def test_what_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    page = tmp_path / "r.html"
    monkeypatch.setattr(harnn.Predictor, "load", None)  # nothing is loaded
    for arguments, message in (
        (["-o", tmp_path / "r.htm"], "unknown extension '.htm', expected .html. Did you mean"),
        (["-o", page, "--csv", tmp_path / "x.tsv"], "unknown extension '.tsv', expected .csv."),
        (["-o", tmp_path / "no" / "r.html"], "cannot be written: its directory does not exist."),
        (["-o", page, "--figures", tmp_path / "file"], "is a file, expected a directory."),
        (["-o", page, "--figures", tmp_path / "file" / "x"], "cannot be written: Not a directory."),
    ):
        assert report("--data", FILES.test, *arguments) == 2
        assert message in capsys.readouterr().err
    assert run(["report", str(MODEL), "--data", "-", "-o", str(page)]) == 2
    assert "standard input: can be read only once" in capsys.readouterr().err
    assert [x.name for x in tmp_path.iterdir()] == ["file"]


def test_bad_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, page = tmp_path / "bad.jsonl", tmp_path / "r.html"
    good = json.dumps({"id": "1", "text": "bees", "labels": ["beekeeping"]})
    bad.write_text(f'{good}\n{{"id": "2", "text": "x", "labels": ["bekeeping"]}}\n', "utf-8")
    assert report("--data", bad, "-o", page) == 2
    assert "bad.jsonl:2: unknown label 'bekeeping'. Did you mean" in capsys.readouterr().err
    assert not page.exists()
    assert report("--data", bad, "-o", page, "--on-error", "skip") == 0
    captured = capsys.readouterr()
    assert "1 document" in captured.out
    assert captured.err.count("1 record skipped:") == 1
    bad.write_text("", "utf-8")
    assert report("--data", bad, "-o", page) == 2
    assert "holds no documents." in capsys.readouterr().err


def test_wrong_spellings_are_put_right_by_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, page, fixes = tmp_path / "bad.jsonl", tmp_path / "r.html", tmp_path / "fixes.tsv"
    bad.write_text(json.dumps({"id": "1", "text": "bees", "labels": ["bekeeping"]}), "utf-8")
    fixes.write_text("label\tsuggestion\nbekeeping\tbeekeeping\n", "utf-8")
    assert report("--data", bad, "-o", page, "--fixes", fixes) == 0
    assert "1 label replaced and 0 dropped (data.fixes)." in capsys.readouterr().err
    assert "data.fixes=" in page.read_text("utf-8")

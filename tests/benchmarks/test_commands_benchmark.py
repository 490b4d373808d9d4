"""Whole commands: one run of ours and one of a peer, what is measured, the table and the plot."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_runs_and_their_report(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from commands.app import main

    output = tmp_path / "runs"
    arguments = ["run", "--data", str(data), "--only", "tiny", "--output", str(output)]
    arguments += ["--threads", "1", "--documents", "50"]
    assert main([*arguments, "--method", "linear-svc", "harnn-fast"]) == 0
    assert capsys.readouterr().out.count("documents per CPU second") == 2
    for method in ("linear-svc", "harnn-fast"):
        path = output / f"tiny--{method}--seed1.json"
        row = json.loads(path.read_text(encoding="utf-8"))
        assert row["micro"]["test"]["micro_f1"] == pytest.approx(1.0)
        assert row["prediction"]["documents"] == 50
        assert min(row["training"]["cpu_seconds"], row["prediction"]["cpu_seconds"]) > 0
        assert min(row["training"]["peak_mb"], row["prediction"]["peak_mb"], row["model_mb"]) > 0
    written = path.stat().st_mtime_ns
    assert main([*arguments, "--method", "harnn-fast"]) == 0  # it is there: nothing to do
    assert path.stat().st_mtime_ns == written

    table = tmp_path / "table.md"
    assert main(["report", str(output), "--markdown", str(table)]) == 0
    text = table.read_text(encoding="utf-8")
    assert "### tiny" in text
    assert "| linear-svc | 100.0 | 100.0 | 100.0 |" in text
    assert "| **harnn-fast** | 100.0 | 100.0 | 100.0 |" in text


def test_documents_are_repeated_under_ids_of_their_own(data: Path, tmp_path: Path) -> None:
    from commands.running import write_texts

    source, target = data / "tiny" / "test.jsonl.gz", tmp_path / "texts.jsonl.gz"
    assert write_texts(source, target, 0) == 24
    assert _texts(target) == _texts(source)
    assert write_texts(source, target, 30) == 30
    assert _texts(target) == (_texts(source) * 2)[:30]
    with gzip.open(target, "rt", encoding="utf-8") as file:
        assert [json.loads(line)["id"] for line in file] == [str(i) for i in range(30)]


def _texts(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def test_a_missing_answer_is_told(tmp_path: Path) -> None:
    from commands.running import check_answers

    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"id": "1"}\n', encoding="utf-8")
    check_answers(answers, 1)
    with pytest.raises(SystemExit, match=r"Expected 2 answers, got 1\."):
        check_answers(answers, 2)


@pytest.mark.slow
def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib, in the extra bench")
    from commands.report import plot

    def row(dataset: str, method: str, price: float, value: float) -> dict[str, Any]:
        return {
            "dataset": dataset,
            "label": method,
            "ours": method == "harnn",
            "training": {"cpu_seconds": price},
            "prediction": {"documents": 100, "cpu_seconds": price},
            "micro": {"test": {"auprc": value, "micro_f1": value}},
        }

    rows = [
        row(dataset, method, price, value)
        for dataset in ("one", "two")
        for method, price, value in (("harnn", 10.0, 0.9), ("peer", 2.0, 0.8))
    ]
    plot(rows, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")

"""``harnn split``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.sample import sample

FILES = sample()


def split(*arguments: str) -> int:
    return run(["split", "--data", str(FILES.train), "-t", str(FILES.taxonomy), *arguments])


def test_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, report = tmp_path / "a" / "parts", tmp_path / "parts.json"
    assert split("-o", str(out), "--json", str(report), "--test", "0.2", "--seed", "7") == 0
    shown = capsys.readouterr().out
    assert "train" in shown
    assert "seed 7\n" in shown
    assert f"The parts are in {out}/train.jsonl, {out}/valid.jsonl, {out}/test.jsonl." in shown
    written = json.loads(report.read_text())
    counts = {part["name"]: part["documents"] for part in written["parts"]}
    assert counts == {
        name: len((out / f"{name}.jsonl").read_text().splitlines()) for name in counts
    }
    assert split("-o", str(out)) == 2
    assert "exist already. Choose another directory, or replace them" in capsys.readouterr().err
    assert split("-o", str(out), "--overwrite", "--valid", "0") == 0


def test_by_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.csv"
    rows = [f"{2000 + n},text {n},beekeeping\n" for n in range(20)]
    path.write_text("year,text,labels\n" + "".join(rows))
    options = ["--data", str(path), "-o", str(tmp_path / "parts"), "--by-date", "year"]
    assert run(["split", *options]) == 0
    shown = capsys.readouterr().out
    assert "2018" in shown
    assert "seed" not in shown
    assert (tmp_path / "parts" / "test.csv").read_text() == "year,text,labels\n" + "".join(
        rows[18:]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--test", "1.5"], "test: got 1.5, expected 0 or more, and less than 1."),
        (["--group-by", "autor"], "group_by: no document has a value in 'autor'"),
        (["--json", "x.txt"], "x.txt: unknown extension '.txt', expected .json"),
    ],
)
def test_what_is_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert split("-o", str(tmp_path / "parts"), *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "parts").exists()

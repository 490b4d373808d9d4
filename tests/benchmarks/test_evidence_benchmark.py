"""Pseudo-words and their groups."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest


def test_pseudo_words_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import evidence

    beside = {"galaxy": "stars dust light", "compiler": "parser loops registers"}
    home = tmp_path / "arxiv-cat"
    home.mkdir()
    with gzip.open(home / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        for number in range(60):
            word = "galaxy" if number % 2 else "compiler"
            text = {"title": f"A {word}", "abstract": f"with {beside[word]} and no. {number}"}
            file.write(json.dumps({"text": text}) + "\n")
    monkeypatch.setattr(evidence, "PAIRS", (("galaxy", "compiler"),))
    monkeypatch.setattr(evidence, "LINES", (20,))
    monkeypatch.setattr("sys.argv", ["evidence.py", "--data", str(tmp_path)])
    evidence.main()
    assert "| galaxy, compiler | 30 | 2 | 1.00 |" in capsys.readouterr().out


def test_missing_data_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import evidence

    monkeypatch.setattr("sys.argv", ["evidence.py", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"train\.jsonl\.gz is not there; set HARNN_DATA"):
        evidence.main()

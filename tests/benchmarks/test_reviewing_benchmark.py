"""The times of the review."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_every_call_is_timed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from reviewing import measure

    measure(tmp_path / "review.db", entries=20, own=10, repeats=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["| call | wall, ms | processor, ms |", "|---|---|---|"]
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| a decision, short log",
        "| a decision, log of 20 entries",
        "| the queue, by doubt",
        "| a decision, document of 10 own entries",
        "| undoing, document of 10 own entries",
        "| verifying all",
    ]

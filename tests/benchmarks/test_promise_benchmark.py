"""The benchmark of promises: what it counts, and that it runs."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from harnn.acceptance import READINGS
from harnn.sample import sample
from harnn.taxonomy import Taxonomy
from support.made_reports import GOLDEN
from support.promises import line

FLAT = Taxonomy.from_edges([("A", "ROOT"), ("B", "ROOT")])


def test_targets_that_are_kept_and_missed() -> None:
    from promise import TARGETS, over_splits

    right = over_splits(line(600, []), 300, 5, FLAT)
    assert len(right) == len(TARGETS) * len(READINGS)
    for row in right:
        assert (row["opened"], row["missed"], row["clearly"]) == (5, 0, 0)
        assert row["share"] > 0.95
    wrong = over_splits(line(600, range(600)), 300, 5, FLAT)
    assert all((row["opened"], row["missed"], row["share"]) == (0, 0, 0.0) for row in wrong)


def test_levels_are_paused_the_more_the_worse_they_are() -> None:
    from promise import pausing

    rows = pausing(200)
    by_case = {(row["target"], row["true"], row["first"]): row for row in rows}
    for (target, true, first), row in by_case.items():
        assert row["150"] <= row["300"] <= row["1200"]
        if first > 1:
            assert row["1200"] <= by_case[target, true, 1]["1200"]
    assert by_case[0.95, 0.9, 50]["1200"] > 0.95 > 0.2 > by_case[0.95, 0.96, 50]["1200"]


def test_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import promise

    files = sample("en")
    (tmp_path / "tiny").mkdir()
    for split in ("valid", "test"):
        with gzip.open(tmp_path / "tiny" / f"{split}.jsonl.gz", "wb") as file:
            file.write(Path(getattr(files, split)).read_bytes())
    output = tmp_path / "runs" / "promise.json"
    monkeypatch.setenv("HARNN_DATA", str(tmp_path))
    monkeypatch.setattr(promise, "pausing", lambda: [{"target": 0.9}])
    given = ["promise.py", f"tiny={GOLDEN / 'fast'}", "--splits", "2", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", given)
    promise.main()
    found = json.loads(output.read_text("utf-8"))
    assert found["tiny"]["documents"] == {"valid": 50, "test": 45}
    assert {row["kind"] for row in found["tiny"]["confidence"]} == {
        "specific", "product", "minimum", "mean",
    }  # fmt: skip
    assert [row["covered"]["count"] for row in found["tiny"]["sets"] if row["level"] == 1] == 3 * [
        44
    ]
    assert "tiny: splits" in capsys.readouterr().out

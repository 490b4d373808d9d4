"""``benchmarks/drift.py`` on the sample."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from harnn.sample import sample
from support.made_reports import GOLDEN


def test_typing_errors_change_words_and_keep_their_number() -> None:
    from drift import cut, with_typos

    rng, text = np.random.default_rng(1), "a swarm of bees in the hive " * 20
    changed = with_typos(0.3)(text, rng)
    pairs = list(zip(text.split(), changed.split(), strict=False))
    share = sum(one != other for one, other in pairs) / len(pairs)
    assert share > 0.1
    assert with_typos(0.0)(text, rng) == " ".join(text.split())
    assert cut(3)(text, rng) == "a swarm of"


def test_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import drift

    for name, language in (("tiny", "en"), ("other", "zh")):
        files = sample(language)
        (tmp_path / name).mkdir()
        for split, source in (("valid", files.valid), ("test", files.train)):
            with gzip.open(tmp_path / name / f"{split}.jsonl.gz", "wb") as file:
                file.write(Path(source).read_bytes())
    output = tmp_path / "runs" / "drift.json"
    monkeypatch.setenv("HARNN_DATA", str(tmp_path))
    monkeypatch.setattr(drift, "SIZES", (60,))
    given = ["drift.py", f"tiny={GOLDEN / 'fast'}", "--draws", "4", "--other", "other"]
    monkeypatch.setattr(sys, "argv", [*given, "--output", str(output)])
    drift.main()
    found = json.loads(output.read_text("utf-8"))["tiny"]
    assert {row["beside"] for row in found["calm"]} == {"valid", "as many of test"}
    chinese = next(row for row in found["shifted"] if row["change"].startswith("30% of the doc"))
    assert chinese["by figure"]["unknown_words"] > 0
    assert found["cost"]["microseconds of a CPU a document"]["1 at once"]["answering"] > 0
    assert "tiny: shifted" in capsys.readouterr().out

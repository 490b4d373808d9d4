"""Made-up documents for trainings on many."""

from __future__ import annotations

import gzip
import json
import sys
from itertools import islice
from pathlib import Path

import pytest


def source(place: Path) -> Path:
    rows = [
        {"text": {"title": "Bees and hives", "abstract": "All of honey."}, "specific": ["bees"]},
        {"text": "Willow trees grow by the river in spring", "specific": ["trees", "water"]},
    ]
    with gzip.open(place / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return place


def test_documents_are_parts_of_those_with_their_labels(tmp_path: Path) -> None:
    import large

    made = list(large.make_documents(source(tmp_path), 300))
    assert [row["id"] for row in made] == [f"d{number}" for number in range(300)]
    words = {"bees": {"Bees", "and", "hives", "All", "of", "honey."}}
    words["trees"] = {"Willow", "trees", "grow", "by", "the", "river", "in", "spring"}
    known = 0
    for row in made:
        assert row["labels"] in (["bees"], ["trees", "water"])
        new = set(row["text"].split()) - words[row["labels"][0]]
        assert len(new) <= 1
        known += not new
    assert 150 < known < 300  # a fifth have a new word
    again = large.make_documents(tmp_path, 300)
    assert list(islice(again, 20)) == made[:20]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone tells of memory.")
def test_memory_is_measured_by_step() -> None:
    import large

    code = "import sys, time; print('reading', file=sys.stderr, flush=True); "
    code += "x = bytearray(80_000_000); time.sleep(1)"
    found = large.measure([sys.executable, "-c", code])
    assert found["steps"][1]["step"] == "reading"
    assert 80 < found["memory_mb"]["own"] < 200
    assert found["seconds"] > 1
    with pytest.raises(SystemExit, match="ended with 3"):
        large.measure([sys.executable, "-c", "raise SystemExit(3)"])

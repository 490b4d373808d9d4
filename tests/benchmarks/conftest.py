"""What the tests of the benchmarks share: the programs on the path, and a tiny dataset."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
EDGES = "animal\tROOT\nplant\tROOT\ncat\tanimal\ndog\tanimal\ntree\tplant\nmoss\tplant\n"
WORDS = {
    "cat": "purr whiskers mouse hunter",
    "dog": "bark leash bone loyal",
    "tree": "trunk leaves tall oak",
    "moss": "damp green stone low",
}


@pytest.fixture(autouse=True)
def _benchmarks_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCHMARKS)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    home = tmp_path / "data" / "tiny"
    home.mkdir(parents=True)
    (home / "taxonomy.tsv").write_text(EDGES, encoding="utf-8")
    rng = np.random.default_rng(3)
    for split, size in (("train", 60), ("valid", 24), ("test", 24)):
        with gzip.open(home / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(size):
                label = sorted(WORDS)[number % 4]
                words = rng.choice([*WORDS[label].split(), "the", "often"], size=6)
                parent = "animal" if label in ("cat", "dog") else "plant"
                row = {"id": str(number), "text": " ".join(words), "labels": [parent, label]}
                file.write(json.dumps(row) + "\n")
    return home.parent

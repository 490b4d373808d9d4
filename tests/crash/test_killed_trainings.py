"""Killed before any change of a file, a training is gone on with and gives the same model.

Nothing under a final name is ever half written, and nothing is left over in the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harnn.text import text_vectors_installed
from support.topics import TOPICS

DRIVER = Path(__file__).with_name("driver.py")
EVERYTHING = [
    "--set", "text.vectors=word2vec", "--set", "text.vectors_epochs=1",
    "--set", "model.text_vectors=" + ("on" if text_vectors_installed() else "off"),
    "--set", "model.members=2", "--set", "model.embedding_size=4", "--set", "model.lstm_size=4",
    "--set", "model.attention_size=4", "--set", "model.fc_size=4",
    "--set", "training.epochs=2", "--set", "training.precision=32",
]  # fmt: skip
"""Two networks, word vectors and vectors of whole texts: all that is kept when it is finished."""
FAST = ["--preset", "fast"]


def written(home: Path) -> list[str]:
    """Write documents and a taxonomy; return the arguments of a training on them."""
    lines = [
        json.dumps({"id": f"{label}{n}", "text": f"{words} {n}", "labels": [label]})
        for n in range(4)
        for label, words in TOPICS.items()
    ]
    data, taxonomy = home / "documents.jsonl", home / "taxonomy.tsv"
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    taxonomy.write_text("".join(f"{label}\tROOT\n" for label in TOPICS), encoding="utf-8")
    out = str(home / "work" / "model")
    arguments = ["train", "--taxonomy", str(taxonomy), "--out", out, "--set", "text.min_count=1"]
    return [*arguments, "--train", str(data), "--valid", str(data)]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["everything", "overwrite", "cache"])
def test_killed_before_every_change(case: str, tmp_path: Path) -> None:
    arguments = written(tmp_path)
    plan: dict[str, object] = {"home": str(tmp_path), "before": [], "again": ["--resume"]}
    if case == "everything":
        plan["command"] = [*arguments, *EVERYTHING]
    elif case == "cache":
        plan["command"] = [*arguments, *FAST, "--cache", str(tmp_path / "work" / "cache")]
    else:
        plan["before"] = [*arguments, *FAST, "--set", "training.seed=14"]
        plan["command"] = [*arguments, *FAST, "--overwrite"]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(path)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    assert found["count"] >= (60 if case == "everything" else 10)
    assert found["tried"] >= found["count"] // 2
    assert found["files"] >= 6
    assert {n: wrong for n, wrong in enumerate(found["results"], 1) if wrong} == {}

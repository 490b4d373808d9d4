"""The main job on real data; minutes of work, so only in ``make test-slow``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harnn.cli import run

DATA = Path(os.environ.get("HARNN_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
pytestmark = pytest.mark.slow


def folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"no {name} under HARNN_DATA (default ../shared/data)")
    return DATA / name


def scores_of(model: Path, data: Path) -> dict[str, float]:
    output = model.parent / "scores.json"
    assert run(["evaluate", str(model), "--data", str(data), "--json", str(output)]) == 0
    return dict(json.loads(output.read_text("utf-8")))


def test_mitre_attack_in_four_epochs(tmp_path: Path) -> None:
    home, model = folder("mitre-attack"), tmp_path / "model"
    arguments = ["--taxonomy", home / "taxonomy.tsv", "--train", home / "train.jsonl.gz",
                 "--valid", home / "valid.jsonl.gz", "--out", model]  # fmt: skip
    assert run(["train", *map(str, arguments), "--set", "training.epochs=4"]) == 0
    scores = scores_of(model, home / "test.jsonl.gz")
    assert scores["documents"] == 3_485
    assert scores["micro_f1"] > 0.70  # 0.794 with the default number of epochs


def test_index_records_without_a_taxonomy(tmp_path: Path) -> None:
    home, model = folder("patent-sample"), tmp_path / "model"
    learned = tmp_path / "taxonomy.json"
    files = [home / f"{name}_sample.json" for name in ("Train", "Validation", "Test")]
    data = [part for path in files for part in ("--data", str(path))]
    assert run(["taxonomy", *data, "--size", "subgroup=8364", "--output", str(learned)]) == 0
    arguments = ["--taxonomy", learned, "--train", files[0], "--valid", files[1], "--out", model]
    assert run(["train", *map(str, arguments), "--set", "training.epochs=2"]) == 0
    assert scores_of(model, files[2])["labels"] == 9 + 128 + 661 + 8_364

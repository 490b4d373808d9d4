"""What a worker of another system holds: batches and frames, a row for a row."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.config import DataConfig
from harnn.errors import BundleError, DocumentError
from harnn.prediction import Predictor
from harnn.scoring import SPARK_SCHEMA, Scorer, ScorerSettings, score_archive, score_frames
from harnn.scoring.on_ray import Attempts, PartitionActor
from harnn.scoring.planning import plan_files
from harnn.scoring.scorer import COLUMNS
from harnn.scoring.sources import find_sources
from support.archives import MODEL, write_archive

TEXTS = ["bees and honey", "a dripping tap", "", "soup"]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(MODEL, top_k=2)


def expected(texts: list[str], **options: Any) -> list[list[str]]:
    answers = Predictor.load(MODEL).predict(texts, **options)
    return [[label.label for label in answer.labels] for answer in answers]


def test_a_batch_of_ray(scorer: Scorer) -> None:
    batch = {"id": np.array(["a", "b", "c", "d"]), "text": np.array(TEXTS, dtype=object)}
    found = scorer(batch)
    assert tuple(found) == COLUMNS
    assert found["id"] == ["a", "b", "c", "d"]
    assert found["labels"] == expected(TEXTS, top_k=2)
    assert found["error"] == [None] * 4
    assert found["notes"][2] == ["empty_text"]
    assert scorer({"id": np.array([]), "text": np.array([])})["id"] == []


def test_a_row_without_an_answer_stays_a_row(scorer: Scorer) -> None:
    rows = scorer.rows([{"id": "a", "text": "bees"}, {"id": "b"}, {"id": "c", "text": "soup"}])
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert rows[1] == {
        "id": "b",
        "labels": None,
        "scores": None,
        "notes": None,
        "error": "item 2 of the list: has no text, expected 'text', or 'title' and 'abstract'.",
    }


def test_frames_as_spark_gives_them() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": ["a", "b", "c"], "text": ["bees", None, "soup"]})

    def frames() -> Iterator[Any]:
        yield frame
        yield frame.iloc[:0]
        yield frame.iloc[2:]

    score = score_frames(ScorerSettings(model=MODEL, decoding={"top_k": 1}))
    first, empty, last = score(frames())
    assert list(first["id"]) == ["a", "b", "c"]
    assert list(first["labels"])[::2] == expected(["bees", "soup"], top_k=1)
    assert "has no text" in first["error"][1]
    assert list(empty.columns) == list(COLUMNS)
    assert list(last["id"]) == ["c"]
    assert [each.split()[0] for each in SPARK_SCHEMA.split(", ")] == list(COLUMNS)
    other = pandas.DataFrame({"words": ["bees"]})
    with pytest.raises(DocumentError, match="text"):
        next(score(iter([other])))


def test_threads_are_set_before_anything_computes() -> None:
    code = (
        "import os; from harnn.scoring import Scorer; import torch; "
        f"s = Scorer({str(MODEL.parent / 'blend')!r}, threads=1); "
        "print(torch.get_num_threads(), os.environ['OMP_NUM_THREADS'], "
        "os.environ['RAYON_NUM_THREADS'])"
    )
    environment = {name: x for name, x in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["1", "1", "1"]


def test_an_actor_answers_partitions_and_tells_what_it_cannot(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 5)
    [file] = plan_files(find_sources([data]), 3, DataConfig())
    packed = [pickle.dumps(each) for each in file.partitions]
    actor = PartitionActor(ScorerSettings(model=MODEL), "jsonl")
    found = [pickle.loads(each) for each in actor({"partition": packed})["scored"]]
    assert [each.documents for each in found] == [3, 2]
    other = PartitionActor(ScorerSettings(model=MODEL, model_hash="0" * 64), "jsonl")
    [error] = [pickle.loads(each) for each in other({"partition": packed[:1]})["scored"]]
    assert isinstance(error, BundleError)
    assert "holds another model than where the work was begun, on " in str(error)


def test_attempts_are_counted_by_partition() -> None:
    attempts = Attempts()
    assert [attempts.begin(name) for name in "aaba"] == [1, 2, 1, 3]


def test_it_is_public() -> None:
    assert harnn.Scorer is Scorer
    assert harnn.score_archive is score_archive

"""What runs in a process of its own: training one model, or scoring with it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from accuracy.peers import Training, UnsuitableError, make_peer
from accuracy.reading import Dataset
from harnn._files import write_atomically

UNSUITABLE = 3
"""Exit code: the reason is in ``unsuitable.txt`` in the folder."""


def train_peer(dataset: Dataset, method: str, folder: Path, *, seed: int, threads: int) -> int:
    """Train *method* and leave its model in *folder*; return the exit code."""
    split = dataset.read("train")
    data = Training(split.texts, split.targets, dataset.taxonomy, seed, threads)
    try:
        make_peer(method).train(data, folder)
    except UnsuitableError as reason:
        (folder.parent / "unsuitable.txt").write_text(str(reason), encoding="utf-8")
        return UNSUITABLE
    return 0


def score(dataset: Dataset, method: str | None, folder: Path, output: Path, *, threads: int) -> int:
    """Score validation and test with the model in *folder*; a method of None is one of ours."""
    splits = {name: dataset.read(name) for name in ("valid", "test")}
    started = time.perf_counter()
    if method is None:
        from harnn import Predictor

        predictor = Predictor.load(folder)
        valid = predictor.scores(splits["valid"].documents).values
        loaded = time.perf_counter()
        test = predictor.scores(splits["test"].documents).values
        if predictor.taxonomy.codes != dataset.taxonomy.codes:
            raise SystemExit(f"{folder}: the model has other labels than {dataset.home}.")
    else:
        score_texts = make_peer(method).load(folder, threads=threads)
        valid = score_texts(splits["valid"].texts)
        loaded = time.perf_counter()
        test = score_texts(splits["test"].texts)
    seconds = time.perf_counter() - loaded
    with write_atomically(output.with_suffix(".npz"), "wb") as file:
        np.savez(file, valid=valid.astype(np.float32), test=test.astype(np.float32))
    speed: dict[str, Any] = {
        "load_and_valid_seconds": loaded - started,
        "documents_per_second": len(splits["test"].documents) / seconds,
    }
    with write_atomically(output.with_suffix(".json")) as file:
        json.dump(speed, file)
    return 0

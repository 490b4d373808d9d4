"""Models trained and asked on a device, with the seconds of every stage."""

from __future__ import annotations

import dataclasses
import gc
import tempfile
import time
from collections.abc import Sequence
from itertools import chain, cycle, islice, repeat
from pathlib import Path
from typing import Any

import numpy as np
from accuracy.reading import Dataset

import harnn
from harnn.config import Config
from harnn.data import Document, read_documents
from harnn.evaluation import report_scores
from harnn.prediction import Workers
from harnn.prediction.predictor import documents_at_once
from harnn.sample import sample
from harnn.training import Stage, Step

COMPARED = 200
"""Documents that the CPU scores too."""
REPEATED = 10
"""Times that the test documents are answered by several processes."""


class Stages:
    """Tells what happens, and when."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.found: list[tuple[float, str]] = []

    def __call__(self, event: object) -> None:
        if isinstance(event, Step):
            return
        told = event.message if isinstance(event, Stage) else str(event)
        self.found.append((time.perf_counter() - self.started, told))
        print(f"{self.found[-1][0]:7.1f} s  {told}")


def train_sample(device: str) -> dict[str, Any]:
    """Train on the embedded sample, so that what is compiled and loaded once is not timed later."""
    files = sample("en")
    stages = Stages()
    settings = [f"training.device={device}", "training.epochs=1", "model.text_vectors=off"]
    config = Config.read(None, settings)
    harnn.fit(files.load_taxonomy(), files.train, files.valid, config, listener=stages)
    return {"stages": stages.found}


def train_and_predict(
    dataset: Dataset, settings: Sequence[str], *, device: str, documents: int, workers: int
) -> dict[str, Any]:
    """Train, evaluate on the test documents, and compare the first of them with the CPU."""
    train, valid, test = (
        list(islice(read_documents(dataset.path(split)), documents or None))
        for split in ("train", "valid", "test")
    )
    stages = Stages()
    config = Config.read(None, list(settings))
    result = harnn.fit(dataset.taxonomy, train, valid, config, listener=stages)
    seconds = time.perf_counter() - stages.started
    history = [dataclasses.asdict(row) for row in result.history.rows]
    found: dict[str, Any] = {
        "settings": list(settings),
        "documents": {"train": len(train), "valid": len(valid), "test": len(test)},
        "training_seconds": seconds,
        "epochs": [(row["seconds"], row["documents_per_second"]) for row in history],
        "branches": result.ensemble.describe(),
        "stages": stages.found,
    }
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        harnn.save_bundle(result, model)
        del result
        found |= _predict(model, test, device)
        if workers:
            free_memory(device)
            found["workers"] = _predict_together(model, test, device, workers)
    return found


def _predict(model: Path, test: list[Document], device: str) -> dict[str, Any]:
    """Return the scores' metrics, the documents a second of each part, and how the CPU differs."""
    there, here = harnn.Predictor.load(model, device=device), harnn.Predictor.load(model)
    first = test[:COMPARED]
    near = here.scores(first).values
    there.scores(first)  # what is compiled or loaded at first
    started = time.perf_counter()
    corpus = there.encode_labelled(test)
    seconds = {"reading": time.perf_counter() - started}
    for branch in there.bundle.ensemble.branches:
        started = time.perf_counter()
        branch.logits(corpus)
        seconds[branch.name] = time.perf_counter() - started
    started = time.perf_counter()
    scores = there.score_corpus(corpus)
    seconds["all branches and the blend"] = time.perf_counter() - started
    report = report_scores(scores, corpus.targets, there.bundle.decoder, there.taxonomy)
    started = time.perf_counter()
    for _ in there.predict_stream(test):
        pass
    seconds["answers from texts"] = time.perf_counter() - started
    return {
        "test": {
            name: getattr(report, name) for name in ("micro_f1", "macro_f1", "auprc")
        },
        "predicting_seconds": seconds,
        "predicted_per_second": len(test) / seconds["answers from texts"],
        "largest_difference": float(np.abs(scores.values[:COMPARED] - near).max()),
    }  # fmt: skip


def _predict_together(
    model: Path, test: list[Document], device: str, workers: int
) -> dict[str, float]:
    """Return the documents that several processes answer a second, once all have begun."""
    options: dict[str, Any] = {"device": device} if device != "cpu" else {}
    many = chain.from_iterable(repeat(test, REPEATED))
    with Workers(model, workers, **options) as asked:
        block = documents_at_once(len(asked.bundle.taxonomy))
        started = time.perf_counter()
        for _ in asked.predict_stream(islice(cycle(test), workers * block)):
            pass  # each of them has loaded the model, and answered a block
        beginning = time.perf_counter() - started
        started = time.perf_counter()
        for _ in asked.predict_stream(many):
            pass
        seconds = time.perf_counter() - started
    rate = len(test) * REPEATED / seconds
    return {"processes": workers, "first_seconds": beginning, "documents_per_second": rate}


def free_memory(device: str) -> None:
    """Give back the device's memory that nothing holds: other processes want it."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()

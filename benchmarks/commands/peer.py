"""What a user of another library would run: one program that trains, one that answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from accuracy.peers import make_peer
from accuracy.reading import Dataset
from accuracy.worker import train_peer

from harnn._files import write_atomically
from harnn.config import DataConfig
from harnn.data import Document, read_documents
from harnn.decode import tune_threshold

_TEXTS_AT_ONCE = 1_024
_THRESHOLD = "threshold.json"


def train(dataset: Dataset, method: str, folder: Path, *, seed: int, threads: int) -> int:
    """Train *method*, choose its threshold on validation, leave both; return the exit code."""
    if code := train_peer(dataset, method, folder, seed=seed, threads=threads):
        return code
    valid = dataset.read("valid")
    scores = make_peer(method).load(folder, threads=threads)(valid.texts)
    values = dataset.taxonomy.hierarchy.propagate(scores.astype(np.float32))
    found = tune_threshold(values, valid.targets)
    (folder / _THRESHOLD).write_text(json.dumps(float(found.threshold)), encoding="utf-8")
    return 0


def predict(
    dataset: Dataset, method: str, folder: Path, documents: Path, output: Path, *, threads: int
) -> int:
    """Answer the file *documents* with JSON lines of ids and labels; return the exit code."""
    score_texts = make_peer(method).load(folder, threads=threads)
    threshold = json.loads((folder / _THRESHOLD).read_text(encoding="utf-8"))
    codes = np.array(dataset.taxonomy.codes, dtype=object)
    with write_atomically(output) as file:
        for block in _blocks(read_documents(documents, DataConfig())):
            scores = score_texts([document.full_text for document in block])
            chosen = dataset.taxonomy.hierarchy.propagate(scores.astype(np.float32)) >= threshold
            for document, row in zip(block, chosen, strict=True):
                answer = {"id": document.id, "labels": codes[row].tolist()}
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


def _blocks(items: Iterable[Document]) -> Iterator[list[Document]]:
    stream = iter(items)
    while block := list(islice(stream, _TEXTS_AT_ONCE)):
        yield block

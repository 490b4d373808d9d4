"""Trainings for several processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from harnn.config import Config
from harnn.data import Document
from support.child_processes import children_of_module
from support.topics import TAXONOMY, TOPICS

SETTINGS: dict[str, Any] = {
    "epochs": 2,
    "batch_size": 8,
    "precision": "32",
    "learning_rate": 0.02,
}
__all__ = ["SETTINGS", "TAXONOMY", "TRAIN", "VALID", "children", "config"]


def _documents(count: int, seed: int) -> list[Document]:
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(random.choice(list(TOPICS)))
        words = random.choice([*TOPICS[label].split(), "the", "a", "of"], size=9)
        made.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return made


TRAIN, VALID = _documents(33, 1), _documents(15, 2)


def config(training: dict[str, Any]) -> Config:
    """Return settings of a small network."""
    small = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
    return Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": small | {"text_vectors": "off", "leave_out": "off"},
            "training": training,
        }
    )


def children() -> list[int]:
    """Return the ranks that this process has started and that have not been waited for."""
    return children_of_module("harnn.training.following")

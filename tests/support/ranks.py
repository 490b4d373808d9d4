"""Trainings for several processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.config import Config
from harnn.data import Document
from harnn.taxonomy import Taxonomy
from harnn.training import Event, FitResult, Ranks, Stage, Step
from support.branches import networks_of
from support.child_processes import children_of_module
from support.topics import TAXONOMY, TOPICS

SETTINGS: dict[str, Any] = {
    "epochs": 2,
    "batch_size": 8,
    "precision": "32",
    "learning_rate": 0.02,
}
NOTHING: Mapping[str, Any] = MappingProxyType({})
LOSS = 2e-6
"""Of a loss about 7: sums of float32 in another order."""
__all__ = [
    "LOSS",
    "SETTINGS",
    "TAXONOMY",
    "TRAIN",
    "VALID",
    "Told",
    "assert_same",
    "children",
    "config",
    "fit",
    "fit_among",
    "furthest",
]


def _documents(count: int, seed: int) -> list[Document]:
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(random.choice(list(TOPICS)))
        words = random.choice([*TOPICS[label].split(), "the", "a", "of"], size=9)
        made.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return made


TRAIN, VALID = _documents(33, 1), _documents(15, 2)


def config(training: dict[str, Any], model: Mapping[str, Any] = NOTHING) -> Config:
    """Return settings of a small network."""
    small = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
    return Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": small | {"text_vectors": "off", "leave_out": "off"} | dict(model),
            "training": training,
        }
    )


def children() -> list[int]:
    """Return the ranks that this process has started and that have not been waited for."""
    return children_of_module("harnn.training.following")


class Told:
    """What a training tells; *act* is called after a step."""

    def __init__(self, step: int = 0, act: Callable[[], object] = lambda: None) -> None:
        self.stages: list[str] = []
        self.losses: list[float] = []
        self._step, self._act = step, act

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stage):
            self.stages.append(event.message)
        elif isinstance(event, Step):
            self.losses.append(event.loss)
            if event.step == self._step:
                self._act()


def fit_among(
    ranks: Ranks,
    told: Told,
    *,
    settings: dict[str, Any] = SETTINGS,
    model: Mapping[str, Any] = NOTHING,
    taxonomy: Taxonomy = TAXONOMY,
    **options: Any,
) -> FitResult:
    """Train among some processes."""
    given = config(settings, model)
    return harnn.fit(taxonomy, TRAIN, VALID, given, listener=told, ranks=ranks, **options)


def fit(count: int, told: Told, **options: Any) -> FitResult:
    """Train in so many processes."""
    with Ranks.local(count) as ranks:
        return fit_among(ranks, told, **options)


def furthest(one: FitResult, other: FitResult) -> float:
    """Return the largest difference between weights of the networks."""
    return max(
        float((left.state_dict()[name] - weights).abs().max())
        for left, right in zip(networks_of(one), networks_of(other), strict=True)
        for name, weights in right.state_dict().items()
    )


def assert_same(one: tuple[FitResult, Told], two: tuple[FitResult, Told]) -> None:
    """Make sure that two trainings are one and the same but for roundings."""
    (result, told), (other, shared) = one, two
    assert len(shared.losses) == len(told.losses) >= 10
    np.testing.assert_allclose(shared.losses, told.losses, atol=LOSS)
    assert furthest(result, other) < 1e-5  # with dropout: all drop what one drops
    columns = ("epoch", "steps", "auprc", "micro_f1", "padding")
    rows = [[row.to_dict() for row in x.history.rows] for x in (result, other)]
    for own, theirs in zip(*rows, strict=True):
        assert {x: own[x] for x in columns} == pytest.approx({x: theirs[x] for x in columns})

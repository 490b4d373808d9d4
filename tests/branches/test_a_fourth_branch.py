"""Adding a branch takes its folder, a line in KINDS, its trainer and its settings, nothing else.

The branch here, in one file where a real one has a folder, knows how often each label is given to
documents that begin with the same character: a view, logits, evidence and a stored form of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

import harnn
from harnn.branches import kinds
from harnn.branches.branch import Evidence, Parts, StoredModel
from harnn.config import Config
from harnn.corpus import Collector, Corpus, View, encode_unlabelled
from harnn.data import Document, given_documents
from harnn.training import fitting, plan
from harnn.training.task import Task, TrainedBranch
from support.topics import TAXONOMY, TOPICS

SIZE = 128


class FirstCharacters:
    """The view: the code of the first character of each text, (N,)."""

    def __init__(self) -> None:
        self.found: list[int] = []

    def collect(self) -> Collector:
        return FirstCharacters()

    def add(self, texts: Sequence[str]) -> None:
        self.found += [min(ord(text[0]), SIZE - 1) if text else 0 for text in texts]

    def finish(self) -> NDArray[np.int64]:
        return np.array(self.found, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class InitialBranch:
    """Logits of each label by the first character."""

    table: NDArray[np.float32]
    """(128, C)"""

    @property
    def name(self) -> str:
        return "initial"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {"first_characters": FirstCharacters()}

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        characters: NDArray[np.int64] = corpus.views["first_characters"]
        return np.asarray(self.table[characters])

    def explain(self, corpus: Corpus, row: int) -> Evidence:
        return Evidence(8)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        return Parts(arrays={"initial.table": self.table}, settings={"initial": SIZE})

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: harnn.Taxonomy) -> Self | None:
        if stored.settings.get("initial") is None:
            return None
        table = stored.under("initial")["table"]
        stored.check_label_count(stored.arrays_path, "initial branch", table.shape[1], taxonomy)
        return cls(table)


def train_initial(task: Task) -> TrainedBranch:
    """The trainer."""
    documents = given_documents(task.train.given, task.config.data)
    corpus = encode_unlabelled(documents, {"first_characters": FirstCharacters()})
    given = np.full((SIZE, len(task.taxonomy)), 0.1)
    np.add.at(given, corpus.views["first_characters"], task.train.corpus.targets.toarray())
    share = given / (given.max(axis=1, keepdims=True) + 0.2)
    branch = InitialBranch(np.log(share / (1 - share)).astype(np.float32))
    valid = encode_unlabelled(given_documents(task.valid.given, task.config.data), branch_views())
    return TrainedBranch(branch=branch, summary="a branch on initials", valid_views=valid.views)


def branch_views() -> dict[str, View]:
    return {"first_characters": FirstCharacters()}


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = kinds.Kind("initial", 1.0, InitialBranch.from_parts, "initial", {"initial": None})
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, kind))
    monkeypatch.setitem(fitting.TRAINERS, "initial", train_initial)
    before = plan.planned_branches

    def planned(*arguments: Any) -> tuple[str, ...]:
        """The settings: wanted in any case."""
        return (*before(*arguments), "initial")

    monkeypatch.setattr(plan, "planned_branches", planned)


def documents(count: int, seed: int) -> list[Document]:
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(random.choice(list(TOPICS)))
        words = random.choice([*TOPICS[label].split(), "the", "a", "of"], size=9)
        text = f"{label[0].upper()} {' '.join(words)}"
        made.append(Document(f"d{number}", {"text": text}, (label,), f"m:{number}"))
    return made


@pytest.mark.usefixtures("added")
def test_a_fourth_branch_takes_part_in_everything(tmp_path: Path) -> None:
    knobs = {"model": {"branches": "linear"}}
    train, valid = documents(60, 1), documents(20, 2)
    result = harnn.fit(TAXONOMY, train, valid, Config.from_dict(knobs))
    assert [branch.name for branch in result.ensemble.branches] == ["linear", "initial"]
    assert result.ensemble.blend is not None
    assert result.ensemble.blend.branches == ("linear", "initial")
    assert result.report.micro_f1 > 0.9
    assert "- a branch on initials" in (
        harnn.save_bundle(result, tmp_path / "model") / "README.md"
    ).read_text("utf-8")

    texts = ["C purring", "O timber", "", "zzz"]
    made, loaded = harnn.Predictor(result), harnn.Predictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.scores(texts).values, made.scores(texts).values)
    assert loaded.predict(texts) == made.predict(texts)
    assert loaded.evaluate(valid).to_dict() == made.evaluate(valid).to_dict()
    (cat,) = loaded.predict(["C"], top_k=2)[:1]
    assert [label.label for label in cat.labels] == ["animal", "cat"]
    explained = loaded.explain("C purring", top_k=1).labels[0]
    assert [word.word for word in explained.weights] == ["C", "purring"]
    assert [each.branch for each in explained.branches] == ["linear", "initial"]


def test_models_without_it_are_what_they_were(added: None, tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
    assert [b.name for b in harnn.load_bundle(golden).ensemble.branches] == ["linear"]
    del added, tmp_path

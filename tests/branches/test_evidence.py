"""Effects of words: what the whole ensemble says without them, against asking it outright."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

import harnn
from harnn.branches import Asked, Cascade, Ensemble, Evidence, evidence
from harnn.corpus import Corpus
from harnn.errors import BundleError

HOME = Path(__file__).parents[1] / "golden" / "format-3"
TEXT = "The bees in the hive filled a frame with pollen."
"""Of fewer words than the slowest branch is asked about one by one."""


def without_each_word(predictor: harnn.Predictor, spans: list[tuple[int, int]]) -> np.ndarray:
    """Return what each word does to the log odds (T, C) of all labels, asked one by one."""
    texts = [TEXT, *(f"{TEXT[:start]} {TEXT[end:]}" for start, end in spans)]
    odds = np.array([logit(predictor.scores([text]).values[0].astype(float)) for text in texts])
    effects: np.ndarray = odds[0] - odds[1:]
    return effects


@pytest.mark.parametrize("name", ["fast", "blend", "network", "paper", "blend-onnx"])
def test_effects_are_those_of_leaving_each_word_out(name: str) -> None:
    if name.endswith("onnx"):
        pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    predictor = harnn.Predictor.load(HOME / name)
    explained = predictor.explain(TEXT, top_k=4, top_1="never")
    spans = [(word.start, word.end) for word in explained.labels[0].weights]
    expected = without_each_word(predictor, spans)
    for item in explained.labels:
        column = predictor.taxonomy.index[item.through or item.predicted.label]
        found = [word.effect for word in item.weights]
        np.testing.assert_allclose(found, expected[:, column], atol=2e-3)
        positive = np.maximum(found, 0) + 1e-6
        weights = [word.weight for word in item.weights]
        np.testing.assert_allclose(weights, positive / positive.sum(), atol=1e-6)


def test_a_branch_adds_what_an_empty_text_in_its_place_takes_away() -> None:
    predictor = harnn.Predictor.load(HOME / "blend")
    ensemble = predictor.bundle.ensemble
    assert ensemble.blend is not None
    (item, *_) = predictor.explain(TEXT, top_k=1).labels
    column = np.array([predictor.taxonomy.index[item.through or item.predicted.label]])
    whole, empty = predictor._encode([_document(TEXT)]), predictor._encode([_document("")])
    outputs = {branch.name: branch.logits(whole) for branch in ensemble.branches}
    for branch, told in zip(ensemble.branches, item.branches, strict=True):
        assert told.branch == branch.name
        changed = outputs | {branch.name: branch.logits(empty)}
        lost = ensemble.blend.log_odds(outputs, column) - ensemble.blend.log_odds(changed, column)
        assert told.effect == pytest.approx(float(lost[0, 0]), abs=1e-4)


def _document(text: str) -> harnn.Document:
    return harnn.Document("1", {"text": text}, None, "")


def test_log_odds_are_those_of_the_probabilities() -> None:
    predictor = harnn.Predictor.load(HOME / "fast")
    blend = predictor.bundle.ensemble.blend
    assert blend is not None
    corpus = predictor._encode([_document(TEXT), _document("A walk in the hills.")])
    outputs = {x.name: x.logits(corpus) for x in predictor.bundle.ensemble.branches}
    whole = logit(blend.probabilities(outputs).astype(float))
    wanted = np.array([len(predictor.taxonomy) - 1, 0, 2])
    np.testing.assert_allclose(blend.log_odds(outputs, wanted), whole[:, wanted], atol=1e-4)
    assert blend.log_odds(outputs, wanted[:0]).shape == (2, 0)


@pytest.mark.parametrize("trials", [1, 3, 5])
def test_a_stretch_is_worth_what_its_words_are_together(
    trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer trials than words the effects of a branch add up to those of whole stretches."""
    predictor = harnn.Predictor.load(HOME / "network")
    (network,) = predictor.bundle.ensemble.branches
    corpus = predictor._encode([_document(TEXT)], explained=True)
    placed = corpus.views["placed_texts"][0]
    count = len(placed.spans)
    attention = network.explain(corpus, 0).attention
    assert attention is not None
    given = Evidence(trials, attention)
    monkeypatch.setattr(type(network), "explain", lambda *_: given)
    own = network.logits(corpus)

    def encode(_: Asked, texts: Sequence[str]) -> Corpus:
        return predictor._encode([_document(text) for text in texts])

    nothing = np.zeros((count, own.shape[1]), dtype=np.float32)
    found = evidence._ask(network, own, corpus, placed, encode, nothing)
    bounds = np.linspace(0, count, trials + 1).round().astype(int).tolist()
    for start, stop in itertools.pairwise(bounds):
        first, last = placed.spans[start][0], placed.spans[stop - 1][1]
        left = network.logits(encode(network, [f"{TEXT[:first]} {TEXT[last:]}"]))
        part = found.words[start:stop]
        np.testing.assert_allclose(part.sum(axis=0), (own - left)[0], atol=1e-4)
        assert ((part >= -1e-6).all(axis=0) | (part <= 1e-6).all(axis=0)).all()
    np.testing.assert_allclose(found.nothing, network.logits(encode(network, [""])), atol=1e-5)


def test_a_branch_that_reads_no_words_has_no_part_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = harnn.Predictor.load(HOME / "fast")
    (linear,) = predictor.bundle.ensemble.branches
    monkeypatch.setattr(type(linear), "explain", lambda *_: Evidence(0))
    (item, *_) = predictor.explain(TEXT, top_k=1).labels
    assert {word.effect for word in item.weights} == {0.0}
    assert [each.effect for each in item.branches] == [0.0]
    assert item.top(1)[0].weight == pytest.approx(1 / len(item.weights))


def test_effects_that_are_no_numbers_never_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = harnn.Predictor.load(HOME / "fast")
    blend = predictor.bundle.ensemble.blend
    assert blend is not None
    monkeypatch.setattr(
        type(blend),
        "log_odds",
        lambda _, __, wanted: np.full((1, len(wanted)), np.nan, dtype=np.float32),
    )
    with pytest.raises(BundleError) as caught:
        predictor.explain(TEXT, top_k=1)
    expected = "the model gives effects of words that are no numbers. It is damaged: train again."
    assert str(caught.value) == expected


def test_an_early_answer_is_explained_by_what_gave_it() -> None:
    predictor = harnn.Predictor.load(HOME / "blend")
    ensemble, corpus = predictor.bundle.ensemble, predictor._encode([_document(TEXT)])
    assert ensemble.blend is not None
    linear = ensemble.branch("linear")
    assert linear is not None
    early = harnn.Predictor.load(HOME / "fast").bundle.ensemble.blend
    assert early is not None
    for most_doubt, names in (
        (len(predictor.taxonomy), ["linear"]),
        (0.0, [branch.name for branch in ensemble.branches]),
    ):
        cascade = Cascade(early, float(most_doubt), 0.5)
        cascaded = Ensemble(ensemble.branches, ensemble.blend, cascade)
        blend, branches = cascaded.answering(corpus)
        assert [branch.name for branch in branches] == names
        assert blend is (early if len(names) == 1 else ensemble.blend)

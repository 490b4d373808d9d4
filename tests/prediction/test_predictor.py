"""Answers: usable, the same in any company, and as the options say."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import harnn
from harnn.branches import Blend
from harnn.data import Document
from harnn.errors import BundleError, ConfigError
from harnn.prediction.predictor import documents_at_once
from harnn.sample import sample
from support.sample_models import SMALL, TEXTS, fit_sample


@pytest.fixture(scope="module")
def predictor() -> harnn.Predictor:
    return harnn.Predictor.from_result(fit_sample(SMALL))


def test_predictions_are_closed_and_readable(predictor: harnn.Predictor) -> None:
    taxonomy = predictor.taxonomy
    for answer in predictor.predict(TEXTS, threshold=0.1):
        chosen = {label.label: label for label in answer.labels}
        for label in answer.labels:
            column = taxonomy.index[label.label]
            for parent in taxonomy.parents(column):
                assert chosen[taxonomy.codes[parent]].score >= label.score
            assert label.path[-1] == label.label
            assert label.level == taxonomy.levels[column] >= len(label.path)
            for child, parent in itertools.pairwise(reversed(label.path)):
                assert taxonomy.index[parent] in taxonomy.parents(taxonomy.index[child])
            assert label.name == taxonomy.names[column]


def test_top_k_and_threshold(predictor: harnn.Predictor) -> None:
    assert [len(a.labels) for a in predictor.predict(TEXTS, top_k=3)] == [3] * len(TEXTS)
    assert [len(a.labels) for a in predictor.predict(TEXTS, threshold=0.0)] == [
        len(predictor.taxonomy)
    ] * len(TEXTS)
    with pytest.raises(ConfigError, match="threshold and top_k exclude each other"):
        predictor.predict(TEXTS, top_k=1, threshold=0.5)


@pytest.mark.parametrize("given", [{"text": "bees"}, b"bees", {"bees", "honey"}, None, 5])
def test_what_is_no_list_of_texts(predictor: harnn.Predictor, given: Any) -> None:
    """A dictionary would be read as a list of its keys, and a set has no order."""
    for answer in (predictor.predict, predictor.scores):
        with pytest.raises(TypeError, match=r"^Expected a list of texts, got "):
            answer(given)


def test_one_text_and_a_list_of_texts_are_told_apart(predictor: harnn.Predictor) -> None:
    anything: Any = predictor
    one = r"^Expected a list of texts, got one: give \[text\]\.$"
    for ask in (anything.predict, anything.predict_stream, anything.scores):
        with pytest.raises(TypeError, match=one):
            ask("a text")
        with pytest.raises(TypeError, match=one):
            ask(Document("1", {"text": "a text"}, None, ""))
    with pytest.raises(TypeError, match=r"^Expected one text or harnn\.Document, got"):
        anything.explain(["a text"])
    with pytest.raises(TypeError, match=r"^Expected strings or harnn\.Document objects, got"):
        predictor.predict([anything])


def test_strategies_side_by_side(predictor: harnn.Predictor) -> None:
    valid = sample("en").valid
    reports = predictor.evaluate_strategies(valid, top_1="empty")
    names = [report.strategy for report in reports]
    assert names == ["threshold", "level", "label", "top_k", "f1", "deepest"]
    assert [report.used for report in reports] == [True, False, False, False, False, False]
    for report in reports:
        alone = predictor.evaluate(valid, strategy=report.strategy, top_1="empty").to_dict()
        numbers = report.to_dict()
        del numbers["strategy"], numbers["used"]
        assert numbers == pytest.approx({name: alone[name] for name in numbers})
        assert report.empty_predictions == 0


def test_notes_say_what_was_not_read(predictor: harnn.Predictor) -> None:
    answers = predictor.predict(TEXTS, top_k=3)
    unknown = (
        "No word of the text is known to the model: the answer rests on the vector of the whole "
        "text alone."
    )
    assert [answer.notes for answer in answers] == [
        (),
        (),
        ("The text has no words: the answer is what is most common.",),
        (unknown,),
        ("Only the first 40 of 180 words were read (text.max_length).",),
        (unknown,),
    ]
    codes = [(), (), ("empty_text",), ("unknown_words",), ("truncated",), ("unknown_words",)]
    assert [answer.note_codes for answer in answers] == codes
    assert "note_codes" not in answers[0].to_dict()
    assert answers[2].to_dict()["note_codes"] == ["empty_text"]


def test_notes_fit_the_labels_beside_them(predictor: harnn.Predictor) -> None:
    answers = predictor.predict(TEXTS, threshold=1.0)
    assert [answer.labels for answer in answers] == [()] * len(TEXTS)
    unknown = "No word of the text is known to the model: no label is sure enough."
    assert [answer.notes for answer in answers] == [
        (),
        (),
        ("The text has no words: no label is sure enough.",),
        (unknown,),
        ("Only the first 40 of 180 words were read (text.max_length).",),
        (unknown,),
    ]
    explained = predictor.explain(TEXTS[3], threshold=1.0)
    assert (explained.notes, explained.note_codes) == ((unknown,), ("unknown_words",))
    assert explained.to_dict()["note_codes"] == ["unknown_words"]


def test_scores_that_are_no_numbers_never_leave(
    predictor: harnn.Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities = Blend.probabilities

    def spoilt(blend: Blend, outputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        scores = probabilities(blend, outputs).copy()
        scores[0, 0] = np.nan
        return scores

    monkeypatch.setattr(Blend, "probabilities", spoilt)
    asks: tuple[Callable[[], object], ...] = (
        lambda: predictor.predict(TEXTS),
        lambda: predictor.scores(TEXTS),
        lambda: predictor.explain(TEXTS[0]),
        lambda: predictor.evaluate(sample("en").valid),
        lambda: predictor.evaluate_strategies(sample("en").valid),
        lambda: harnn.compare_models(predictor, predictor, sample("en").valid),
    )
    for ask in asks:
        with pytest.raises(BundleError) as caught:
            ask()
        assert str(caught.value) == (
            "the model gives scores that are no scores: Expected scores from 0 to 1, got nan to "
            "nan. Its weights are damaged, or its training diverged: train again."
        )


@settings(max_examples=15)
@given(st.permutations(range(len(TEXTS))), st.integers(1, len(TEXTS)))
def test_company_and_order_change_nothing(
    predictor: harnn.Predictor, order: list[int], count: int
) -> None:
    alone = np.concatenate([predictor.scores([text]).values for text in TEXTS])
    together = predictor.scores([TEXTS[i] for i in order[:count]]).values
    assert np.allclose(together, alone[order[:count]], atol=1e-5)


@pytest.mark.slow
def test_streams_keep_their_order(predictor: harnn.Predictor) -> None:
    documents = (Document(f"n{i}", {"text": TEXTS[i % 6]}, None, "") for i in range(5_000))
    ids = [answer.id for answer in predictor.predict_stream(documents, top_k=1)]
    assert ids == [f"n{i}" for i in range(5_000)]


@pytest.mark.parametrize(("labels", "documents"), [(1, 2_048), (16_384, 2_048), (100_000, 335)])
def test_many_labels_are_scored_for_fewer_documents_at_once(labels: int, documents: int) -> None:
    assert documents_at_once(labels) == documents
    assert documents_at_once(10**9) == 1


def test_documents_at_once_change_no_answer(
    predictor: harnn.Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = predictor.predict(TEXTS)
    most = 2 * len(predictor.taxonomy)
    monkeypatch.setattr("harnn.prediction.predictor._MOST_SCORES", most)
    for found, wanted in zip(predictor.predict(TEXTS), whole, strict=True):
        assert [x.label for x in found.labels] == [x.label for x in wanted.labels]
        for one, other in zip(found.labels, wanted.labels, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-5)


def test_explanations_sum_to_one(predictor: harnn.Predictor) -> None:
    explanation = predictor.explain(TEXTS[0], top_k=5)
    assert len(explanation.labels) == 5
    for item in explanation.labels:
        assert sum(word.weight for word in item.weights) == pytest.approx(1, abs=1e-5)
        assert all(TEXTS[0][word.start : word.end] == word.word for word in item.weights)
        assert item.top(1)[0].weight == max(word.weight for word in item.weights)
    assert predictor.explain("", top_k=2).labels[0].weights == ()
    assert len(predictor.explain(TEXTS[4], top_k=1).labels[0].weights) == 40

"""Documents with their answers, before they are in the database."""

from __future__ import annotations

import pytest

from harnn.data import Document
from harnn.prediction import Predictor
from harnn.review import EnqueueOptions, ModelState, Prepared, prepare
from harnn.review.preparing import title_of
from support.served import SMALL

TEXT = {
    "title": "A dripping tap",
    "body": "We fit a new washer to the kitchen tap and bled the radiators.",
}


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(SMALL)


def prepared(predictor: Predictor, *documents: Document, evidence: bool = True) -> list[Prepared]:
    state = ModelState("small", "a" * 64, predictor.taxonomy.version)
    options = EnqueueOptions(evidence=evidence)
    found = prepare(predictor, documents, model=state, options=options)
    return list(found)


def test_what_the_model_says_is_kept(predictor: Predictor) -> None:
    document = Document("1", TEXT)
    (found,) = prepared(predictor, document)
    (answer,) = predictor.predict([document])
    explanation = predictor.explain(document)
    assert found.document == document
    assert found.title == "A dripping tap"
    assert found.shown == {each.label: round(each.score, 6) for each in answer.labels}
    assert [each.label for each in found.labels] == list(found.shown)
    assert found.hint.count("%") == 2
    assert 0 < found.doubt < len(predictor.taxonomy)
    for label, explained in zip(found.labels, explanation.labels, strict=True):
        assert label.score == found.shown[label.label]
        assert label.threshold == pytest.approx(predictor.bundle.decoder.threshold, abs=1e-6)
        assert label.through == explained.through
        assert [near.label for near in label.runners_up] == [
            rival.scored.label for rival in explained.rivals
        ]
        strongest = max(explained.weights, key=lambda word: word.effect)
        assert strongest.word in {word.word for word in label.words}
        for word in label.words:
            assert TEXT[word.field][word.start : word.end] == word.word
        assert {word.field for word in label.words} <= set(TEXT)


def test_scores_do_not_depend_on_evidence_or_on_others(predictor: Predictor) -> None:
    document, other = Document("1", TEXT), Document("2", {"text": "Bees. " * 500})
    (alone,) = prepared(predictor, document, evidence=False)
    _, beside = prepared(predictor, other, document)
    assert alone.shown == beside.shown
    assert alone.doubt == pytest.approx(beside.doubt, abs=1e-5)
    assert all(not label.words and not label.runners_up for label in alone.labels)
    assert [label.threshold for label in alone.labels] == [
        label.threshold for label in beside.labels
    ]


def test_a_document_without_text(predictor: Predictor) -> None:
    (found,) = prepared(predictor, Document("1", {"text": ""}))
    assert found.title == ""
    assert found.notes


def test_a_document_of_too_many_labels_is_not_explained(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.review.preparing._MOST_EXPLAINED", 1)
    (found,) = prepared(predictor, Document("1", TEXT))
    count = len(found.labels)
    assert count > 1
    assert all(not label.words for label in found.labels)
    expected = f"No words are shown: it got {count} labels, at most 1 are explained."
    assert found.notes[-1] == expected


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ({"body": "A body.", "Title": "A title"}, None, "A title"),
        ({"body": "A body.", "title": "A title"}, "body", "A body."),
        ({"body": "A body.", "title": " "}, None, "A body."),
        ({"text": "\x00 two\nlines \u202e"}, None, "\\x00 two lines \\u202e"),
        ({"text": "word " * 100}, None, "word " * 31 + "word\u00a0…"),
        ({}, None, ""),
    ],
)
def test_titles(text: dict[str, str], field: str | None, expected: str) -> None:
    assert title_of(text, field) == expected


def test_many_labels_are_answered_in_smaller_blocks(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [Document(str(number), {"text": f"A tap, {number}."}) for number in range(5)]
    wanted = prepared(predictor, *documents, evidence=False)
    monkeypatch.setattr("harnn.prediction.predictor._MOST_SCORES", 2 * len(predictor.taxonomy))
    found = prepared(predictor, *documents, evidence=False)
    assert [each.document for each in found] == documents
    assert [each.shown.keys() for each in found] == [each.shown.keys() for each in wanted]

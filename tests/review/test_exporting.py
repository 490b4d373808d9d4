"""What becomes of reviewed documents: training documents, and figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from harnn.data import Document
from harnn.errors import DatabaseError, DocumentError, TaxonomyError
from harnn.review import (
    Correction,
    Corrections,
    Database,
    EnqueueOptions,
    Review,
    models_in_review,
    named,
    with_corrections,
)
from harnn.taxonomy import Taxonomy
from support.reviews import MODEL, TAXONOMY, opened, prepared

SEEN = EnqueueOptions(blind_share=0, second_share=0)
TWICE = EnqueueOptions(blind_share=0, second_share=1)
BLIND = EnqueueOptions(blind_share=1, second_share=0)


@pytest.fixture
def review(made: str) -> Iterator[Review]:
    with opened(made) as found:
        yield found


def read(review: Review, number: int, person: str, *actions: tuple[str, str]) -> None:
    version = review.item(number, person, "review").version
    for action, label in actions:
        version = review.decide(number, person, "review", version, action, label).version
    review.submit(number, person, "review", version)


AS_MODEL = (("accept", "apples"), ("accept", "cider"))
NONE = (("none_fits", ""),)


def test_settled_documents_are_exported(review: Review) -> None:
    one, two, _ = review.add([prepared("1"), prepared("2"), prepared("3")], options=SEEN).added
    read(review, two, "ann", *NONE)
    later = datetime.now(UTC)
    read(review, one, "ann", *AS_MODEL)
    found = [(document.id, document.labels) for document in review.reviewed()]
    assert found == [("2", ()), ("1", ("cider", "apples"))]
    assert [document.id for document in review.reviewed(later)] == ["1"]
    assert list(review.reviewed(later + timedelta(hours=1))) == []
    summary = review.summary("bob")
    assert (summary.done, summary.as_model, summary.none_fits, summary.mine) == (2, 1, 1, 0)


def test_a_document_of_two_models_comes_as_it_was_settled_last(review: Review) -> None:
    newer = dataclasses.replace(MODEL, hash="c" * 64)
    one, two = (review.add([prepared(model=x)], options=SEEN).added[0] for x in (MODEL, newer))
    read(review, two, "ann", *AS_MODEL)
    read(review, one, "ann", *NONE)
    assert [document.labels for document in review.reviewed()] == [()]
    assert review.item(two, "ann", "annotate").model_hash == newer.hash
    assert [entry.model_hash for entry in review.log(item=two)] == [newer.hash] * 4


def test_corrections_are_exported_too(made: str, review: Review) -> None:
    (one,) = review.add([prepared("1")], options=SEEN).added
    read(review, one, "ann", *AS_MODEL)
    text = prepared("1").document.text
    database = Database.open(made)
    corrections = Corrections(database)
    corrections.add(
        [
            Correction(document=Document("1", text, ("pears",)), model=MODEL, source="annif-learn"),
            Correction(
                document=Document("", {"text": "x"}, ("perry",)), model=MODEL, source="annif-learn"
            ),
        ]
    )
    found = list(named(with_corrections(review.reviewed(), corrections, MODEL.name)))
    assert [document.labels for document in found] == [("cider", "apples"), ("perry",)]
    assert all(document.id for document in found)
    database.close()


def test_how_two_readers_agree_and_are_swayed(review: Review) -> None:
    one, two = review.add([prepared("1"), prepared("2")], options=TWICE).added
    for person in ("ann", "bob"):
        read(review, one, person, *AS_MODEL)
    read(review, two, "ann", *AS_MODEL)
    read(review, two, "bob", *NONE)
    agreement = review.agreement()
    assert (agreement.documents, agreement.equal) == (2, 1)
    (three,) = review.add([prepared("3")], options=BLIND).added
    read(review, three, "ann", ("add", "pears"))
    audit = EnqueueOptions(audit=True)
    (four,) = review.add([prepared("4")], options=audit).added
    read(review, four, "ann", ("add", "pears"))
    anchoring = review.anchoring()
    assert (anchoring.shown.documents, anchoring.shown.as_model) == (2, 2)
    assert (anchoring.blind.documents, anchoring.blind.as_model) == (1, 0)
    assert {entry.part for entry in review.log(item=four)} == {"system", "audit"}


def test_shares_are_drawn_by_what_documents_say(review: Review) -> None:
    options = EnqueueOptions(blind_share=0.2, second_share=0.3, seed="a key")
    many = [prepared(str(n), f"text {n}") for n in range(200)]
    review.add(many[:100], options=options)
    review.add(many[100:], options=options)
    items = review.queue("ann", "annotate", limit=500)
    assert 20 <= sum(item.blind for item in items) <= 60
    assert 35 <= sum(item.second for item in items) <= 85
    assert [item.item for item in items[:3]] == [200, 199, 198], "the same doubt"
    blind = {item.id for item in items if item.blind}
    again = EnqueueOptions(blind_share=0.2, second_share=0, seed="a key")
    newer = dataclasses.replace(MODEL, hash="c" * 64)
    review.add([dataclasses.replace(each, model=newer) for each in many], options=again)
    items = review.queue("ann", "annotate", limit=200)
    assert {item.id for item in items if item.item > 200 and item.blind} <= blind
    some = review.queue("ann", "annotate", limit=3)
    rest = review.queue("ann", "annotate", limit=500, after=some[-1].item)
    assert [item.item for item in some] + [item.item for item in rest] == [
        item.item for item in review.queue("ann", "annotate", limit=500)
    ]


def test_a_second_reading_where_much_is_in_doubt(review: Review) -> None:
    options = EnqueueOptions(blind_share=0, second_share=0, second_doubt=2.0)
    review.add([prepared("1", doubt=1.9), prepared("2", doubt=2.0)], options=options)
    assert {item.id: item.second for item in review.queue("ann", "annotate")} == {
        "1": False,
        "2": True,
    }


def test_the_review_of_a_database(made: str, review: Review) -> None:
    database = Database.open(made)
    with pytest.raises(DatabaseError, match="has no documents of the model 'sampel' in review"):
        Review.of(database, "sampel")
    review.add([prepared()], options=SEEN)
    assert models_in_review(database) == {"sample": TAXONOMY.version}
    assert Review.of(database, "sample").labels()[0].name == "apples"
    with pytest.raises(DatabaseError, match=r"in review\. Did you mean 'sample'\?"):
        Review.of(database, "sampel")
    database.close()


def test_documents_that_cannot_be_added(review: Review) -> None:
    other = dataclasses.replace(MODEL, taxonomy_hash="f" * 64)
    bad = [prepared("n" * 256), prepared("2", model=other)]
    with pytest.raises(DocumentError) as caught:
        review.add([prepared("1"), *bad])
    assert [str(problem) for problem in caught.value.problems] == [
        "document 2: its id has 256 characters, at most 255 are kept.",
        "document 3: was answered by 'sample', not by 'sample' under its taxonomy now.",
    ]
    long = Taxonomy.from_edges([("x" * 701, "ROOT")])
    with pytest.raises(TaxonomyError) as refused:
        review.retire(long)
    expected = f"label '{'x' * 40}'…: can be kept in review with at most 700 characters."
    assert str(refused.value) == expected
    assert review.queue("ann", "annotate") == []
    assert review.head()[0] == 0

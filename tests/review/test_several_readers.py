"""What one reader's doings mean for others, and for the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harnn.review import EnqueueOptions, ItemView, Part, Review
from support.reviews import opened, prepared

TWICE = EnqueueOptions(blind_share=0, second_share=1)
BLIND = EnqueueOptions(blind_share=1, second_share=0)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    with opened(tmp_path / "review.db") as kept:
        yield kept


def submitted(review: Review, number: int, person: str, action: str, label: str = "") -> ItemView:
    part: Part = "annotate" if person == "ann" else "review"
    view = review.item(number, person, part)
    view = review.decide(number, person, part, view.version, action, label)
    return review.submit(number, person, part, view.version).view


def test_an_annotator_who_looks_does_not_hold_what_waits_for_a_reviewer(review: Review) -> None:
    (number,) = review.add([prepared()], options=TWICE).added
    submitted(review, number, "ann", "none_fits")
    assert review.item(number, "bob", "annotate").holder == ""
    assert submitted(review, number, "cyd", "none_fits").state == "done"


def test_a_blind_reading_that_was_taken_back_counts_as_neither(review: Review) -> None:
    number, other = review.add([prepared("1"), prepared("2")], options=BLIND).added
    for each in (number, other):
        done = submitted(review, each, "ann", "add", "apples")
    assert review.anchoring().blind.documents == 2
    view = review.undo(other, "ann", "annotate", done.version)
    review.submit(other, "ann", "annotate", view.version)
    found = review.anchoring()
    assert (found.shown.documents, found.blind.documents) == (0, 1)


def test_who_settles_by_the_reading_of_another_has_none_to_be_shown(review: Review) -> None:
    (number,) = review.add([prepared()], options=TWICE).added
    submitted(review, number, "ann", "none_fits")
    view = review.item(number, "cyd", "review")
    for label in ("apples", "cider"):
        view = review.decide(number, "cyd", "review", view.version, "accept", label)
    assert review.submit(number, "cyd", "review", view.version).view.state == "disputed"
    view = review.item(number, "dan", "review")
    settled = review.settle(number, "dan", view.version, take="ann").view
    assert (settled.state, settled.settled) == ("done", ())
    seen = review.item(number, "eve", "review")
    assert [each.person for each in seen.readings] == ["ann", "cyd"]


def test_notes_of_an_answer_are_hidden_with_it(review: Review) -> None:
    said = replace(prepared(), notes=("No words are shown: it got 312 labels.",))
    (number,) = review.add([said], options=BLIND).added
    assert review.item(number, "ann", "annotate").notes == ()
    assert submitted(review, number, "ann", "add", "apples").notes == said.notes

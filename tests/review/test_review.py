"""Documents that people read: from the queue to settled labels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from harnn.errors import ConflictError, MissingError, ReviewError
from harnn.review import EnqueueOptions, ItemView, Review
from support.reviews import SHOWN, opened, prepared

SEEN = EnqueueOptions(blind_share=0, second_share=0)
TWICE = EnqueueOptions(blind_share=0, second_share=1)
BLIND = EnqueueOptions(blind_share=1, second_share=0)


@pytest.fixture
def review(made: str) -> Iterator[Review]:
    with opened(made) as found:
        yield found


def decided(review: Review, number: int, person: str = "ann", *actions: str) -> ItemView:
    """Decide ``accept apples`` and the like."""
    view = review.item(number, person, "review")
    for each in actions:
        action, _, labels = each.partition(" ")
        label, _, other = labels.partition(" ")
        view = review.decide(number, person, "review", view.version, action, label, other)
    return view


ALL = ("accept apples", "accept cider")


def read(review: Review, number: int, person: str, *actions: str) -> ItemView:
    """Decide, and submit."""
    view = decided(review, number, person, *(actions or ALL))
    return review.submit(number, person, "review", view.version).view


def test_from_the_queue_to_settled_labels(review: Review) -> None:
    added = review.add([prepared("1", doubt=2), prepared("2", "Other text")], options=SEEN)
    assert (len(added.added), added.known) == (2, 0)
    queue = review.queue("ann", "annotate")
    assert [each.id for each in queue] == ["1", "2"]
    first = queue[0]
    assert (first.title, first.hint, first.doubt) == ("Title 1", "Cider making 58%", 2)
    view = review.item(first.item, "ann", "annotate")
    assert (view.part, view.state, view.version, view.holder) == ("annotate", "open", 0, "ann")
    assert view.undecided == ("garden", "drinks", "fruit", "cider", "apples")
    cider = next(label for label in view.labels if label.label == "cider")
    assert (cider.name, cider.score, cider.threshold) == ("Cider making", 0.58, 0.5)
    assert cider.path == ("drinks", "cider")
    assert [word.word for word in cider.words] == ["cider"]
    assert [near.label for near in cider.runners_up] == ["perry"]
    view = review.decide(first.item, "ann", "annotate", 0, "accept", "apples")
    assert view.undecided == ("drinks", "cider")
    view = review.decide(first.item, "ann", "annotate", view.version, "instead", "cider", "perry")
    done = review.submit(first.item, "ann", "annotate", view.version)
    assert (done.view.state, done.view.settled) == ("done", ("perry", "apples"))
    assert done.next == added.added[1]
    assert [entry.action for entry in done.view.entries] == [
        "enqueue",
        "accept",
        "instead",
        "submit",
    ]
    assert done.view.entries[2].before == ("apples",)
    assert done.view.entries[2].after == ("perry", "apples")
    assert done.view.entries[2].seen == SHOWN
    summary = review.summary("ann")
    assert (summary.total, summary.open, summary.done, summary.mine) == (2, 1, 1, 1)
    assert (summary.as_model, summary.none_fits) == (0, 0)
    assert summary.median_seconds is not None
    assert [(each.label, each.open, each.accepted, each.rejected) for each in review.labels()] == [
        ("apples", 1, 1, 0),
        ("cider", 1, 0, 1),
        ("drinks", 1, 1, 0),
        ("fruit", 1, 1, 0),
        ("garden", 1, 1, 0),
    ]


def test_documents_are_in_review_once(review: Review) -> None:
    assert review.add([prepared(), prepared("2")], options=SEEN).known == 0
    again = review.add([prepared(), prepared("2"), prepared("3")], options=SEEN)
    assert (len(again.added), again.known) == (1, 2)


def test_undo_gives_the_state_before(review: Review) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    with pytest.raises(ReviewError, match="there is nothing to undo"):
        review.undo(number, "ann", "annotate", 0)
    start = review.item(number, "ann", "annotate")
    one = decided(review, number, "ann", "accept apples")
    two = decided(review, number, "ann", "reject cider")
    back = review.undo(number, "ann", "annotate", two.version)
    assert [label.mark for label in back.labels] == [label.mark for label in one.labels]
    back = review.undo(number, "ann", "annotate", back.version)
    assert [label.mark for label in back.labels] == [label.mark for label in start.labels]
    done = read(review, number, "ann")
    assert done.state == "done"
    back = review.undo(number, "ann", "annotate", done.version)
    assert (back.state, back.settled, back.undecided) == ("open", None, ())
    assert review.labels()[0].open == 1
    back = review.undo(number, "ann", "annotate", back.version)
    assert back.undecided == ("drinks", "cider")
    assert review.verify() == []


def test_two_windows_and_two_people(review: Review) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    view = decided(review, number, "ann", "accept apples")
    with pytest.raises(ConflictError, match=r"You changed it at .* UTC. Look at it as it is now"):
        review.decide(number, "ann", "annotate", 0, "accept", "cider")
    with pytest.raises(ConflictError, match=r"ann has had this document open since .* UTC. Take"):
        review.decide(number, "bob", "annotate", 0, "accept", "cider")
    assert review.item(number, "bob", "annotate").holder == "ann"
    view = read(review, number, "ann")
    with pytest.raises(ConflictError, match=r"You submitted this document at .* Undo takes it b"):
        review.decide(number, "ann", "annotate", view.version, "accept", "cider")
    with pytest.raises(ConflictError, match=r"ann submitted this document at .* UTC. See both"):
        review.decide(number, "bob", "annotate", 0, "accept", "cider")
    with pytest.raises(ReviewError, match="there is no document 99 in review"):
        review.item(99, "ann", "annotate")


def test_two_readings_that_agree(review: Review) -> None:
    (number,) = review.add([prepared()], options=TWICE).added
    assert read(review, number, "ann").state == "annotated"
    assert review.queue("bob", "annotate") == []
    assert [each.state for each in review.queue("bob", "review")] == ["annotated"]
    assert review.queue("ann", "review") == []
    with pytest.raises(ConflictError, match=r"ann submitted this document"):
        review.decide(number, "bob", "annotate", 0, "accept", "cider")
    view = review.item(number, "bob", "review")
    assert (view.part, [each.person for each in view.readings]) == ("review", ["ann"])
    done = read(review, number, "bob")
    assert (done.state, done.settled) == ("done", ("cider", "apples"))


def test_two_readings_that_differ_are_settled_by_a_third(review: Review) -> None:
    (number,) = review.add([prepared()], options=TWICE).added
    read(review, number, "ann", "accept apples", "accept cider", "add pears")
    view = review.item(number, "bob", "review")
    assert "pears" in view.undecided, "what the first reader added is to be decided"
    assert read(review, number, "bob", *ALL, "reject pears").state == "disputed"
    with pytest.raises(ReviewError, match="you have read this document: somebody else must settl"):
        review.settle(number, "ann", review.item(number, "ann", "review").version)
    with pytest.raises(ReviewError, match="'eve' has not submitted this document"):
        review.settle(number, "cyd", 0, take="eve")
    done = review.settle(number, "cyd", 0, take="ann").view
    assert (done.state, done.settled) == ("done", ("cider", "apples", "pears"))
    assert done.entries[-1].text == "as ann read it"
    back = review.undo(number, "cyd", "review", done.version)
    assert back.state == "disputed"
    own = decided(review, number, "cyd", "accept apples", "reject drinks", "reject pears")
    done = review.submit(number, "cyd", "review", own.version).view
    assert (done.state, done.settled) == ("done", ("apples",))


def test_one_of_two_settles_where_nobody_else_may(review: Review) -> None:
    (number,) = review.add([prepared()], options=TWICE).added
    read(review, number, "ann")
    view = read(review, number, "bob", "accept apples", "reject drinks")
    done = review.settle(number, "bob", view.version, take="ann", alone=True).view
    assert done.settled == ("cider", "apples")
    expected = "as ann read it; settled by a reader of it, as nobody else may"
    assert done.entries[-1].text == expected
    back = review.undo(number, "bob", "review", done.version)
    assert (back.state, [each.person for each in back.readings]) == ("disputed", ["ann", "bob"])


def test_who_is_alone_need_not_wait_for_a_second_reading(review: Review) -> None:
    (number,) = review.add([prepared()], options=TWICE).added
    view = read(review, number, "ann")
    with pytest.raises(ReviewError, match="nobody disagrees about this document"):
        review.settle(number, "ann", view.version)
    done = review.settle(number, "ann", view.version, alone=True).view
    assert (done.state, done.settled) == ("done", ("cider", "apples"))
    assert done.entries[-1].text == "settled by a reader of it, as nobody else may"
    back = review.undo(number, "ann", "review", done.version)
    assert back.state == "annotated"
    back = review.undo(number, "ann", "review", back.version)
    assert back.state == "open"
    assert review.verify() == []


def test_a_blind_document_shows_nothing_before_it_is_submitted(review: Review) -> None:
    numbers = review.add([prepared(), prepared("2")], options=BLIND).added
    (item, _) = review.queue("ann", "annotate")
    assert (item.blind, item.hint, item.doubt, item.value) == (True, "", None, None)
    assert review.queue("ann", "annotate", label="cider") == []
    assert review.labels() == []
    view = review.item(numbers[0], "ann", "annotate")
    assert (view.hidden, view.labels, view.entries) == (True, (), ())
    with pytest.raises(ReviewError, match=r"Nothing is decided. Add a label, or say that none"):
        review.submit(numbers[0], "ann", "annotate", 0)
    view = decided(review, numbers[0], "ann", "add cider")
    assert [(each.label, each.score) for each in view.labels] == [("drinks", None), ("cider", None)]
    done = review.submit(numbers[0], "ann", "annotate", view.version).view
    assert (done.hidden, done.settled) == (False, ("cider",))
    scores = {each.label: (each.mark, each.score) for each in done.labels}
    assert scores["cider"] == ("added", 0.58)
    assert scores["apples"] == ("", 0.6)
    back = review.undo(numbers[0], "ann", "annotate", done.version)
    assert not back.hidden, "they know it now"


def test_aside_and_open_again(review: Review) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    view = decided(review, number, "ann", "accept apples")
    aside = review.set_aside(number, "ann", "annotate", view.version)
    assert (aside.view.state, aside.next) == ("set_aside", None)
    with pytest.raises(ConflictError, match=r"ann set this document aside at .* Reopen it first"):
        review.decide(number, "bob", "annotate", 0, "accept", "cider")
    assert [each.item for each in review.queue("bob", "annotate", state="set_aside")] == [number]
    view = review.reopen(number, "ann", "annotate", aside.view.version)
    assert (view.state, view.undecided) == ("open", ("drinks", "cider"))
    done = read(review, number, "ann", "accept cider")
    with pytest.raises(ReviewError, match="this document is done: a reviewer may open it again"):
        review.reopen(number, "bob", "annotate", 0)
    view = review.reopen(number, "cyd", "review", 0)
    assert (view.state, view.settled, view.holder) == ("open", None, "cyd")
    with pytest.raises(ReviewError, match="this document is open"):
        review.reopen(number, "cyd", "review", 0)
    own = review.item(number, "ann", "annotate")
    assert own.version > done.version
    with pytest.raises(ConflictError, match=r"cyd changed it at .* UTC"):
        review.undo(number, "ann", "annotate", done.version)


def test_groups_are_decided_and_undone_together(review: Review) -> None:
    numbers = review.add([prepared(str(n), f"cider {n}") for n in range(4)], options=SEEN).added
    decided(review, numbers[3], "bob", "accept apples")
    wanted = [(number, 0) for number in (*numbers, 77)]
    found = review.decide_group(wanted, "reject", "cider", "ann", "annotate")
    assert found.decided == numbers[:3]
    assert [number for number, _ in found.refused] == [numbers[3], 77]
    assert found.refused[0][1].startswith("bob has had this document open since")
    read(review, numbers[0], "ann", "accept apples", "reject drinks")
    decided(review, numbers[1], "ann", "accept apples")
    with pytest.raises(ReviewError, match=r"there are no decisions '.*' of yours to undo"):
        review.undo_group(found.group, "bob", "annotate")
    alone = review.decide_group(
        [(numbers[2], review.item(numbers[2], "ann", "annotate").version)],
        "reject",
        "apples",
        "ann",
        "annotate",
    )
    version = review.item(numbers[2], "ann", "annotate").version
    review.undo(numbers[2], "ann", "annotate", version)
    with pytest.raises(ReviewError, match=r"there are no decisions '.*' of yours to undo"):
        review.undo_group(alone.group, "ann", "annotate")
    undone = review.undo_group(found.group, "ann", "annotate")
    assert undone.decided == numbers[1:3]
    assert [number for number, _ in undone.refused] == [numbers[0]]
    view = review.item(numbers[1], "ann", "annotate")
    assert view.undecided == ("drinks", "cider")
    assert review.item(numbers[2], "ann", "annotate").undecided != ("drinks", "cider")


def test_comments(review: Review) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    view = review.comment(number, "bob", "annotate", "See rule 14. \x00")
    assert (view.version, view.entries[-1].text) == (0, "See rule 14. \x00")
    for text, expected in ((" ", "the comment is empty"), ("x" * 10_001, "has 10,001 characters")):
        with pytest.raises(ReviewError, match=expected):
            review.comment(number, "bob", "annotate", text)


def test_shared_evidence(review: Review) -> None:
    texts = ["The apple orchard blooms.", "An APPLE orchard, grafted.", "Ripe apple, cider."]
    numbers = review.add(
        [prepared(str(n), text.replace("APPLE", "apple")) for n, text in enumerate(texts)],
        options=SEEN,
    ).added
    review.add([prepared("blind", "One more apple orchard.")], options=BLIND)
    (found,) = review.evidence()
    assert (found.word, found.label, found.documents, found.right) == ("apple", "apples", 3, 0)
    view = review.evidence_groups(found.key, "ann")
    lines = [line for group in view.groups for line in group.lines]
    assert sorted(line.item for line in lines) == list(numbers)
    assert (view.word, view.name, lines[0].word, view.left_out) == ("apple", "apples", "apple", 0)
    wanted = [(line.item, line.version) for line in lines]
    review.decide_group(wanted[:1], "accept", "apples", "ann", "annotate")
    view = review.evidence_groups(found.key, "ann")
    assert sum(len(group.lines) for group in view.groups) == 2, "what is decided is gone"
    assert sum(len(x.lines) for x in review.evidence_groups(found.key, "bob").groups) == 3
    read(review, numbers[0], "ann")
    (found,) = review.evidence()
    assert (found.documents, found.right, found.wrong) == (2, 1, 0)
    assert sum(group.agreed for group in review.evidence_groups(found.key, "ann").groups) == 1
    with pytest.raises(ReviewError, match=f"there is no word '{'0' * 24}' in review"):
        review.evidence_groups("0" * 24, "ann")


def test_what_no_database_takes(review: Review) -> None:
    review.add([prepared()], options=SEEN)
    with pytest.raises(ReviewError, match=r"its person has characters that cannot be shown: "):
        review.item(1, "a\x00", "annotate")
    with pytest.raises(ReviewError, match=r"its key has characters that cannot be shown: "):
        review.evidence_groups("\ud800", "ann")
    with pytest.raises(ReviewError, match=r"its group has 256 characters, at most 255 are kept"):
        review.undo_group("x" * 256, "ann", "annotate")
    for label in ("\x00\ud800", "vinegar"):
        with pytest.raises(MissingError) as caught:
            review.queue("ann", "annotate", label=label)
        assert str(caught.value) == f"no label has the code {label!r}."
    with pytest.raises(MissingError) as caught:
        review.queue("ann", "annotate", label="apple")
    assert str(caught.value) == "no label has the code 'apple'. Did you mean 'apples'?"
    for number in (1 << 31, 1 << 70):
        with pytest.raises(ReviewError, match=f"there is no document {number:,} in review"):
            review.item(number, "ann", "annotate")
        with pytest.raises(ReviewError, match=f"there is no document {number:,} in review"):
            review.queue("ann", "annotate", after=number)
        assert review.log(number) == []
        with pytest.raises(MissingError, match=f"there is no document {number:,} in review"):
            review.log(item=number)
    assert review.log(1, item=1) == []  # it has entries, and none behind that one
    for limit in (0, 501):
        with pytest.raises(ReviewError, match=f"got the limit {limit}, expected 1 to 500"):
            review.queue("ann", "annotate", limit=limit)
    for action, label in (("aceppt", "apples"), ("accept", "appels"), ("accept", "\x00")):
        with pytest.raises(ReviewError, match=r"Got the action|is not in the taxonomy"):
            review.decide(1, "ann", "annotate", 0, action, label)
    assert review.head()[0] == 1


def test_a_claim_runs_out(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    monkeypatch.setattr("harnn.review.turn.HOLD", timedelta(seconds=-1))
    left = decided(review, number, "ann", "accept apples")
    assert review.item(number, "bob", "annotate", claim=False).holder == ""
    monkeypatch.undo()
    assert read(review, number, "bob").state == "done"
    with pytest.raises(ConflictError, match=r"bob submitted this document at .* UTC. See both"):
        review.decide(number, "ann", "annotate", left.version, "accept", "cider")
    (item,) = review.queue("ann", "annotate", state="done")
    assert item.holder == ""


def test_the_place_of_a_blind_document_tells_nothing(review: Review) -> None:
    review.add([prepared(str(n), f"{n}", doubt=n) for n in range(20)], options=SEEN)
    blind = [prepared(f"b{n}", f"b{n}", doubt=100) for n in range(20)]
    review.add(blind, options=EnqueueOptions(blind_share=1, second_share=0, seed="a key"))
    queue = review.queue("ann", "annotate")
    places = [place for place, item in enumerate(queue) if item.blind]
    assert min(places) < 10 < 30 < max(places)
    assert [item.id for item in review.queue("ann", "annotate", order="newest", limit=2)] == [
        "b19",
        "b18",
    ]
    with pytest.raises(ReviewError, match="got the order 'age', expected doubt, value or newest"):
        review.queue("ann", "annotate", order="age")  # type: ignore[arg-type]

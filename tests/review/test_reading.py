from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.errors import ReviewError
from harnn.review.reading import ACTIONS, Reading, fold
from harnn.taxonomy import Taxonomy
from support.slow_reading import SlowReading

TREE = Taxonomy.from_edges(
    [
        ("G", "ROOT"),
        ("F", "ROOT"),
        ("G4", "G"),
        ("G2", "G"),
        ("F6", "F"),
        ("Apples", "G4"),
        ("Pears", "G4"),
        ("Pruning", "G2"),
        ("Cider", "F6"),
        ("Perry", "F6"),
        ("Espaliers", "Pruning"),
    ]
)
SHOWN = {
    "G": 0.98,
    "F": 0.88,
    "G4": 0.97,
    "G2": 0.71,
    "F6": 0.84,
    "Apples": 0.9,
    "Pruning": 0.66,
    "Cider": 0.58,
    "Espaliers": 0.52,
}
DAG = Taxonomy.from_edges(
    [("A", "ROOT"), ("B", "ROOT"), ("AB", "A"), ("AB", "B"), ("X", "AB"), ("A1", "A")]
)
DAG_SHOWN = {"A": 0.9, "B": 0.6, "AB": 0.6, "X": 0.5, "A1": 0.4}


@dataclass(frozen=True)
class Decided:
    action: str
    label: str = ""
    other: str = ""


def after(taxonomy: Taxonomy, shown: dict[str, float], *decisions: tuple[str, ...]) -> Reading:
    return folded(taxonomy, shown, [Decided(*decision) for decision in decisions])


def folded(taxonomy: Taxonomy, shown: dict[str, float], decisions: list[Decided]) -> Reading:
    return fold(Reading.start(taxonomy, shown), decisions)


def tree(*decisions: tuple[str, ...]) -> Reading:
    return after(TREE, SHOWN, *decisions)


def dag(*decisions: tuple[str, ...]) -> Reading:
    return after(DAG, DAG_SHOWN, *decisions)


def test_at_first_everything_is_undecided() -> None:
    reading = tree()
    assert set(reading.marks.values()) == {"undecided"}
    assert reading.undecided == tuple(reading.marks) == tuple(c for c in TREE.codes if c in SHOWN)
    assert reading.labels == reading.most_specific == ()
    assert not reading.none_fits
    assert reading.nothing_deeper == frozenset()


def test_missing_ancestors_are_shown_with_the_best_score_below() -> None:
    reading = Reading.start(TREE, {"Apples": 0.9, "Pears": 0.95, "G": 0.5})
    assert tuple(reading.marks) == ("G", "G4", "Apples", "Pears")
    assert reading.scores[TREE.index["G4"]] == 0.95
    assert reading.scores[TREE.index["G"]] == 0.5


def test_accepting_closes_upward() -> None:
    reading = tree(("accept", "Apples"))
    assert reading.marks["Apples"] == "accepted"
    assert reading.marks["G4"] == reading.marks["G"] == "implied"
    assert reading.labels == ("G", "G4", "Apples")
    assert reading.most_specific == ("Apples",)
    assert reading.undecided == ("F", "G2", "F6", "Pruning", "Cider", "Espaliers")


def test_accepting_takes_back_rejected_ancestors() -> None:
    reading = tree(("reject", "F"), ("accept", "Cider"))
    assert [reading.marks[x] for x in ("F", "F6", "Cider")] == ["implied", "implied", "accepted"]


def test_what_stands_below_a_rejected_label_goes_with_it() -> None:
    reading = tree(("reject", "F"))
    assert [reading.marks[x] for x in ("F", "F6", "Cider")] == ["rejected"] + ["with_parent"] * 2
    again = reading.decide("accept", "F")
    assert [again.marks[x] for x in ("F", "F6", "Cider")] == ["accepted"] + ["undecided"] * 2


def test_a_rejected_child_leaves_its_parent_open() -> None:
    implied = tree(("accept", "Cider"), ("reject", "Cider"))
    assert implied.marks["F6"] == "undecided"
    accepted = tree(("accept", "F6"), ("reject", "Cider"))
    assert accepted.marks["F6"] == "accepted"


def test_rejecting_takes_back_what_was_right_below() -> None:
    reading = tree(("accept", "Cider"), ("add", "Perry"), ("reject", "F"))
    assert reading.marks["Cider"] == reading.marks["Perry"] == "with_parent"
    assert reading.labels == ()


def test_too_specific_takes_the_parent_and_nothing_deeper() -> None:
    reading = tree(("up", "Espaliers"))
    assert reading.marks["Espaliers"] == "rejected"
    assert reading.marks["Pruning"] == "moved_up"
    assert reading.marks["G2"] == "implied"
    assert reading.nothing_deeper == {"Pruning"}
    assert reading.most_specific == ("Pruning",)


def test_moving_up_leaves_other_children_open() -> None:
    shown = SHOWN | {"Perry": 0.5}
    reading = after(TREE, shown, ("up", "Cider"))
    assert (reading.marks["F6"], reading.marks["Perry"]) == ("moved_up", "undecided")
    assert reading.nothing_deeper == frozenset()  # nobody has said so of Perry
    assert reading.decide("reject", "Perry").nothing_deeper == {"F6"}
    right = reading.decide("accept", "Perry")
    assert (right.marks["F6"], right.nothing_deeper) == ("moved_up", frozenset())
    assert right.decide("reject", "Perry").nothing_deeper == frozenset()  # that was taken back


def test_moving_up_keeps_what_is_right_beside() -> None:
    reading = tree(("add", "Perry"), ("up", "Cider"))
    assert reading.marks["Perry"] == "added"
    assert reading.most_specific == ("Perry",)
    assert reading.nothing_deeper == frozenset()


def test_too_general_takes_the_best_child_shown() -> None:
    reading = tree(("accept", "G"), ("down", "G"))
    assert reading.marks["G"] == "implied"
    assert reading.marks["G4"] == "accepted"  # 97% before 71%
    assert tree(("reject", "G4"), ("down", "G")).marks["G2"] == "accepted"
    named = tree(("down", "F6", "Perry"))
    assert (named.marks["Perry"], named.marks["F6"]) == ("added", "implied")


def test_a_runner_up_takes_the_place() -> None:
    reading = tree(("instead", "Cider", "Perry"))
    assert (reading.marks["Cider"], reading.marks["Perry"]) == ("rejected", "added")
    assert reading.labels == ("F", "F6", "Perry")


def test_nothing_deeper_rejects_all_below() -> None:
    reading = tree(("accept", "Espaliers"), ("no_deeper", "G2"))
    assert reading.marks["G2"] == "accepted"
    assert reading.marks["Pruning"] == reading.marks["Espaliers"] == "rejected"
    assert reading.nothing_deeper == {"G2"}
    assert reading.marks["Apples"] == "undecided"
    taken_later = reading.decide("accept", "Espaliers")
    assert taken_later.nothing_deeper == frozenset()
    assert taken_later.marks["Pruning"] == "implied"


def test_nothing_deeper_of_a_label_moved_up_to_keeps_its_mark() -> None:
    assert tree(("up", "Cider"), ("no_deeper", "F6")).marks["F6"] == "moved_up"


def test_nothing_deeper_of_an_added_label() -> None:
    reading = after(TREE, {}, ("add", "F6"), ("no_deeper", "F6"))
    assert reading.marks == {"F": "implied", "F6": "added"}
    assert reading.nothing_deeper == {"F6"}


def test_no_label_fits_is_a_decision() -> None:
    reading = tree(("accept", "Cider"), ("none_fits",))
    assert set(reading.marks.values()) == {"rejected"}
    assert (reading.labels, reading.undecided, reading.none_fits) == ((), (), True)
    taken_back = reading.decide("accept", "Cider")
    assert not taken_back.none_fits
    assert taken_back.marks["G"] == "rejected"  # that was said, and still is
    assert taken_back.labels == ("F", "F6", "Cider")
    assert not reading.decide("clear", "Cider").none_fits


def test_clearing_opens_a_label_again() -> None:
    reading = tree(("accept", "Cider"), ("clear", "Cider"))
    assert reading == tree()
    assert tree(("reject", "F"), ("clear", "F")) == tree()
    assert tree(("accept", "Cider"), ("clear", "F6")) == tree(("accept", "Cider"))  # only implied


def test_an_added_label_stays_on_the_sheet_until_it_is_cleared() -> None:
    shown = {"G": 0.9}
    added = after(TREE, shown, ("add", "Cider"))
    assert added.marks == {"G": "undecided", "F": "implied", "F6": "implied", "Cider": "added"}
    rejected = added.decide("reject", "Cider")
    assert rejected.marks == {"G": "undecided", "Cider": "rejected"}
    assert added.decide("clear", "Cider") == after(TREE, shown)
    with_parent = added.decide("reject", "F")
    assert with_parent.marks["F6"] == with_parent.marks["Cider"] == "with_parent"
    open_again = with_parent.decide("accept", "F")
    assert open_again.marks == {"G": "undecided", "F": "added", "Cider": "undecided"}
    assert open_again.undecided == ("G", "Cider")


def test_adding_a_label_that_is_shown_accepts_it() -> None:
    assert tree(("add", "Cider")) == tree(("accept", "Cider"))


def test_a_label_with_several_parents_brings_all_of_them() -> None:
    reading = dag(("accept", "X"))
    assert reading.labels == ("A", "B", "AB", "X")
    assert reading.marks["A1"] == "undecided"


def test_rejecting_one_of_two_parents_opens_what_is_below() -> None:
    reading = dag(("accept", "X"), ("reject", "B"))
    assert reading.labels == ()  # X cannot stand without B
    assert reading.marks["AB"] == reading.marks["X"] == "undecided"  # and is not a no for it
    both = reading.decide("reject", "A")
    assert both.marks["AB"] == both.marks["X"] == both.marks["A1"] == "with_parent"


def test_of_several_parents_the_best_is_taken_unless_one_is_named() -> None:
    assert dag(("up", "AB")).marks["A"] == "moved_up"
    assert dag(("up", "AB", "B")).marks["B"] == "moved_up"
    assert dag(("up", "AB", "B")).marks["A"] == "undecided"


def test_entries_without_what_they_rest_on_decide_nothing() -> None:
    entries = [Decided("comment"), Decided("down", "F6", ""), Decided("submit")]
    assert folded(TREE, {"G": 0.5}, entries) == Reading.start(TREE, {"G": 0.5})


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (
            ("like", "G"),
            "Got the action 'like', expected one of accept, reject, up, down, instead, "
            "no_deeper, add, none_fits, clear.",
        ),
        (("accept",), "'accept' needs a label."),
        (
            ("accept", "Aples"),
            "label 'Aples' is not in the taxonomy. Did you mean 'Apples'?",
        ),
        (("instead", "Cider", "x"), "label 'x' is not in the taxonomy."),
        (("accept", "G", "F"), "'accept' takes one label, got 'G' and 'F'."),
        (("none_fits", "G"), "'none_fits' is said of all labels: name none."),
        (("up", "G"), "'G' has no parent to take."),
        (("up", "Cider", "G"), "'G' is no parent of 'Cider'."),
        (("down", "Apples"), "'Apples' has no child to take."),
        (("down", "F6", "Apples"), "'Apples' is no child of 'F6'."),
        (("instead", "Cider"), "'instead' needs the label to take for 'Cider'."),
        (("instead", "Cider", "Cider"), "'instead' needs the label to take for 'Cider'."),
    ],
)
def test_what_cannot_be_decided_is_said(decision: tuple[str, ...], message: str) -> None:
    with pytest.raises(ReviewError) as caught:
        tree().decide(*decision)
    assert str(caught.value) == message


def test_without_a_child_on_the_sheet_one_is_to_be_named() -> None:
    with pytest.raises(ReviewError) as caught:
        tree(("reject", "Cider")).decide("down", "F6")
    assert str(caught.value) == "No child of 'F6' is among the labels: name the one to take."


def test_a_shown_label_that_is_none_is_said() -> None:
    with pytest.raises(ReviewError) as caught:
        Reading.start(TREE, {"Perri": 0.5})
    assert str(caught.value) == "label 'Perri' is not in the taxonomy. Did you mean 'Perry'?"


def test_an_unknown_label_is_looked_for_by_its_name_too() -> None:
    named = Taxonomy.from_edges([("q1", "ROOT")], names={"q1": "Pruning of old trees"})
    with pytest.raises(ReviewError) as caught:
        Reading.start(named, {}).decide("add", "Pruning trees")
    assert str(caught.value) == (
        "label 'Pruning trees' is not in the taxonomy. Did you mean 'q1' (Pruning of old trees)?"
    )


def test_what_is_missing_before_submission_is_said() -> None:
    for reading, message in (
        (tree(), "9 undecided. Decide them, or set the document aside."),
        (
            after(TREE, {"G": 0.5}),
            "1 undecided. Decide it, or set the document aside.",
        ),
        (after(TREE, {}), "Nothing is decided. Add a label, or say that none fits."),
        (
            after(TREE, {}, ("add", "G"), ("reject", "G")),
            "Nothing is decided. Add a label, or say that none fits.",
        ),
    ):
        with pytest.raises(ReviewError) as caught:
            reading.check_complete()
        assert str(caught.value) == message
    tree(("none_fits",)).check_complete()
    tree(("reject", "G"), ("reject", "F")).check_complete()
    after(TREE, {}, ("none_fits",)).check_complete()
    after(TREE, {}, ("add", "G")).check_complete()


_MASKS = st.lists(st.integers(0, 255), min_size=1, max_size=9)


@cache
def made(masks: tuple[int, ...]) -> Taxonomy:
    """Return a DAG: each bit of a mask is a parent, among the labels before."""
    edges = []
    for child, mask in enumerate(masks):
        parents = [place for place in range(min(child, 8)) if mask >> place & 1]
        edges += [(f"c{child}", f"c{parent}") for parent in parents] or [(f"c{child}", "ROOT")]
    return Taxonomy.from_edges(edges)


def taxonomies() -> st.SearchStrategy[Taxonomy]:
    """DAGs of some labels."""
    return _MASKS.map(lambda masks: made(tuple(masks)))


Case = tuple[Taxonomy, dict[str, float], list[Decided]]
_WITH_ANOTHER = ("up", "down", "instead")
_DRAWN = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 19), st.integers(0, 19))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A taxonomy, labels shown, and decisions that can be made one after the other."""
    taxonomy = draw(taxonomies())
    places = draw(st.lists(st.tuples(st.integers(0, 19), st.sampled_from([3, 5, 9])), max_size=5))
    shown = {taxonomy.codes[place % len(taxonomy)]: score / 10 for place, score in places}
    drawn = [decided(taxonomy, *each) for each in draw(st.lists(_DRAWN, max_size=8))]
    return taxonomy, shown, [decision for decision in drawn if decision is not None]


def decided(taxonomy: Taxonomy, action: str, label: int, other: int) -> Decided | None:
    """Return the decision that drawn numbers stand for, if it can be made."""
    if action == "none_fits":
        return Decided(action)
    column = label % len(taxonomy)
    code = taxonomy.codes[column]
    if action not in _WITH_ANOTHER:
        return Decided(action, code)
    candidates = set(range(len(taxonomy))) - {column}
    if action != "instead":
        relatives = taxonomy.parents if action == "up" else taxonomy.children
        candidates = set(relatives(column).tolist())
    if not candidates:
        return None
    return Decided(action, code, taxonomy.codes[sorted(candidates)[other % len(candidates)]])


def parts(reading: Reading) -> dict[str, Any]:
    return {
        "marks": dict(reading.marks),
        "labels": set(reading.labels),
        "nothing_deeper": set(reading.nothing_deeper),
        "none_fits": reading.none_fits,
    }


@given(cases())
def test_readings_agree_with_slow_ones(
    case: Case,
) -> None:
    taxonomy, shown, decisions = case
    reading = Reading.start(taxonomy, shown)
    slow = SlowReading(taxonomy, {taxonomy.codes[c]: s for c, s in reading.scores.items()})
    for decision in decisions:
        reading = reading.decide(decision.action, decision.label, decision.other)
        slow.decide(decision.action, decision.label, decision.other)
        assert parts(reading) == {
            "marks": slow.marks(),
            "labels": slow.closed(),
            "nothing_deeper": slow.nothing_deeper(),
            "none_fits": slow.none_fits,
        }


@given(cases())
def test_sets_are_closed_and_undecided_is_neither_yes_nor_no(
    case: Case,
) -> None:
    taxonomy, shown, decisions = case
    reading = folded(taxonomy, shown, decisions)
    columns = taxonomy.columns(reading.labels)
    assert taxonomy.close_upward(columns).tolist() == columns.tolist()
    specific = taxonomy.columns(reading.most_specific)
    assert taxonomy.most_specific(columns).tolist() == specific.tolist()
    right = {"accepted", "implied", "added", "moved_up"}
    assert {c for c, mark in reading.marks.items() if mark in right} == set(reading.labels)
    assert {c for c, m in reading.marks.items() if m == "undecided"} == set(reading.undecided)
    assert not set(reading.undecided) & set(reading.labels)
    assert tuple(reading.marks) == tuple(c for c in taxonomy.codes if c in reading.marks)
    assert not (reading.none_fits and (reading.labels or reading.undecided))
    assert reading.nothing_deeper <= set(reading.labels)
    given = {taxonomy.codes[c] for c in reading.scores}
    assert given <= reading.marks.keys()  # no label shown is ever lost


@given(cases(), st.sampled_from(["accept", "reject", "clear"]), st.sampled_from(["add", "reject"]))
def test_the_order_of_unrelated_decisions_does_not_matter(
    case: Case, action: str, other: str
) -> None:
    taxonomy, shown, decisions = case
    reading = folded(taxonomy, shown, decisions)
    for one, two in itertools.permutations(taxonomy.codes, 2):
        unrelated = len(taxonomy.most_specific(taxonomy.columns([one, two]))) == 2
        if unrelated:
            forth = reading.decide(action, one).decide(other, two)
            assert forth == reading.decide(other, two).decide(action, one)


def test_a_hundred_thousand_labels_cost_no_more_than_few() -> None:
    edges = [(f"a{i}", "ROOT") for i in range(100)]
    edges += [(f"b{i}", f"a{i % 100}") for i in range(10_000)]
    edges += [(f"c{i}", f"b{i % 10_000}") for i in range(90_000)]
    taxonomy = Taxonomy.from_edges(edges)
    shown = {f"c{i}": 0.5 for i in range(0, 200, 10)}
    reading = Reading.start(taxonomy, shown)
    reading.decide("accept", "c0")  # what is made once for a taxonomy
    start = time.process_time()
    for label in [*shown, "c777", "b5"]:
        reading = reading.decide("accept", label)
        reading = reading.decide("reject", label)
        assert reading.undecided
    assert time.process_time() - start < 1

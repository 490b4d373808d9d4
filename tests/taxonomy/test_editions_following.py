"""Label sets in a new edition, and the columns of weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.errors import TaxonomyError
from harnn.taxonomy import LabelMapper, LabelMapping, Link, Taxonomy, diff_taxonomies, map_labels
from support.editions import edit

OLD = Taxonomy.from_edges(
    [("t", "ROOT"), ("u", "ROOT"), ("a", "t"), ("b", "t"), ("c", "a"), ("c", "b"), ("d", "a"),
     ("e", "d"), ("w", "ROOT")]
)  # fmt: skip
NEW = Taxonomy.from_edges(
    [("t", "ROOT"), ("u", "ROOT"), ("a", "u"), ("b", "t"), ("c1", "b"), ("c2", "b"), ("f", "u")]
)
SAID = LabelMapping.of([("c", "c1"), ("c", "c2"), ("d", ""), ("e", ""), ("w", ""), ("", "f")])
DIFF = diff_taxonomies(OLD, NEW, SAID)


def test_what_becomes_of_labels() -> None:
    found = map_labels(DIFF, ["t", "a"])  # t stands there because it is above a
    assert found.labels == ("u", "a")
    assert not found.needs_review
    found = map_labels(DIFF, ["c"])
    assert (found.labels, found.split, found.lifted) == (("t", "b"), ("c",), ())
    found = map_labels(DIFF, ["e"])  # over d, which is no more either
    assert (found.labels, found.lifted, found.lost) == (("u", "a"), ("e",), ())
    found = map_labels(DIFF, ["w", "t"])
    assert (found.labels, found.lost) == (("t",), ("w",))
    assert map_labels(DIFF, []).labels == ()
    with pytest.raises(TaxonomyError, match="'nope' is not in the taxonomy"):
        map_labels(DIFF, ["nope"])


def test_a_label_split_into_parts_with_nothing_above_all_of_them() -> None:
    new = Taxonomy.from_edges([("t", "ROOT"), ("u", "ROOT"), ("b", "t"), ("x", "t"), ("y", "u")])
    said = LabelMapping.of([("c", "x"), ("c", "y"), ("a", ""), ("d", ""), ("e", "")])
    found = map_labels(diff_taxonomies(OLD, new, said), ["c"])
    assert (found.labels, found.split) == (("t", "b"), ("c",))  # what stands for its parents
    apart = Taxonomy.from_edges([("x", "ROOT"), ("y", "ROOT")])
    said = LabelMapping.of([("c", "x"), ("c", "y")])
    found = map_labels(diff_taxonomies(OLD, apart, said), ["c"])
    assert (found.labels, found.split, found.lost) == ((), ("c",), ("c",))
    within = LabelMapping.of([("c", "b"), ("c", "x")])
    deep = Taxonomy.from_edges([("t", "ROOT"), ("b", "t"), ("x", "b")])
    found = map_labels(diff_taxonomies(OLD, deep, within), ["c"])
    assert found.labels == ("t", "b")


def test_retired_labels_with_several_parents_get_what_is_left_on_every_way() -> None:
    new = Taxonomy.from_edges([("t", "ROOT"), ("b", "t"), ("u", "ROOT"), ("w", "ROOT")])
    found = map_labels(diff_taxonomies(OLD, new), ["c"])
    assert (found.labels, found.lifted) == (("t", "b"), ("c",))


def test_guesses_are_followed_where_they_are_sure_enough_and_told() -> None:
    said = LabelMapping.of([Link("b", "f", "near name", 0.6), ("", "b")])
    diff = diff_taxonomies(OLD, NEW, said)
    found = map_labels(diff, ["b"])
    assert (found.labels, found.guessed) == (("u", "f"), ("b",))
    found = map_labels(diff, ["b"], least=0.7)
    assert (found.labels, found.guessed, found.lifted) == (("t",), (), ("b",))


def test_columns() -> None:
    said = LabelMapping.of([("a", "a"), Link("b", "a", certainty=0.9), ("c", "c1"), ("c", "c2"),
                            ("", "b"), ("", "f"), ("d", ""), ("e", ""), ("w", "")])  # fmt: skip
    links = LabelMapper(diff_taxonomies(OLD, NEW, said)).columns()
    pairs = [(NEW.codes[n], OLD.codes[o]) for n, o in zip(links.new, links.old, strict=True)]
    assert pairs == [("t", "t"), ("u", "u"), ("a", "a"), ("a", "b"), ("c1", "c"), ("c2", "c")]
    assert links.certainty.tolist() == pytest.approx([1, 1, 1, 0.9, 1, 1])
    best = links.best(len(NEW))
    assert [OLD.codes[o] if o >= 0 else "" for o in best.tolist()] == [
        "t", "u", "a", "", "", "c", "c"
    ]  # fmt: skip
    assert LabelMapper(diff_taxonomies(OLD, OLD)).columns().best(len(OLD)).tolist() == [
        *range(len(OLD))
    ]


def test_no_columns_are_arrays_too() -> None:
    other = Taxonomy.from_edges([("zzz", "ROOT")])
    links = LabelMapper(diff_taxonomies(OLD, other)).columns()
    assert links.new.shape == links.certainty.shape == (0,)
    assert links.best(1).tolist() == [-1]


@given(st.integers(0, 1_000), st.data())
def test_sets_are_closed_and_follow_the_truth(seed: int, data: st.DataObject) -> None:
    """Against a slow reference: for every label what is known of it, by sets of codes."""
    pairs = [(f"c{n}", "ROOT" if n < 3 else f"c{(n - 3) // 4}") for n in range(40)]
    old = Taxonomy.from_edges(pairs, names={f"c{n}": f"Name {n * n}" for n in range(40)})
    edited, _ = edit(old, 0.1, seed)
    new = edited.taxonomy()
    mapper = LabelMapper(diff_taxonomies(old, new))
    codes = data.draw(st.lists(st.sampled_from(old.codes), max_size=6))
    found = mapper.map(codes)
    assert tuple(new.codes[c] for c in new.close_upward(new.columns(found.labels))) == found.labels
    expected: set[str] = set()
    for column in old.most_specific(old.columns(codes)).tolist():
        expected |= slow(old.codes[column], old, new, edited.truth)
    assert set(found.labels) == expected


def slow(code: str, old: Taxonomy, new: Taxonomy, truth: set[tuple[str, str]]) -> set[str]:
    def closed(label: str) -> set[str]:
        return {new.codes[c] for c in new.close_upward(new.columns([label])).tolist()}

    ends = [b for a, b in truth if a == code and b]
    common = set.intersection(*(closed(end) for end in ends)) if ends else set()
    if common:
        return common
    above = [old.codes[p] for p in old.parents(old.index[code]).tolist()]
    return set().union(*(slow(parent, old, new, truth) for parent in above))


def test_arrays_fit_weights() -> None:
    """What a merged and a split label begin with, as a migration would do it."""
    new = dataclasses.replace(
        Taxonomy.from_edges([("a", "ROOT"), ("b1", "a"), ("b2", "a")]),
        successors={"b": ("b1", "b2")},
        replaced={"c": "a"},
    )
    old = Taxonomy.from_edges([("a", "ROOT"), ("b", "a"), ("c", "a")])
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    best = LabelMapper(diff_taxonomies(old, new)).columns().best(len(new))
    assert weights[:, best].tolist() == [[0, 1, 1], [3, 4, 4]]

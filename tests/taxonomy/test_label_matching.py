"""Labels of one taxonomy in another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.taxonomy import Taxonomy, in_order_of, match_labels, parents_by_code

CODES = st.lists(st.text(max_size=3), unique=True, max_size=12)


def test_added_and_retired_labels() -> None:
    match = match_labels(["a", "b", "c"], ["c", "x", "a"])
    np.testing.assert_array_equal(match.columns, [2, -1, 0])
    assert match.added == ("x",)
    assert match.retired == ("b",)


@given(CODES, CODES)
def test_every_label_is_carried_over_or_told(old: list[str], new: list[str]) -> None:
    match = match_labels(old, new)
    for code, column in zip(new, match.columns.tolist(), strict=True):
        assert (code in match.added) if column < 0 else old[column] == code
    carried = {old[column] for column in match.columns if column >= 0}
    assert carried | set(match.retired) == set(old)
    assert not carried & set(match.retired)


def test_a_taxonomy_in_the_order_of_another() -> None:
    old = Taxonomy.from_edges([("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("d", "a"), ("d", "b")])
    new = Taxonomy.from_edges([("b", "ROOT"), ("a", "ROOT"), ("d", "b"), ("d", "a"), ("c", "a")])
    assert new.codes != old.codes
    assert parents_by_code(new) == parents_by_code(old)
    assert parents_by_code(old)["d"] == {"a", "b"}
    named = Taxonomy(
        codes=new.codes,
        names=tuple(code.upper() for code in new.codes),
        descriptions=new.descriptions,
        level_names=new.level_names,
        levels=new.levels.copy(),
        edges=new.edges.copy(),
    )
    found = in_order_of(old, named)
    assert found == old
    assert found.names == tuple(code.upper() for code in old.codes)
    assert in_order_of(old, old) is old


def test_other_labels_or_parents_are_refused() -> None:
    old = Taxonomy.from_edges([("a", "ROOT"), ("b", "ROOT"), ("c", "a")])
    for edges in (
        [("a", "ROOT"), ("b", "ROOT")],
        [("a", "ROOT"), ("b", "ROOT"), ("c", "b")],
        [("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("d", "a")],
    ):
        with pytest.raises(ValueError, match="same labels with the same parents"):
            in_order_of(old, Taxonomy.from_edges(edges))

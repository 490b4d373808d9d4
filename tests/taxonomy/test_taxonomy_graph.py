"""Levels, ancestors and closure: golden values, properties, parity with a slow reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csc_array, csr_array

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy, TaxonomySummary, graph

Edges = list[tuple[str, str]]


@st.composite
def dags(draw: st.DrawFn, max_labels: int = 12) -> Edges:
    """Edges of a random DAG, in random order, with unhelpful label names."""
    size = draw(st.integers(1, max_labels))
    names = draw(
        st.lists(
            st.text("abcé猫 '#/", min_size=1, max_size=3).map(lambda t: f"<{t}>"),
            min_size=size,
            max_size=size,
            unique=True,
        )
    )
    edges: Edges = []
    for label in range(size):
        parents = draw(st.sets(st.integers(0, label - 1), max_size=3)) if label else set()
        edges += [(names[label], names[parent]) for parent in sorted(parents)]
        if not parents:
            edges.append((names[label], "ROOT"))
    return draw(st.permutations(edges))


@st.composite
def taxonomies_with_columns(draw: st.DrawFn) -> tuple[Taxonomy, list[int]]:
    taxonomy = Taxonomy.from_edges(draw(dags()))
    return taxonomy, draw(st.lists(st.integers(0, len(taxonomy) - 1), max_size=6))


def slow_ancestors(edges: Edges, label: str) -> set[str]:
    found = {label}
    for child, parent in edges:
        if child == label and parent != "ROOT":
            found |= slow_ancestors(edges, parent)
    return found


def slow_level(edges: Edges, label: str) -> int:
    return 1 + max(
        (
            slow_level(edges, parent)
            for child, parent in edges
            if child == label != parent != "ROOT"
        ),
        default=0,
    )


def slow_paths(edges: Edges, label: str) -> set[tuple[str, ...]]:
    parents = [parent for child, parent in edges if child == label and parent != "ROOT"]
    above = {path for parent in parents for path in slow_paths(edges, parent)} or {()}
    return {(*path, label) for path in above}


def spell(taxonomy: Taxonomy, columns: Sequence[int] | np.ndarray) -> set[str]:
    return {taxonomy.codes[column] for column in columns}


# --- properties ---------------------------------------------------------------------------------


@given(dags())
def test_a_taxonomy_agrees_with_the_slow_reference(edges: Edges) -> None:
    taxonomy = Taxonomy.from_edges(edges)
    appearance = list(dict.fromkeys(code for edge in edges for code in edge if code != "ROOT"))
    levels = {code: slow_level(edges, code) for code in appearance}
    assert taxonomy.codes == tuple(sorted(appearance, key=lambda code: levels[code]))
    assert taxonomy.levels.tolist() == [levels[code] for code in taxonomy.codes]
    hierarchy = taxonomy.hierarchy
    dense = hierarchy.closure.toarray()
    for column, code in enumerate(taxonomy.codes):
        parents = {parent for child, parent in edges if child == code and parent != "ROOT"}
        children = {child for child, parent in edges if parent == code}
        assert taxonomy.index[code] == column
        assert spell(taxonomy, taxonomy.parents(column)) == parents
        assert spell(taxonomy, taxonomy.children(column)) == children
        assert (column in hierarchy.roots) == (not parents)
        assert (column in hierarchy.leaves) == (not children)
        assert spell(taxonomy, np.flatnonzero(dense[column])) == slow_ancestors(edges, code)
        paths = [taxonomy.columns(path).tolist() for path in slow_paths(edges, code)]
        first = min(paths, key=lambda path: path[::-1])  # at every label upward the first parent
        assert taxonomy.path(column).tolist() == first


@given(dags())
def test_every_parent_stands_on_an_earlier_level(edges: Edges) -> None:
    taxonomy = Taxonomy.from_edges(edges)
    child, parent = taxonomy.edges.T
    assert (taxonomy.levels[child] > taxonomy.levels[parent]).all()
    assert (np.diff(taxonomy.levels) >= 0).all()
    covered = np.concatenate([np.arange(len(taxonomy))[part] for part in taxonomy.level_slices])
    assert covered.tolist() == list(range(len(taxonomy)))


@given(taxonomies_with_columns())
def test_closure_and_most_specific_undo_each_other(case: tuple[Taxonomy, list[int]]) -> None:
    taxonomy, columns = case
    closed = taxonomy.close_upward(columns)
    specific = taxonomy.most_specific(columns)
    assert closed.dtype == specific.dtype == np.int32
    assert taxonomy.close_upward(closed).tolist() == closed.tolist()
    assert taxonomy.close_upward(specific).tolist() == closed.tolist()
    assert taxonomy.most_specific(closed).tolist() == specific.tolist()
    assert set(specific.tolist()) <= set(columns) <= set(closed.tolist())
    above = {a for c in columns for a in taxonomy.close_upward([c]).tolist() if a != c}
    assert specific.tolist() == sorted(set(columns) - above)


@given(st.data())
def test_closing_sets_is_closing_every_row(data: st.DataObject) -> None:
    taxonomy = Taxonomy.from_edges(data.draw(dags()))
    row = st.lists(st.integers(0, len(taxonomy) - 1), max_size=4)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    dense = np.zeros((len(rows), len(taxonomy)), dtype=np.int8)
    for number, columns in enumerate(rows):
        dense[number, columns] = 1
    closed = taxonomy.hierarchy.close_sets(csr_array(dense))
    assert isinstance(closed, csr_array)
    assert closed.dtype == np.bool_
    assert closed.data.all()
    assert closed.shape == dense.shape
    for number, columns in enumerate(rows):
        found = closed.indices[closed.indptr[number] : closed.indptr[number + 1]]
        assert found.tolist() == taxonomy.close_upward(columns).tolist()


@given(st.data())
def test_line_order_changes_nothing_but_column_order(data: st.DataObject) -> None:
    edges = data.draw(dags())
    taxonomy = Taxonomy.from_edges(edges)
    other = Taxonomy.from_edges(data.draw(st.permutations(edges)))
    assert set(other.codes) == set(taxonomy.codes)
    assert other.summary() == taxonomy.summary()
    moved = [other.index[code] for code in taxonomy.codes]
    assert other.levels[moved].tolist() == taxonomy.levels.tolist()
    closure, other_closure = (x.hierarchy.closure.toarray() for x in (taxonomy, other))
    assert (other_closure[moved][:, moved] == closure).all()
    assert (other == taxonomy) == (other.codes == taxonomy.codes)


@given(dags())
def test_json_round_trip(edges: Edges) -> None:
    taxonomy = Taxonomy.from_edges(edges, names={edges[0][0]: "a name"})
    again = Taxonomy.from_json(taxonomy.to_json())
    assert again == taxonomy
    assert again.names == taxonomy.names
    assert again.to_json() == taxonomy.to_json()


@given(dags())
def test_levels_may_be_given_instead_of_computed(edges: Edges) -> None:
    taxonomy = Taxonomy.from_edges(edges)
    levels = {
        name: taxonomy.codes[part]
        for name, part in zip(taxonomy.level_names, taxonomy.level_slices, strict=True)
    }
    assert Taxonomy.from_levels(levels, edges) == taxonomy


# --- golden values ------------------------------------------------------------------------------


@pytest.fixture
def diamond() -> Taxonomy:
    """``d`` has three parents, one of them also its grandparent; ``z`` stands alone."""
    return Taxonomy.from_edges(
        [("a", "ROOT"), ("z", "ROOT"), ("b", "a"), ("c", "a"), ("d", "c"), ("d", "b"), ("d", "a")]
    )


def test_the_level_is_the_longest_path(diamond: Taxonomy) -> None:
    assert diamond.codes == ("a", "z", "b", "c", "d")
    assert diamond.levels.tolist() == [1, 1, 2, 2, 3]
    assert diamond.edges.tolist() == [[2, 0], [3, 0], [4, 0], [4, 2], [4, 3]]
    assert diamond.levels.dtype == diamond.edges.dtype == np.int32


def test_the_path_goes_through_the_first_parent(diamond: Taxonomy) -> None:
    assert diamond.path(4).tolist() == [0, 4]
    assert diamond.path(1).tolist() == [1]


def test_a_label_may_have_more_paths_than_can_be_followed() -> None:
    edges = [("a0", "ROOT"), ("b0", "ROOT")]
    for level in range(1, 60):
        edges += [(f"{x}{level}", f"{y}{level - 1}") for x in "ab" for y in "ab"]
    taxonomy = Taxonomy.from_edges(edges)
    assert len(taxonomy.path(len(taxonomy) - 1)) == 60
    assert taxonomy.hierarchy.closure[[len(taxonomy) - 1]].nnz == 2 * 59 + 1


def test_summary_and_repr(diamond: Taxonomy) -> None:
    assert diamond.summary() == TaxonomySummary(
        labels=5,
        levels=(2, 2, 1),
        edges=5,
        roots=2,
        leaves=2,
        labels_with_several_parents=1,
        is_tree=False,
    )
    assert Taxonomy.from_paths(["a/b"]).summary().is_tree
    assert repr(diamond) == "Taxonomy(5 labels, levels 2/2/1, 5 edges)"
    assert (len(diamond), diamond.depth) == (5, 3)


def test_the_closure_is_sorted_bool_and_read_only(diamond: Taxonomy) -> None:
    closure = diamond.hierarchy.closure
    assert isinstance(closure, csr_array)
    assert closure.dtype == np.bool_
    assert closure.indices.dtype == closure.indptr.dtype == np.int32
    assert closure.toarray().astype(int).tolist() == [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [1, 0, 1, 0, 0],
        [1, 0, 0, 1, 0],
        [1, 0, 1, 1, 1],
    ]
    assert closure.has_canonical_format
    with pytest.raises(ValueError, match="read-only"):
        closure.data[0] = False


def test_a_taxonomy_cannot_be_changed(diamond: Taxonomy) -> None:
    with pytest.raises(AttributeError):
        diamond.codes = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        diamond.index["new"] = 5  # type: ignore[index]
    for array in (diamond.levels, diamond.edges, diamond.parents(4), diamond.children(0)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_equality_is_by_version_and_names_do_not_matter(diamond: Taxonomy) -> None:
    edges = [("b", "a"), ("a", "ROOT")]
    plain, named = Taxonomy.from_edges(edges), Taxonomy.from_edges(edges, {"a": "Alpha"})
    assert plain == named
    assert hash(plain) == hash(named)
    assert plain != diamond
    assert plain != "plain"
    assert Taxonomy.from_levels({"x": ["a"], "y": ["b"]}) != plain, "edges matter"


def test_close_sets_takes_any_sparse_kind_and_drops_zeros(diamond: Taxonomy) -> None:
    hierarchy = diamond.hierarchy
    stored_zero = csr_array(([0.0, 1.0], [4, 2], [0, 2]), shape=(1, 5))
    assert hierarchy.close_sets(stored_zero).indices.tolist() == [0, 2]
    for kind in (csc_array, coo_array):
        closed = hierarchy.close_sets(kind(np.eye(5, dtype=bool)))
        assert (closed.toarray() == hierarchy.closure.toarray()).all()
    assert hierarchy.close_sets(csr_array((0, 5))).shape == (0, 5)


def test_sets_need_one_column_a_label(diamond: Taxonomy) -> None:
    hierarchy = diamond.hierarchy
    for method in (hierarchy.close_sets, hierarchy.most_specific_sets):
        with pytest.raises(ValueError, match=r"^label sets of shape \(2, 4\), expected \(N, 5\)$"):
            method(csr_array((2, 4)))


@pytest.mark.parametrize("column", [-1, 5])
def test_columns_out_of_range_are_refused(diamond: Taxonomy, column: int) -> None:
    for method in (
        diamond.parents,
        diamond.children,
        diamond.path,
        lambda c: diamond.close_upward([0, c]),
        lambda c: diamond.most_specific([0, c]),
    ):
        with pytest.raises(IndexError, match=f"^column {column}, expected 0 to 4$"):
            method(column)


def test_columns_of_labels(diamond: Taxonomy) -> None:
    assert diamond.columns(["d", "a", "d"]).tolist() == [4, 0, 4]
    assert diamond.columns(iter(())).dtype == np.int32
    taxonomy = Taxonomy.from_edges([("animal", "ROOT"), ("plant", "ROOT")])
    with pytest.raises(TaxonomyError) as caught:
        taxonomy.columns(["Animal", "stone", "plant", "stone"])
    assert str(caught.value) == (
        "2 problems in the taxonomy:\n"
        "  label 'Animal' is not in the taxonomy. Did you mean 'animal'?\n"
        "  label 'stone' is not in the taxonomy."
    )


# --- building from Python -----------------------------------------------------------------------


def test_problems_of_edges_are_told_by_number() -> None:
    edges = [("a", "ROOT"), ("b", "A"), ("", "a"), (3, "a"), ("c", None), ("d\n", "a")]
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_edges(edges)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "5 problems in the taxonomy:\n"
        "  edge 2: unknown parent 'A': it is never listed as a child. Did you mean 'a'?\n"
        "  edge 3: empty label (child).\n"
        "  edge 4: label 3 is not a string.\n"
        "  edge 5: label None is not a string.\n"
        "  edge 6: label 'd\\n' contains a tab, a line break or an invalid character."
    )


def test_no_edges_are_no_taxonomy() -> None:
    with pytest.raises(TaxonomyError, match=r"^holds no labels\.$"):
        Taxonomy.from_edges([])


def test_names_of_unknown_labels_are_refused() -> None:
    with pytest.raises(TaxonomyError, match=r"^label 'b' is not in the taxonomy\.$"):
        Taxonomy.from_edges([("a", "ROOT")], names={"b": "B"})


def test_levels_without_edges_leave_parents_open() -> None:
    taxonomy = Taxonomy.from_levels({"section": ["A", "B"], "class": ["A1", "B1"]}, [("B1", "B")])
    assert taxonomy.level_names == ("section", "class")
    assert taxonomy.levels.tolist() == [1, 1, 2, 2]
    assert taxonomy.hierarchy.roots.tolist() == [0, 1, 2]
    assert taxonomy.close_upward([2, 3]).tolist() == [1, 2, 3]
    named = Taxonomy.from_levels({"x": ["a"]}, names={"a": "A"}, descriptions={"a": "First."})
    assert (named.names, named.descriptions) == (("A",), ("First.",))


def test_edges_may_skip_levels_that_are_given() -> None:
    taxonomy = Taxonomy.from_levels({"1": ["a"], "2": ["b"], "3": ["c"]}, [("c", "a")])
    assert taxonomy.levels.tolist() == [1, 2, 3]
    assert taxonomy.path(2).tolist() == [0, 2]


def test_problems_of_given_levels_are_told_together() -> None:
    levels: dict[str, list[str]] = {"section": ["A", "B", "A", ""], "class": ["A", "A1"], "sub": []}
    edges = [("A1", "A"), ("A1", "A"), ("A", "A1"), ("A1", "A2"), ("B", "A"), ("B", "ROOT")]
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_levels(levels, edges)
    assert str(caught.value) == (
        "8 problems in the taxonomy:\n"
        "  level 'section': label 'A' already stands in level 'section'.\n"
        "  level 'class': label 'A' already stands in level 'section'.\n"
        "  level 'section': empty label.\n"
        "  level 'sub': holds no labels.\n"
        "  edge 2: 'A1' under 'A' was already given by edge 1.\n"
        "  edge 3: 'A' (level 'section') under 'A1' (level 'class'): expected a parent of an "
        "earlier level.\n"
        "  edge 5: 'B' (level 'section') under 'A' (level 'section'): expected a parent of an "
        "earlier level.\n"
        "  edge 4: label 'A2' stands in no level."
    )
    with pytest.raises(TaxonomyError, match=r"^no levels are given\.$"):
        Taxonomy.from_levels({})


def test_endless_chains_are_refused_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edges = [(f"x{i}", f"x{i - 1}" if i else "ROOT") for i in range(50)]
    taxonomy = Taxonomy.from_edges(edges)
    monkeypatch.setattr(graph, "CLOSURE_LIMIT", 50 * 51 // 2 - 1)
    with pytest.raises(TaxonomyError) as caught:
        _ = taxonomy.hierarchy.closure
    assert str(caught.value) == (
        "the labels have more than 1,274 ancestors in all (50 labels on 50 levels), "
        "too many to hold."
    )
    monkeypatch.setattr(graph, "CLOSURE_LIMIT", 50 * 51 // 2)
    assert taxonomy.hierarchy.closure.nnz == 1275

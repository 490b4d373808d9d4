"""Random hierarchies and scores, and what follows from them by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from harnn.taxonomy import Hierarchy


def parents_by_hand(hierarchy: Hierarchy, column: int) -> set[int]:
    return {parent for child, parent in hierarchy.edges.tolist() if child == column}


def descendants_by_hand(hierarchy: Hierarchy, column: int) -> set[int]:
    """Columns below *column*, with itself, found by walking."""
    found, waiting = {column}, [column]
    while waiting:
        here = waiting.pop()
        below = {child for child, parent in hierarchy.edges.tolist() if parent == here} - found
        found |= below
        waiting += sorted(below)
    return found


@st.composite
def edges_and_levels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Of DAGs with up to 4 levels; some labels below the top have no parent, some have several.

    Edges are (n, 2) child, parent, in any order.
    """
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    levels = np.repeat(np.arange(1, len(sizes) + 1, dtype=np.int32), sizes)
    edges: list[tuple[int, int]] = []
    for child in range(sizes[0], len(levels)):
        above = np.flatnonzero(levels < levels[child])
        parents = draw(st.sets(st.sampled_from(above.tolist()), max_size=3))
        edges += [(child, parent) for parent in sorted(parents)]
    order = draw(st.permutations(edges))
    return np.array(order, dtype=np.int32).reshape(-1, 2), levels


def hierarchies() -> st.SearchStrategy[Hierarchy]:
    return edges_and_levels().map(lambda drawn: Hierarchy.from_edges(*drawn))


def scores(
    labels: int, *, rows: st.SearchStrategy[int] | None = None
) -> st.SearchStrategy[np.ndarray]:
    """Scores (N, labels) float32 with many ties."""
    number = rows if rows is not None else st.integers(0, 6)
    grid = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.9, 1.0]).map(np.float32)
    anything = st.floats(0, 1, width=32)
    return number.flatmap(
        lambda n: npst.arrays(np.float32, (n, labels), elements=st.one_of(grid, anything))
    )


def micro_f1(chosen: np.ndarray, targets: np.ndarray) -> float:
    sizes = int(chosen.sum()) + int(targets.sum())
    return 2 * int((chosen & targets).sum()) / sizes if sizes else 0.0

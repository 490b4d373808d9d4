"""Answers: paths to their labels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn.answers import make_answers
from harnn.decode import Scores
from harnn.taxonomy import Taxonomy


@given(st.data(), st.integers(2, 12))
def test_paths_are_those_of_the_hierarchy(data: st.DataObject, labels: int) -> None:
    edges = [("L0", "ROOT")]
    for number in range(1, labels):
        parents = data.draw(st.lists(st.integers(-1, number - 1), min_size=1, max_size=3))
        own = sorted({p for p in parents if p >= 0})
        edges += [(f"L{number}", f"L{p}" if p >= 0 else "ROOT") for p in own or [-1]]
    taxonomy = Taxonomy.from_edges(edges)
    tenths = st.integers(0, 3).map(lambda x: x / 10)  # equal ones too
    values = np.array(
        [[data.draw(tenths) for _ in range(labels)] for _ in range(3)], dtype=np.float32
    )
    chosen = csr_array(np.ones((3, labels), dtype=bool))
    scores = Scores(("a", "b", "c"), values)
    for row, answer in enumerate(make_answers(scores, chosen, taxonomy, [(), (), ()])):
        for label in answer.labels:
            column = taxonomy.index[label.label]
            path = taxonomy.hierarchy.path(column, values[row])
            assert label.path == tuple(taxonomy.codes[c] for c in path)
            assert (label.score, label.level) == (values[row, column], taxonomy.levels[column])


def test_paths_may_be_longer_than_calls_may_nest() -> None:
    depth = 1_500
    taxonomy = Taxonomy.from_edges(
        [("L0", "ROOT"), *((f"L{n}", f"L{n - 1}") for n in range(1, depth))]
    )
    chosen = csr_array(([True], ([0], [depth - 1])), shape=(1, depth))
    scores = Scores(("a",), np.zeros((1, depth), dtype=np.float32))
    (answer,) = make_answers(scores, chosen, taxonomy, [()])
    assert answer.labels[0].path == tuple(f"L{n}" for n in range(depth))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.metrics import inverse_propensities
from harnn.review.doubt import DoubtMeasure
from harnn.taxonomy import Hierarchy, Taxonomy
from support.hierarchies import hierarchies

TAXONOMY = Taxonomy.from_edges(
    [("F", "ROOT"), ("G", "ROOT"), ("Cider", "F"), ("Perry", "F"), ("Apples", "G")],
    names={"Cider": "Cider making"},
)
SCORES = np.array([0.9, 0.2, 0.58, 0.34, 0.2], dtype=np.float32)
MEASURE = DoubtMeasure.build(TAXONOMY.hierarchy, [50, 80, 3, 2, 80], 100)


def test_doubt_is_the_expected_number_of_wrong_labels() -> None:
    doubt = MEASURE.of(SCORES, [0, 2])
    assert doubt.wrong == pytest.approx(0.1 + 0.42 + 0.2 + 0.34 + 0.2)
    weights = inverse_propensities([50, 80, 3, 2, 80], 100)
    variances = [0.09, 0.16, 0.58 * 0.42, 0.34 * 0.66, 0.16]
    assert doubt.value == pytest.approx(sum(w * v for w, v in zip(weights, variances, strict=True)))


def test_the_hint_names_the_labels_most_in_doubt() -> None:
    assert MEASURE.of(SCORES, [0, 2]).hint(TAXONOMY, SCORES) == "Cider making 58%, Perry 34%"


def test_the_hint_names_no_two_labels_of_one_path() -> None:
    scores = np.array([0.58, 0.1, 0.58, 0.05, 0.1], dtype=np.float32)
    assert MEASURE.of(scores, [0, 2]).hint(TAXONOMY, scores) == "Cider making 58%, Apples 10%"


def test_a_sure_answer_is_in_no_doubt() -> None:
    scores = np.array([1, 0, 1, 0, 0], dtype=np.float32)
    doubt = MEASURE.of(scores, [0, 2])
    assert doubt == (0, 0, ())
    assert doubt.hint(TAXONOMY, scores) == ""


def test_a_rare_label_is_worth_more() -> None:
    rare, frequent = np.zeros((2, 5), np.float32)
    rare[3], frequent[4] = 0.5, 0.5
    assert MEASURE.of(rare, []).wrong == MEASURE.of(frequent, []).wrong
    assert MEASURE.of(rare, []).value > MEASURE.of(frequent, []).value


def test_without_the_number_of_documents_that_of_the_commonest_label_stands_for_it() -> None:
    unknown = DoubtMeasure.build(TAXONOMY.hierarchy, [50, 80, 3, 2, 80])
    assert unknown.weights == pytest.approx(inverse_propensities([50, 80, 3, 2, 80], 80))


@given(hierarchies(), st.data())
def test_labels_in_doubt_are_the_most_doubtful_that_are_not_related(
    hierarchy: Hierarchy, data: st.DataObject
) -> None:
    count = len(hierarchy)
    cells = st.lists(st.sampled_from([0, 0.1, 0.3, 0.5, 1]), min_size=count, max_size=count)
    scores = np.array(data.draw(cells), dtype=np.float32)
    given = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    found = DoubtMeasure.build(hierarchy, np.ones(count, np.int64)).of(scores, given)
    wrong = [1 - s if c in given else s for c, s in enumerate(scores.tolist())]
    assert found.wrong == pytest.approx(sum(wrong))
    doubted = [wrong[c] for c in found.columns]
    assert not wrong or max(wrong) == pytest.approx(max(doubted, default=0))
    assert len(hierarchy.most_specific(found.columns)) == len(found.columns) <= 2
    others = [
        wrong[c]
        for c in range(count)
        if len(found.columns) == 1 and len(hierarchy.most_specific([c, *found.columns])) == 2
    ]
    assert not any(others)


def test_many_labels_are_measured_quickly() -> None:
    taxonomy = Taxonomy.from_edges([(f"c{i}", "ROOT") for i in range(100_000)])
    measure = DoubtMeasure.build(taxonomy.hierarchy, np.ones(100_000, np.int64))
    scores = np.linspace(0, 1, 100_000, dtype=np.float32)
    doubt = measure.of(scores, range(50_000, 100_000))
    assert doubt.wrong == pytest.approx(25_000, rel=1e-3)
    assert set(doubt.columns) <= {49_999, 50_000, 49_998}

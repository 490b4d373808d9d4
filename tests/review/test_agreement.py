from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.metrics import cohen_kappa_score

from harnn._memory import row_blocks
from harnn.errors import TaxonomyError
from harnn.review import agreement
from harnn.review.agreement import (
    Answered,
    Distance,
    LabelAgreement,
    ReadTwice,
    cohen_kappa,
    krippendorff_alpha,
    measure_agreement,
    measure_anchoring,
)
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges(
    [("A", "ROOT"), ("B", "ROOT"), ("A1", "A"), ("A2", "A"), ("B1", "B")],
    names={"A1": "Apples"},
)
SETS = st.lists(st.sets(st.integers(0, 4)), max_size=8)


def one_hot(labels: Sequence[str]) -> csr_array[Any]:
    names = sorted(set("abcde01"))
    return csr_array(np.array([[name == label for name in names] for label in labels]))


def test_alpha_of_single_labels_is_that_of_krippendorff() -> None:
    # Krippendorff (2011), Computing Krippendorff's alpha-reliability, sections A and B
    assert krippendorff_alpha(one_hot("0100000010"), one_hot("1110010000")) == pytest.approx(
        0.095, abs=5e-4
    )
    assert krippendorff_alpha(one_hot("aabbdcccedda"), one_hot("babbbcccedd" + "d")) == (
        pytest.approx(0.692, abs=5e-4)
    )


@pytest.mark.parametrize(
    ("one", "two", "masi", "jaccard"),
    [
        ((1, 1, 0), (1, 1, 0), 0, 0),
        ((1, 1, 0), (1, 1, 1), 1 - 2 / 3 * 2 / 3, 1 - 2 / 3),  # one holds the other
        ((1, 1, 0), (0, 1, 1), 1 - 1 / 3 * 1 / 3, 1 - 1 / 3),  # they overlap
        ((1, 0, 0), (0, 1, 1), 1, 1),
        ((0, 0, 0), (0, 0, 0), 0, 0),
        ((0, 0, 0), (1, 0, 0), 1, 1),
    ],
)
def test_distances_are_those_of_passonneau(
    one: tuple[int, ...], two: tuple[int, ...], masi: float, jaccard: float
) -> None:
    # One document beside a pair without anything in common: alpha tells the distance.
    far = (np.array([[0, 0, 0, 1, 0]]), np.array([[0, 0, 0, 0, 1]]))
    first, second = np.array([[*one, 0, 0]]), np.array([[*two, 0, 0]])
    for distance, expected in (("masi", masi), ("jaccard", jaccard)):
        names: Distance = "masi" if distance == "masi" else "jaccard"
        alpha = krippendorff_alpha(
            csr_array(np.vstack([first, far[0]])), csr_array(np.vstack([second, far[1]])), names
        )
        mean = (2 * expected + 2 * (1 + 1 + 1 + 1) + 2) / 12  # of all pairs of the four sets
        assert alpha == pytest.approx(1 - (expected + 1) / 2 / mean)


@given(st.lists(st.tuples(st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3))), max_size=8))
def test_alpha_is_that_of_nltk(pairs: list[tuple[set[int], set[int]]]) -> None:
    tasks = pytest.importorskip("nltk.metrics.agreement", reason="nltk is not installed")
    masi = pytest.importorskip("nltk.metrics.distance", reason="nltk is not installed")

    def with_empty(one: frozenset[int], two: frozenset[int]) -> float:
        return float(masi.masi_distance(one, two)) if one | two else 0.0  # nltk divides by zero

    data = [
        (person, str(item), frozenset(labels))
        for item, pair in enumerate(pairs)
        for person, labels in zip("ab", pair, strict=True)
    ]
    first, second = (dense([pair[side] for pair in pairs]) for side in (0, 1))
    alpha = krippendorff_alpha(first, second)
    if len({labels for _, _, labels in data}) < 2:
        assert alpha is None
    else:
        expected = tasks.AnnotationTask(data=data, distance=with_empty).alpha()
        assert alpha == pytest.approx(expected)


def dense(sets: Sequence[set[int]]) -> csr_array[Any]:
    return csr_array(np.array([[c in each for c in range(5)] for each in sets]).reshape(-1, 5))


def test_kappa_of_cohen() -> None:
    # 20 yes of both, 15 no of both, 5 and 10 of one alone: (0.7 - 0.5) / (1 - 0.5)
    assert cohen_kappa(20, 5, 10, 50) == pytest.approx(0.4)
    assert cohen_kappa(0, 0, 0, 0) is None
    assert cohen_kappa(5, 0, 0, 5) is None
    assert cohen_kappa(0, 0, 0, 5) is None
    assert cohen_kappa(0, 0, 5, 5) == 0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_kappa_is_that_of_scikit_learn(answers: list[tuple[bool, bool]]) -> None:
    one, two = map(list, zip(*answers, strict=True))
    both = sum(a and b for a, b in answers)
    ours = cohen_kappa(both, sum(one) - both, sum(two) - both, len(answers))
    if ours is None:
        assert len({*one, *two}) == 1
    else:
        assert ours == pytest.approx(cohen_kappa_score(one, two))


def test_agreement_of_two_readers() -> None:
    pairs = [
        ReadTwice(["A1"], ["A1"]),
        ReadTwice(["A1"], ["A2"]),
        ReadTwice(["B"], ["B1"]),
        ReadTwice([], []),
    ]
    found = measure_agreement(TAXONOMY, pairs)
    assert (found.documents, found.equal, found.share) == (4, 2, 0.5)
    assert found.interval == pytest.approx((0.150, 0.850), abs=5e-4)
    # A, A1 | A, A1 | B against A, A1 | A, A2 | B, B1: 4 in common of 5 and 6
    assert found.hierarchical_f1 == pytest.approx(2 * 4 / 11)
    one = [1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0] + [0] * 5
    two = [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1] + [0] * 5
    assert found.kappa == pytest.approx(cohen_kappa_score(one, two))
    assert found.labels[0] == LabelAgreement("A1", "Apples", 1, 1, 0, 0.5)
    assert [label.label for label in found.labels] == ["A1", "A2", "B1", "A", "B"]
    assert found.labels[3].kappa == 1


def test_without_documents_nothing_is_measured() -> None:
    found = measure_agreement(TAXONOMY, [])
    assert (found.documents, found.share, found.interval) == (0, None, None)
    assert (found.kappa, found.alpha, found.hierarchical_f1, found.labels) == (None, None, None, ())
    same = measure_agreement(TAXONOMY, [ReadTwice([], [])])
    assert (same.share, same.kappa, same.alpha, same.hierarchical_f1) == (1, None, None, None)


def test_labels_that_are_none_are_said() -> None:
    with pytest.raises(TaxonomyError, match=r"^label 'C' is not in the taxonomy\.$"):
        measure_agreement(TAXONOMY, [ReadTwice(["A"], ["C"])])


def test_many_readings_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    taxonomy = Taxonomy.from_edges([(f"c{i}", "ROOT") for i in range(300)])
    codes = taxonomy.codes
    pairs = [
        ReadTwice([codes[i % 300], codes[i * 7 % 300]], [codes[i % 300], codes[i * 11 % 300]])
        for i in range(1_000)
    ]
    whole = measure_agreement(taxonomy, pairs).alpha
    monkeypatch.setattr(
        agreement, "row_blocks", lambda rows, columns: row_blocks(rows, columns, cells=10_000)
    )
    assert measure_agreement(taxonomy, pairs).alpha == pytest.approx(whole)


def answered(shown: tuple[int, int], blind: tuple[int, int]) -> list[Answered]:
    return [
        Answered(is_blind, number < hits, seconds=96.0 if is_blind else 40.0 + number % 3)
        for is_blind, (hits, total) in ((False, shown), (True, blind))
        for number in range(total)
    ]


def test_anchoring_is_the_difference_of_shown_and_blind() -> None:
    found = measure_anchoring(answered((325, 371), (33, 41)))
    assert found.sentence == (
        "The model's labels were chosen 7 points more often when they were seen. "
        "From 41 blind items that could be anything between −3 and +22."
    )
    assert found.difference == pytest.approx(325 / 371 - 33 / 41)
    assert found.interval == pytest.approx((-0.0289, 0.2192), abs=5e-5)
    assert (found.shown.share, found.blind.share) == pytest.approx((0.876, 0.805), abs=5e-4)
    assert (found.shown.median_seconds, found.blind.median_seconds) == (41, 96)


@pytest.mark.parametrize(
    ("shown", "blind", "begins"),
    [
        ((5, 10), (10, 10), "The model's labels were chosen 50 points less often when they were"),
        ((5, 10), (1, 2), "The model's labels were chosen just as often when they were seen."),
        ((51, 100), (50, 100), "The model's labels were chosen 1 point more often when they"),
        ((5, 10), (0, 0), "No blind item is finished yet, so nothing is known of how the answer"),
        ((0, 0), (1, 2), "No shown item is finished yet, so nothing is known of how the answer"),
        ((1, 1), (0, 1), "The model's labels were chosen 100 points more often when they were "),
    ],
)
def test_what_is_said_of_anchoring(
    shown: tuple[int, int], blind: tuple[int, int], begins: str
) -> None:
    sentence = measure_anchoring(answered(shown, blind)).sentence
    assert sentence.startswith(begins)
    assert ("From 1 blind item that" in sentence) == (blind == (0, 1))


def test_seconds_that_are_not_known_are_left_out() -> None:
    found = measure_anchoring([Answered(False, True), Answered(True, True, 3.0)])
    assert (found.shown.median_seconds, found.blind.median_seconds) == (None, 3.0)

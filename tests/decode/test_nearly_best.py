"""Which of several ways is taken equals a slow reference, and its error what a bootstrap shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array

from harnn.decode import best_or_nearly, error_of_micro_f1
from harnn.metrics import prf
from support.hierarchies import micro_f1


def slow_parts(chosen: np.ndarray, targets: np.ndarray) -> list[float]:
    reached, total = micro_f1(chosen, targets), max(int(chosen.sum()) + int(targets.sum()), 1)
    return [
        (2 * int((row & true).sum()) - reached * (int(row.sum()) + int(true.sum()))) / total
        for row, true in zip(chosen, targets, strict=True)
    ]


def slow_error(one: np.ndarray, other: np.ndarray, targets: np.ndarray) -> float:
    pairs = zip(slow_parts(one, targets), slow_parts(other, targets), strict=True)
    return math.sqrt(sum((a - b) ** 2 for a, b in pairs))


@given(st.data())
def test_the_choice_equals_a_slow_reference(data: st.DataObject) -> None:
    shape = (data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4)))
    targets = data.draw(npst.arrays(bool, shape))
    tried = data.draw(st.lists(npst.arrays(bool, shape), min_size=1, max_size=4))
    micro = [micro_f1(each, targets) for each in tried]
    best = tried[micro.index(max(micro))]
    macro = [prf(csr_array(each), csr_array(targets)).macro.f1 for each in tried]
    nearly = [
        n
        for n, each in enumerate(tried)
        if max(micro) - micro[n] <= slow_error(best, each, targets) + 1e-9
    ]
    taken = best_or_nearly([csr_array(each) for each in tried], csr_array(targets))
    assert taken in nearly
    assert macro[taken] == pytest.approx(max(macro[n] for n in nearly))


def test_the_error_is_what_a_bootstrap_shows() -> None:
    random = np.random.default_rng(1)
    targets = random.random((2_000, 5)) < 0.3
    one = targets ^ (random.random(targets.shape) < 0.1)
    other = one ^ (random.random(targets.shape) < 0.05)
    differences = []
    for _ in range(1_000):
        rows = random.integers(0, len(targets), len(targets))
        differences.append(
            micro_f1(one[rows], targets[rows]) - micro_f1(other[rows], targets[rows])
        )
    assert slow_error(one, other, targets) == pytest.approx(np.std(differences), rel=0.1)


@pytest.mark.parametrize(("wrong", "expected"), [(2, 1), (5, 0)])
def test_macro_f1_decides_within_one_error(wrong: int, expected: int) -> None:
    """A hit in one document against misses in others: 1 below within the root of 3, 4 not of 6."""
    targets = np.zeros((100, 2), bool)
    targets[:50, 0] = targets[99, 1] = True
    plain = targets.copy()
    plain[99, 1] = False
    rare = targets.copy()
    rare[60 : 60 + wrong, 1] = True
    assert micro_f1(plain, targets) > micro_f1(rare, targets)
    assert best_or_nearly([csr_array(plain), csr_array(rare)], csr_array(targets)) == expected


def test_of_equals_the_first() -> None:
    targets = csr_array(np.eye(3, dtype=bool))
    assert best_or_nearly([targets, targets], targets) == 0


def test_messages() -> None:
    targets = csr_array(np.eye(3, dtype=bool))
    with pytest.raises(ValueError, match=r"^Expected at least one prediction, got none\.$"):
        best_or_nearly([], targets)
    message = (
        r"^Expected arrays of one shape \(documents, labels\), "
        r"got predictions \(3, 2\), targets \(3, 3\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        best_or_nearly([targets[:, :2]], targets)


def test_the_error_of_one_way_is_what_a_bootstrap_shows() -> None:
    generator = np.random.default_rng(0)
    targets = generator.random((400, 5)) < 0.3
    chosen = targets ^ (generator.random(targets.shape) < 0.1)
    rows = generator.integers(len(targets), size=(2_000, len(targets)))
    drawn = [micro_f1(chosen[each], targets[each]) for each in rows]
    found = error_of_micro_f1(csr_array(chosen), csr_array(targets))
    assert found == pytest.approx(float(np.std(drawn)), rel=0.05)
    with pytest.raises(ValueError, match="shape"):
        error_of_micro_f1(csr_array(chosen[1:]), csr_array(targets))

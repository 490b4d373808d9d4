"""The threshold with the best micro-F1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array

from harnn.decode import TunedThreshold, tune_threshold
from support.hierarchies import micro_f1, scores


def test_threshold_lies_between_the_score_and_the_next_lower() -> None:
    values = np.array([[0.875, 0.75], [0.5, 0.25]], np.float32)
    targets = csr_array(np.array([[1, 1], [0, 0]], bool))
    assert tune_threshold(values, targets) == TunedThreshold(threshold=0.625, micro_f1=1.0)


def test_of_equal_thresholds_the_highest_wins() -> None:
    # 0.75: 2 * 1 / (1 + 3); 0.25: 2 * 3 / (9 + 3)
    values = np.array([[0.75, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]], np.float32)
    targets = csr_array(np.array([[1, 0, 0, 0, 0, 0, 0, 1, 1]], bool))
    assert tune_threshold(values, targets) == TunedThreshold(threshold=0.625, micro_f1=0.5)


@pytest.mark.parametrize(("score", "threshold"), [(0.25, 0.125), (1.0, 0.5), (0.0, 0.0)])
def test_without_a_lower_score_the_threshold_is_half_of_it(score: float, threshold: float) -> None:
    values = np.full((2, 2), score, np.float32)
    tuned = tune_threshold(values, np.eye(2, dtype=bool))
    assert tuned == TunedThreshold(threshold=threshold, micro_f1=2 * 2 / (4 + 2))


def test_neighbouring_scores_stay_apart() -> None:
    high = np.float32(0.5)
    low = np.nextafter(high, np.float32(0))
    values = np.array([[high, low]], np.float32)
    tuned = tune_threshold(values, np.array([[True, False]]))
    assert tuned == TunedThreshold(threshold=0.5, micro_f1=1.0)


@pytest.mark.parametrize("shape", [(0, 3), (2, 3), (2, 0)])
def test_without_true_labels_the_threshold_is_a_half(shape: tuple[int, int]) -> None:
    tuned = tune_threshold(np.full(shape, 0.75, np.float32), csr_array(shape, dtype=bool))
    assert tuned == TunedThreshold(threshold=0.5, micro_f1=0.0)


def test_tuning_refuses() -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        tune_threshold(np.zeros((2, 3), np.float32), csr_array((3, 2), dtype=bool))
    assert str(caught.value) == (
        "Expected arrays of one shape (documents, labels), got scores (2, 3), targets (3, 2)."
    )
    with pytest.raises(ValueError, match=r"^Expected scores, got NaN\.$"):
        tune_threshold(np.array([[0.5, np.nan]], np.float32), np.array([[True, False]]))


@given(st.data())
def test_no_threshold_is_better(data: st.DataObject) -> None:
    values = data.draw(scores(data.draw(st.integers(1, 6))))
    targets = data.draw(npst.arrays(bool, values.shape))
    tuned = tune_threshold(values, csr_array(targets))
    by_hand = {float(t): micro_f1(values >= t, targets) for t in np.unique(values)}
    chosen = values >= np.float32(tuned.threshold)
    assert 0 <= tuned.threshold <= 1
    assert tuned.micro_f1 == micro_f1(chosen, targets)
    assert tuned.micro_f1 == max(by_hand.values(), default=0.0)
    if targets.any():  # the highest of the best, down to half the way to the next score
        highest = max(t for t, f1 in by_hand.items() if f1 == tuned.micro_f1)
        np.testing.assert_array_equal(chosen, values >= np.float32(highest))


@given(st.data())
def test_tuning_does_not_depend_on_the_order_of_documents(data: st.DataObject) -> None:
    values = data.draw(scores(4))
    targets = data.draw(npst.arrays(bool, values.shape))
    order = np.array(data.draw(st.permutations(range(len(values)))), dtype=int)
    assert tune_threshold(values[order], targets[order]) == tune_threshold(values, targets)

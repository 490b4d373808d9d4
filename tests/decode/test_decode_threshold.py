"""The tuned threshold, and the decoder that keeps it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hierarchies import hierarchies, scores
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array

from harnn.decode import Decoder, TunedThreshold, choose, tune_threshold
from harnn.errors import BundleError

NO_EDGES = np.zeros((0, 2), np.int32)


def micro_f1(chosen: np.ndarray, targets: np.ndarray) -> float:
    sizes = int(chosen.sum()) + int(targets.sum())
    return 2 * int((chosen & targets).sum()) / sizes if sizes else 0.0


def test_threshold_lies_between_the_score_and_the_next_lower() -> None:
    values = np.array([[0.875, 0.75], [0.5, 0.25]], np.float32)
    targets = csr_array(np.array([[1, 1], [0, 0]], bool))
    assert tune_threshold(values, targets) == TunedThreshold(threshold=0.625, micro_f1=1.0)


def test_of_equal_thresholds_the_highest_wins() -> None:
    # 0.75: 2 * 1 / (1 + 3); 0.25: 2 * 3 / (9 + 3)
    values = np.array([[0.75, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]], np.float32)
    targets = csr_array(np.array([[1, 0, 0, 0, 0, 0, 0, 1, 1]], bool))
    assert tune_threshold(values, targets) == TunedThreshold(threshold=0.625, micro_f1=0.5)


def test_without_a_lower_score_the_threshold_is_the_score() -> None:
    values = np.full((2, 2), 0.25, np.float32)
    tuned = tune_threshold(values, np.eye(2, dtype=bool))
    assert tuned == TunedThreshold(threshold=0.25, micro_f1=2 * 2 / (4 + 2))


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
        "Expected arrays of one shape (documents, labels), got values (2, 3), targets (3, 2)."
    )
    with pytest.raises(ValueError, match=r"^Expected scores, got NaN\.$"):
        tune_threshold(np.array([[0.5, np.nan]], np.float32), np.array([[True, False]]))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_threshold_is_better(data: st.DataObject) -> None:
    values = data.draw(scores(data.draw(st.integers(1, 6))))
    targets = data.draw(npst.arrays(bool, values.shape))
    tuned = tune_threshold(values, csr_array(targets))
    by_hand = {float(t): micro_f1(values >= t, targets) for t in np.unique(values)}
    levels = np.ones(values.shape[1], np.int32)
    chosen = choose(values, edges=NO_EDGES, levels=levels, threshold=tuned.threshold)
    assert 0 <= tuned.threshold <= 1
    assert tuned.micro_f1 == micro_f1(chosen.toarray(), targets)
    assert tuned.micro_f1 == max(by_hand.values(), default=0.0)
    if targets.any():  # the highest of the best, down to half the way to the next score
        highest = max(t for t, f1 in by_hand.items() if f1 == tuned.micro_f1)
        np.testing.assert_array_equal(chosen.toarray(), values >= np.float32(highest))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_tuning_does_not_depend_on_the_order_of_documents(data: st.DataObject) -> None:
    values = data.draw(scores(4))
    targets = data.draw(npst.arrays(bool, values.shape))
    order = np.array(data.draw(st.permutations(range(len(values)))), dtype=int)
    assert tune_threshold(values[order], targets[order]) == tune_threshold(values, targets)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_decoder_is_choose(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values = data.draw(scores(len(hierarchy.levels)))
    where = {"edges": hierarchy.edges, "levels": hierarchy.levels}
    close = data.draw(st.booleans())
    by_threshold = Decoder(threshold=0.3, close_upward=close).choose(values, **where)
    expected = choose(values, threshold=0.3, close_upward=close, **where)
    np.testing.assert_array_equal(by_threshold.toarray(), expected.toarray())
    by_rank = Decoder(threshold=0.3, top_k=2, close_upward=close).choose(values, **where)
    expected = choose(values, top_k=2, close_upward=close, **where)
    np.testing.assert_array_equal(by_rank.toarray(), expected.toarray())


@given(st.floats(0, 1), st.none() | st.integers(1, 1000), st.booleans())
@settings(max_examples=30, deadline=None)
def test_decoder_survives_json(threshold: float, top_k: int | None, close_upward: bool) -> None:
    decoder = Decoder(threshold, top_k, close_upward)
    assert Decoder.from_dict(json.loads(json.dumps(decoder.to_dict()))) == decoder


def test_decoder_defaults() -> None:
    assert Decoder.from_dict({"threshold": 1}) == Decoder(threshold=1, close_upward=True)
    assert Decoder(0.5).to_dict() == {"threshold": 0.5, "top_k": None, "close_upward": True}


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ([], "decode.json: got [], expected an object with a threshold."),
        ({}, "decode.json: threshold is missing; expected a number from 0 to 1."),
        ({"threshold": 2}, "decode.json: threshold: got 2, expected 0 to 1."),
        ({"threshold": True}, "decode.json: threshold: got True, expected 0 to 1."),
        ({"threshold": "0.5"}, "decode.json: threshold: got '0.5', expected 0 to 1."),
        ({"threshold": float("nan")}, "decode.json: threshold: got nan, expected 0 to 1."),
        (
            {"threshold": 0.5, "topk": 3},
            "decode.json: unknown key 'topk'; expected threshold, top_k, close_upward. "
            "Did you mean 'top_k'?",
        ),
        (
            {"threshold": None, "top_k": 0, "close_upward": 1},
            "3 problems in the model directory:\n"
            "  decode.json: threshold: got None, expected 0 to 1.\n"
            "  decode.json: top_k: got 0, expected null or a whole number of at least 1.\n"
            "  decode.json: close_upward: got 1, expected true or false.",
        ),
    ],
)
def test_decoder_refuses_bad_files(settings_: object, message: str) -> None:
    with pytest.raises(BundleError) as caught:
        Decoder.from_dict(settings_)
    assert str(caught.value) == message


def test_decoder_refuses_bad_settings() -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Decoder(threshold=-0.5, top_k=0)
    assert str(caught.value) == (
        "threshold: got -0.5, expected 0 to 1. "
        "top_k: got 0, expected null or a whole number of at least 1."
    )

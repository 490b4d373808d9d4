"""The decoder: every strategy, what is added and closed, and decode.json."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn.config import Close, Strategy, TopOne
from harnn.decode import Decoder, Scores, best_expected_f1
from harnn.errors import BundleError, ConfigError
from harnn.taxonomy import Hierarchy
from support.hierarchies import hierarchies, scores

#    0       1
#   2 3     /        4 has the parents 3 and 1
#   5  \   /
#       4
DAG = Hierarchy.from_edges([[2, 0], [3, 0], [4, 3], [4, 1], [5, 2]], [1, 1, 2, 2, 3, 3])
FLAT = Hierarchy.from_edges([], [1, 1, 2])
VALUES = np.array([[0.9, 0.2, 0.3, 0.8, 0.1, 0.25], [0.3, 0.2, 0.2, 0.0, 0.0, 0.1]], np.float32)
FULL = Decoder(
    0.5,
    level_thresholds=(0.5, 0.25, 0.5),
    label_thresholds=(0.95, 0.5, 0.5, 0.5, 0.05, 0.5),
    top_k=2,
    confidence=0.5,
)


def rows(chosen: csr_array) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in chosen.toarray()]


@pytest.mark.parametrize(
    ("strategy", "close", "expected"),
    [
        ("threshold", "up", [[0, 3], []]),
        ("level", "up", [[0, 2, 3], []]),
        ("level", "down", [[0, 2, 3], []]),
        ("label", "up", [[0, 1, 3, 4], []]),  # 4 passes, and brings what does not
        ("label", "down", [[], []]),  # 3 passes, its parent 0 does not
        ("label", "none", [[3, 4], []]),
        ("top_k", "up", [[0, 3], [0, 1]]),
        ("f1", "up", [[0, 3], []]),
        ("deepest", "up", [[0, 3], []]),
    ],
)
def test_strategies_on_a_small_dag(
    strategy: Strategy, close: Close, expected: list[list[int]]
) -> None:
    decoder = dataclasses.replace(FULL, strategy=strategy, close=close)
    assert rows(decoder.choose(VALUES, DAG)) == expected


def test_deepest_divides_by_the_parents() -> None:
    # 2 | 0: 0.4 / 0.8; 5 | 2: 0.3 / 0.4; 4 | 3 and 1: 0.1 / 0.2, but 1 itself is 0.2
    values = np.array([[0.8, 0.2, 0.4, 0.3, 0.1, 0.3]], np.float32)
    for confidence, expected in ((0.5, [0, 2, 5]), (0.51, [0]), (0.2, [0, 1, 2, 3, 4, 5])):
        decoder = Decoder(0.5, strategy="deepest", confidence=confidence)
        assert rows(decoder.choose(values, DAG)) == [expected]


@pytest.mark.parametrize(
    ("top_1", "expected"),
    [
        ("never", [[0, 3], []]),
        ("empty", [[0, 3], [0, 2, 5]]),
        ("always", [[0, 2, 3, 5], [0, 2, 5]]),
    ],
)
def test_top_1_is_the_best_leaf_with_its_ancestors(
    top_1: TopOne, expected: list[list[int]]
) -> None:
    decoder = dataclasses.replace(FULL, top_1=top_1)
    assert rows(decoder.choose(VALUES, DAG)) == expected


def decoders(hierarchy: Hierarchy) -> st.SearchStrategy[Decoder]:
    labels, levels = len(hierarchy), len(np.unique(hierarchy.levels))
    share = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.9, 1.0])
    return st.builds(
        Decoder,
        share,
        strategy=st.sampled_from(get_args(Strategy)),
        level_thresholds=st.tuples(*[share] * levels),
        label_thresholds=st.tuples(*[share] * labels),
        top_k=st.integers(1, labels + 2),
        confidence=share,
        top_1=st.sampled_from(get_args(TopOne)),
        close=st.sampled_from(get_args(Close)),
    )


@given(st.data())
def test_every_answer_is_closed_and_follows_its_document(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    decoder = data.draw(decoders(hierarchy))
    values = data.draw(scores(len(hierarchy)))
    chosen = decoder.choose(values, hierarchy)
    assert chosen.shape == values.shape
    assert chosen.has_canonical_format
    if decoder.close != "none" or decoder.strategy == "deepest":
        assert hierarchy.count_violations(chosen) == 0
    if decoder.top_1 != "never":
        assert (np.diff(chosen.indptr) > 0).all()
    order = np.array(data.draw(st.permutations(range(len(values)))), dtype=int)
    shuffled = decoder.choose(values[order], hierarchy)
    np.testing.assert_array_equal(shuffled.toarray(), chosen.toarray()[order])
    ids = tuple(map(str, range(len(values))))
    shown, again = decoder.decode(Scores(ids, values), hierarchy)
    np.testing.assert_array_equal(again.toarray(), chosen.toarray())
    assert shown.ids == ids
    if decoder.close == "none":
        np.testing.assert_array_equal(shown.values, values)
    elif len(hierarchy.edges):
        children, parents = hierarchy.edges.T
        assert (shown.values[:, children] <= shown.values[:, parents]).all()


@given(st.data())
def test_the_order_of_labels_within_a_level_changes_nothing(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    decoder = data.draw(decoders(hierarchy))
    labels = len(hierarchy)
    parts = [np.flatnonzero(hierarchy.levels == level) for level in np.unique(hierarchy.levels)]
    order = np.concatenate([data.draw(st.permutations(part.tolist())) for part in parts])
    place = np.argsort(order)
    ranks = data.draw(st.permutations(range(labels)))
    values = ((np.array([ranks]) + 1) / (labels + 1)).astype(np.float32)  # no ties
    if decoder.strategy in ("top_k", "f1") or decoder.top_1 != "never":
        # Closing makes ties, and of those the left column is taken.
        decoder = dataclasses.replace(decoder, close="none")
    thresholds = np.array(decoder.label_thresholds)[order]
    moved = dataclasses.replace(decoder, label_thresholds=tuple(thresholds.tolist())).choose(
        values[:, order], Hierarchy.from_edges(place[hierarchy.edges], hierarchy.levels)
    )
    stayed = decoder.choose(values, hierarchy).toarray()
    np.testing.assert_array_equal(moved.toarray(), stayed[:, order])


def expected_f1(scores_: np.ndarray, chosen: tuple[bool, ...]) -> float:
    """By hand, over all outcomes; nothing predicted and nothing true counts as 1."""
    total = 0.0
    for true in itertools.product([False, True], repeat=len(scores_)):
        chance = np.prod(np.where(true, scores_, 1 - scores_))
        sizes = sum(true) + sum(chosen)
        hits = sum(t and c for t, c in zip(true, chosen, strict=True))
        total += chance * (2 * hits / sizes if sizes else 1)
    return total


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=5))
def test_expected_f1_is_the_best_of_all_subsets(given_scores: list[float]) -> None:
    values = np.array(given_scores, np.float64)
    subsets = itertools.product([False, True], repeat=len(values))
    best = max(expected_f1(values, subset) for subset in subsets)
    chosen = best_expected_f1(np.array([given_scores], np.float32))[0]
    assert expected_f1(values, tuple(chosen.tolist())) == pytest.approx(best, abs=1e-9)


def expectations_of_the_best(values: np.ndarray, most: int) -> np.ndarray:
    """The expected F1 of the first 1 to *most* labels, by how many others are true."""
    totals = np.zeros(most)
    for i in range(most):
        others = np.ones(1)
        for score in np.delete(values, i):
            others = np.convolve(others, [1 - score, score])
        sizes = np.arange(i + 1, most + 1)[:, np.newaxis] + 1 + np.arange(len(others))
        totals[i:] += values[i] * (2 * others / sizes).sum(axis=1)
    return totals


@pytest.mark.parametrize(("labels", "power"), [(150, 6), (100, 1)])
def test_expected_f1_with_many_labels(labels: int, power: int) -> None:
    random = np.random.default_rng(5)
    values = np.sort(random.random(labels) ** power)[::-1].astype(np.float32)
    size = int(best_expected_f1(values[np.newaxis]).sum())
    expected = expectations_of_the_best(values.astype(float), min(labels, 128))
    assert expected[size - 1] == pytest.approx(expected.max(), abs=1e-6)


def test_expected_f1_of_certain_and_impossible_labels() -> None:
    values = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], np.float32)
    np.testing.assert_array_equal(best_expected_f1(values), values == 1)
    assert best_expected_f1(np.ones((1, 300), np.float32)).sum() == 128
    assert best_expected_f1(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert best_expected_f1(np.zeros((2, 0), np.float32)).shape == (2, 0)


def test_blocks_change_nothing() -> None:
    values = np.random.default_rng(0).random((200, 6), np.float32)
    for strategy in FULL.strategies:
        decoder = dataclasses.replace(FULL, strategy=strategy, top_1="empty")
        whole = decoder.choose(values, DAG).toarray()
        alone = [decoder.choose(values[i : i + 1], DAG).toarray() for i in range(200)]
        np.testing.assert_array_equal(np.concatenate(alone), whole)


@given(st.data())
def test_decoder_survives_json(data: st.DataObject) -> None:
    decoder = data.draw(decoders(data.draw(hierarchies())))
    plain = decoder.to_dict()
    assert set(plain) == {field.name for field in dataclasses.fields(Decoder)}
    assert Decoder.from_dict(json.loads(json.dumps(plain))) == decoder


def test_what_is_missing_is_the_default() -> None:
    decoder = Decoder.from_dict({"threshold": 1})
    assert decoder == Decoder(1)
    assert {"threshold", "f1"} <= set(decoder.strategies)
    assert "label" not in decoder.strategies


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
            "decode.json: unknown key 'topk'; expected threshold, strategy, level_thresholds, "
            "label_thresholds, top_k, confidence, top_1, close. Did you mean 'top_k'?",
        ),
        (
            {"threshold": None, "top_k": 0, "close": 1, "strategy": "best", "confidence": 3},
            "5 problems in the model directory:\n"
            "  decode.json: threshold: got None, expected 0 to 1.\n"
            "  decode.json: strategy: got 'best', expected one of threshold, level, label, top_k, "
            "f1, deepest.\n"
            "  decode.json: close: got 1, expected one of up, down, none.\n"
            "  decode.json: top_k: got 0, expected null or a whole number of at least 1.\n"
            "  decode.json: confidence: got 3, expected null or 0 to 1.",
        ),
        (
            {"threshold": 0.5, "level_thresholds": [0.5], "label_thresholds": [0.1, -1, None, 1]},
            "4 problems in the model directory:\n"
            "  decode.json: level_thresholds: got 1 numbers, expected 2.\n"
            "  decode.json: label_thresholds[1]: got -1, expected 0 to 1.\n"
            "  decode.json: label_thresholds[2]: got None, expected 0 to 1.\n"
            "  decode.json: label_thresholds: got 4 numbers, expected 3.",
        ),
        (
            {"threshold": 0.5, "label_thresholds": "0.5"},
            "decode.json: label_thresholds: got '0.5', expected null or a list of 0 to 1.",
        ),
        (
            {"threshold": 0.5, "strategy": "label"},
            "decode.json: The strategy label needs label_thresholds, which this model was not "
            "tuned for.",
        ),
    ],
)
def test_decoder_refuses_bad_files(settings_: object, message: str) -> None:
    with pytest.raises(BundleError) as caught:
        Decoder.from_dict(settings_, hierarchy=FLAT)
    assert str(caught.value) == message


def test_decoder_refuses_bad_settings() -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Decoder(threshold=-0.5, top_k=0)
    assert str(caught.value) == (
        "threshold: got -0.5, expected 0 to 1. "
        "top_k: got 0, expected null or a whole number of at least 1."
    )
    with pytest.raises(ValueError, match=r".") as caught:
        Decoder(0.5, strategy="top_k")
    assert str(caught.value) == "The strategy top_k needs top_k, the number of labels."


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("level", "Expected scores of 3 levels, as the thresholds were tuned for, got 2."),
        ("label", "Expected scores of 6 labels, as the thresholds were tuned for, got 3."),
    ],
)
def test_decoder_refuses_other_taxonomies(strategy: Strategy, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        dataclasses.replace(FULL, strategy=strategy).choose(VALUES[:, :3], FLAT)
    assert str(caught.value) == message
    with pytest.raises(ValueError, match=r"^Expected scores of 3 labels, got 6\.$"):
        dataclasses.replace(FULL, strategy=strategy).choose(VALUES, FLAT)


def test_options_change_what_they_name() -> None:
    assert FULL.with_options() == FULL
    assert FULL.with_options(strategy=None, threshold=None, close=None) == FULL
    assert FULL.with_options(threshold=0.25) == dataclasses.replace(FULL, threshold=0.25)
    assert FULL.with_options(top_k=5) == dataclasses.replace(FULL, strategy="top_k", top_k=5)
    assert FULL.with_options(strategy="top_k").top_k == 2
    assert FULL.with_options(strategy="f1", close="none", top_1="always") == dataclasses.replace(
        FULL, strategy="f1", close="none", top_1="always"
    )
    by_rank = dataclasses.replace(FULL, strategy="top_k")
    assert by_rank.with_options(threshold=0.25).strategy == "threshold"
    assert Decoder(0.5).with_options(top_k=5).top_k == 5
    # the k best labels, and no leaf beside them that nobody asked for
    tuned = dataclasses.replace(FULL, top_1="always")
    assert tuned.with_options(top_k=5).top_1 == "never"
    assert tuned.with_options(threshold=0.5).top_1 == "never"
    assert tuned.with_options(threshold=0.5, top_1="empty").top_1 == "empty"
    assert tuned.with_options(strategy="f1").top_1 == "always"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"threshold": 0.5, "top_k": 2},
            "threshold and top_k exclude each other; give one of them.",
        ),
        (
            {"threshold": 0.5, "strategy": "label"},
            "threshold stands for the strategy threshold, got the strategy label; give one of "
            "them.",
        ),
        (
            {"strategy": "deepest"},
            "The strategy deepest needs confidence, which this model was not tuned for. "
            "It has threshold, f1.",
        ),
        (
            {"strategy": "top_k"},
            "The strategy top_k needs top_k, the number of labels. It has threshold, f1.",
        ),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Decoder(0.5).with_options(**options)
    assert str(caught.value) == message


def test_options_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"^threshold: got 2, expected 0 to 1\.$"):
        FULL.with_options(threshold=2)
    with pytest.raises(ValueError, match=r"^strategy: got 'best', expected one of threshold, "):
        FULL.with_options(strategy="best")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^Unknown decoding options: treshold\.$"):
        FULL.with_options(treshold=0.5)  # type: ignore[call-arg]


def test_descriptions() -> None:
    described = [
        dataclasses.replace(FULL, strategy=strategy).describe() for strategy in FULL.strategies
    ]
    assert described == [
        "labels scored at least 0.5000",
        "labels scored at least the threshold of their level",
        "labels scored at least their own threshold",
        "the 2 best labels",
        "the set of labels with the highest expected F1",
        "labels from the top down while each step is at least 0.5000 sure",
    ]
    assert dataclasses.replace(FULL, top_1="empty").describe() == (
        "labels scored at least 0.5000, else the best leaf with its ancestors"
    )

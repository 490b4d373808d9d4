"""What is tuned equals a slow search by hand."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.config import Config, DecodeConfig, TopOne
from harnn.decode import (
    Decoder,
    LabelCurves,
    tune_decoder,
    tune_labels,
    tune_levels,
    tune_threshold,
    tune_top_k,
)
from harnn.metrics import prf
from harnn.taxonomy import Hierarchy
from support.hierarchies import hierarchies, micro_f1, parents_by_hand, scores


def best_of_all(predictions: list[csr_array], targets: csr_array) -> int:
    f1 = [micro_f1(each.toarray(), targets.toarray()) for each in predictions]
    return f1.index(max(f1))


def tune(
    hierarchy: Hierarchy, values: np.ndarray, targets: np.ndarray, **settings_: object
) -> Decoder:
    return tune_decoder(
        values,
        csr_array(targets),
        hierarchy,
        label_counts=np.arange(values.shape[1]) * 3,
        settings=DecodeConfig(**settings_),  # type: ignore[arg-type]
    )


def labelled(data: st.DataObject, labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and targets with a true label."""
    values = data.draw(scores(labels, rows=st.integers(1, 6)))
    targets = data.draw(npst.arrays(bool, values.shape))
    targets[0, 0] = True
    return values, targets


@given(st.data())
def test_curves_match_counting_by_hand(data: st.DataObject) -> None:
    values, targets = labelled(data, data.draw(st.integers(1, 5)))
    curves = LabelCurves.count(values, csr_array(targets))
    np.testing.assert_array_equal(curves.thresholds, np.unique(values[targets]))
    at_least = values[:, :, np.newaxis] >= curves.thresholds
    np.testing.assert_array_equal(curves.predicted, at_least.sum(axis=0))
    np.testing.assert_array_equal(curves.hits, (at_least & targets[:, :, np.newaxis]).sum(axis=0))
    np.testing.assert_array_equal(curves.positives, targets.sum(axis=0))


@pytest.mark.slow
def test_curves_of_many_labels_take_little_time() -> None:
    """A block of a million scores has ten rows: nothing in it may be as large as all curves."""
    random = np.random.default_rng(0)
    values = np.zeros((2_000, 100_000), np.float32)
    rows = np.repeat(np.arange(2_000), 20)
    values[rows, random.integers(0, 100_000, len(rows))] = random.random(len(rows), np.float32)
    targets = csr_array(values > 0.5)
    started = time.monotonic()
    curves = LabelCurves.count(values, targets)
    assert time.monotonic() - started < 20  # two minutes where each block has counts of its own
    assert curves.hits[:, 0].sum() == targets.nnz
    np.testing.assert_array_equal(curves.predicted[:, 0], (values >= curves.thresholds[0]).sum(0))


@pytest.mark.parametrize("cells", [1, 8, 1 << 20])
def test_curves_do_not_depend_on_blocks(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    values = np.round(random.random((40, 3)), 1).astype(np.float32)
    targets = random.random((40, 3)) < 0.4
    monkeypatch.setattr(
        "harnn.decode.curves.row_blocks", lambda *shape: row_blocks(*shape, cells=cells)
    )
    curves = LabelCurves.count(values, csr_array(targets))
    at_least = values[:, :, np.newaxis] >= curves.thresholds
    np.testing.assert_array_equal(curves.predicted, at_least.sum(axis=0))
    np.testing.assert_array_equal(curves.hits, (at_least & targets[:, :, np.newaxis]).sum(axis=0))


def test_where_nothing_is_wrong_labels_have_no_thresholds_of_their_own() -> None:
    decoder = tune(FLAT, VALUES, np.ones(VALUES.shape, bool))
    lowest = float(VALUES.min())
    assert decoder.threshold == pytest.approx(min(lowest / 2, 0.5))
    assert decoder.level_thresholds == (decoder.threshold,) * 2
    assert decoder.label_thresholds == (decoder.threshold,) * 3


def test_curves_of_many_scores_keep_quantiles() -> None:
    values = np.random.default_rng(0).random((1000, 2), np.float32)
    curves = LabelCurves.count(values, np.ones((1000, 2), bool))
    assert len(curves.thresholds) == 256
    assert curves.thresholds[0] == values.min()
    assert curves.thresholds[-1] == values.max()
    np.testing.assert_array_equal(curves.hits, curves.predicted)


@given(st.data())
def test_no_thresholds_of_levels_are_better(data: st.DataObject) -> None:
    values, targets = labelled(data, 4)
    levels = np.array(data.draw(st.sampled_from([[1, 1, 1, 1], [1, 1, 2, 2], [1, 2, 2, 3]])))
    hierarchy = Hierarchy.from_edges([], levels)
    tuned = tune_levels(LabelCurves.count(values, csr_array(targets)), hierarchy)
    candidates = np.unique(values[targets])
    best = max(
        micro_f1(values >= np.array(combination, np.float32)[levels - 1], targets)
        for combination in itertools.product(candidates, repeat=int(levels.max()))
    )
    assert micro_f1(values >= tuned[levels - 1], targets) == pytest.approx(best, abs=1e-12)


def naive_label_gains(
    values: np.ndarray, targets: np.ndarray, groups: list[list[int]]
) -> list[dict[float, float]]:
    """What each threshold gains, by label."""
    candidates = np.unique(values[targets])
    labels = values.shape[1]
    total = int(targets.sum())
    best_micro = max(micro_f1(values >= t, targets) for t in candidates)
    gains = {}
    for label, threshold in itertools.product(range(labels), candidates):
        chosen, true = values[:, label] >= threshold, targets[:, label]
        hits = int((chosen & true).sum())
        micro = (2 * hits - best_micro * int(chosen.sum())) / (2 * total)
        gains[label, threshold] = micro + micro_f1(chosen, true) / labels
    found = []
    for label in range(labels):
        group = next(group for group in groups if label in group)
        positives = int(targets[:, label].sum())
        own = positives / (positives + 10)
        found.append(
            {
                float(t): own * gains[label, t] + (1 - own) * np.mean([gains[x, t] for x in group])
                for t in candidates
            }
        )
    return found


@given(st.integers(0, 10_000))
@example(1116)  # too few documents of the last three
def test_thresholds_of_labels_are_averaged_by_frequency(seed: int) -> None:
    random = np.random.default_rng(seed)
    targets = random.random((60, 5)) < [0.6, 0.5, 0.4, 0.05, 0.02]
    targets[0] = True
    values = np.round(random.random((60, 5)) * 0.5 + targets * 0.3, 2).astype(np.float32)
    counts = np.array([300, 280, 90, 7, 2])
    # The last two share a group with the third, and with all where these have too few documents.
    groups = [[0, 1], [2, 3, 4]] if targets[:, 2:].sum() >= 20 else [[0, 1, 2, 3, 4]]
    tuned = tune_labels(LabelCurves.count(values, csr_array(targets)), counts)
    naive = naive_label_gains(values, targets, groups)
    for threshold, gains in zip(tuned.tolist(), naive, strict=True):
        assert gains[threshold] == pytest.approx(max(gains.values()), abs=1e-12)


@given(st.data())
def test_no_number_of_labels_is_better(data: st.DataObject) -> None:
    values, targets = labelled(data, data.draw(st.integers(1, 8)))
    order = np.argsort(-values, axis=1, kind="stable")
    by_hand = []
    for k in range(1, values.shape[1] + 1):
        chosen = np.zeros(values.shape, bool)
        np.put_along_axis(chosen, order[:, :k], True, axis=1)
        by_hand.append(micro_f1(chosen, targets))
    assert tune_top_k(values, csr_array(targets)) == int(np.argmax(by_hand)) + 1


@given(st.data())
def test_confidence_and_top_1_are_the_best(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values, targets = labelled(data, len(hierarchy))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.decode.tuning.best_or_nearly", best_of_all)
        decoder = tune(hierarchy, values, targets)
    lifted = hierarchy.propagate(values)
    sure = lifted.copy()
    for column in range(lifted.shape[1]):
        if parents := sorted(parents_by_hand(hierarchy, column)):
            lowest = lifted[:, parents].min(axis=1)
            step = np.divide(lifted[:, column], lowest, where=lowest > 0, out=lowest * 0)
            sure[:, column] = np.minimum(step, sure[:, parents].min(axis=1))
    assert decoder.confidence == tune_threshold(sure, targets).threshold
    plain = tune_threshold(lifted, targets).threshold

    def reached(top_1: TopOne, threshold: float) -> float:
        tried = dataclasses.replace(decoder, top_1=top_1, threshold=threshold)
        return micro_f1(tried.choose(values, hierarchy).toarray(), targets)

    by_hand = [reached(top_1, plain) for top_1 in get_args(TopOne)]
    if targets.any():  # beside the best leaf, every threshold is tried
        by_hand += [reached("always", float(x)) for x in [*np.unique(lifted), 1.0]]
    assert reached(decoder.top_1, decoder.threshold) == pytest.approx(max(by_hand))
    if decoder.top_1 != "always":
        assert decoder.threshold == plain


@pytest.mark.parametrize(
    ("frequent", "top_1", "micro", "macro"),
    [(1_000, "never", 2_000 / 2_001, 1 / 3), (10, "empty", 22 / 24, 2 / 3)],
)
def test_of_ways_nearly_as_good_the_one_for_rare_labels(
    frequent: int, top_1: str, micro: float, macro: float
) -> None:
    """The best leaf brings a rare label to one document, and a wrong one to some."""
    wrong = 2 if frequent == 10 else 4
    values = np.array([[0.9, 0.1, 0]] * frequent + [[0.1, 0.2, 0.3]] + [[0.1, 0.35, 0.3]] * wrong)
    targets = np.array([[1, 0, 0]] * frequent + [[0, 0, 1]] + [[0, 0, 0]] * wrong, dtype=bool)
    values = values.astype(np.float32)
    decoder = tune(FLAT, values, targets)
    assert decoder.top_1 == top_1
    chosen = decoder.choose(values, FLAT)
    found = prf(chosen, csr_array(targets))
    assert (found.micro.f1, found.macro.f1) == pytest.approx((micro, macro))


@given(st.data())
def test_the_order_of_documents_does_not_matter(data: st.DataObject) -> None:
    hierarchy = data.draw(hierarchies())
    values, targets = labelled(data, len(hierarchy))
    order = np.array(data.draw(st.permutations(range(len(values)))), dtype=int)
    assert tune(hierarchy, values[order], targets[order]) == tune(hierarchy, values, targets)


FLAT = Hierarchy.from_edges([], [1, 1, 2])
VALUES = np.array([[0.9, 0.2, 0.1], [0.3, 0.4, 0.8]], np.float32)
TARGETS = np.array([[True, False, False], [False, False, True]])


def test_given_settings_win() -> None:
    decoder = tune(FLAT, VALUES, TARGETS, threshold=0.25, top_k=2, top_1="always", close="down")
    assert (decoder.threshold, decoder.top_k) == (0.25, 2)
    assert (decoder.top_1, decoder.close, decoder.strategy) == ("always", "down", "top_k")
    assert tune(FLAT, VALUES, TARGETS, strategy="label", top_k=2).strategy == "label"
    assert tune(FLAT, VALUES, TARGETS).strategy == "threshold"
    assert set(decoder.strategies) == {"threshold", "level", "label", "top_k", "f1", "deepest"}


@pytest.mark.parametrize("documents", [0, 2])
def test_without_true_labels(documents: int) -> None:
    values, targets = VALUES[:documents], np.zeros((documents, 3), bool)
    assert tune(FLAT, values, targets) == Decoder(
        0.5,
        level_thresholds=(0.5, 0.5),
        label_thresholds=(0.5, 0.5, 0.5),
        top_k=1,
        confidence=0.5,
    )


def test_settings_are_read_and_checked() -> None:
    assert Config.read(None, ["decode.close=none"]).decode.close == "none"
    assert Config.read(None, ["decode.strategy=f1"]).decode.chosen_strategy == "f1"
    assert Config.read(None, ["decode.top_k=3"]).decode.chosen_strategy == "top_k"
    assert DecodeConfig().chosen_strategy == "threshold"
    for earlier, close in ((True, "up"), (False, "none")):
        assert Config.from_dict({"decode": {"close_upward": earlier}}).decode.close == close

"""What is called moved, as before, or neither."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harnn.metrics import (
    RatioSums,
    VectorSums,
    benjamini_hochberg,
    newcombe_interval,
    share_p_values,
)
from harnn.watching import (
    LEAST_DOCUMENTS,
    TOLERANCES,
    Drift,
    compare_figures,
    judge,
)
from support.watched import COUNTS, TAXONOMY, made_figures

REFERENCE = made_figures(2_000, 1, right=0.9)


def compare(now: Any, before: Any = REFERENCE) -> Drift:
    return compare_figures(before, now, TAXONOMY, COUNTS)


def moved(drift: Drift) -> set[str]:
    return {each.figure for each in drift.moved}


def test_calm_documents_stay_as_before() -> None:
    """In at least 95 of 100 draws, for each draw as a whole."""
    verdicts: Counter[str] = Counter()
    alarms = 0
    for seed in range(100):
        drift = compare(made_figures(600, 1_000 + seed, right=0.9))
        alarms += bool(drift.moved)
        verdicts.update(each.verdict for each in drift.findings)
    assert alarms / 100 <= 0.05
    assert verdicts["as before"] / verdicts.total() >= 0.95


@pytest.mark.parametrize(
    ("change", "figures"),
    [
        ({"unknown": 0.3}, {"unknown_words"}),
        ({"writing": "Han"}, {"writings"}),
        ({"shares": (0.2, 0.3, 0.5)}, {"label_mix", "labels"}),
        ({"shares": (0.6, 0.4, 0.0)}, {"label_mix", "labels"}),
        ({"empty": 0.2}, {"empty_field"}),
        ({"moved": 0.5}, {"vectors"}),
        ({"sure": 0.45}, {"scores", "unlabelled", "doubtful", "labels"}),
        ({"right": 0.6}, {"f1"}),
    ],
)
def test_what_has_moved_is_seen_and_nothing_else(change: dict[str, Any], figures: set[str]) -> None:
    for seed in range(5):
        drift = compare(made_figures(600, 2_000 + seed, **{"right": 0.9, **change}))
        found = moved(drift)
        assert figures <= found
        assert found <= figures | {"f1"}


def test_labels_that_moved_have_their_own_numbers() -> None:
    now = made_figures(600, 3, shares=(0.6, 0.4, 0.0), right=0.9)
    drift = compare(now)
    gone = [each for each in drift.labels if each.now == 0]
    assert {each.label for each in gone} == {"C", "C0", "C1", "C2", "C3"}
    top = next(each for each in gone if each.label == "C")
    column = TAXONOMY.index["C"]
    before, after = int(REFERENCE.given[column]), int(now.given[column])
    assert (top.before, top.level, top.name) == (before / 2_000, 1, "C")
    assert (top.low, top.high) == newcombe_interval(after, 600, before, 2_000)
    first = TAXONOMY.hierarchy.level_slices[0]
    p_values = share_p_values(REFERENCE.given[first], 2_000, now.given[first], 600)
    assert top.p_value == pytest.approx(benjamini_hochberg(p_values)[column])
    order = [each.p_value for each in drift.labels]
    assert order == sorted(order)


def test_intervals_hold_together() -> None:
    """Bonferroni: more figures, wider intervals."""
    now = made_figures(600, 4, right=0.9)
    some = compare(replace(now, f1=None, vectors=None))
    all_of_them = compare(now)
    assert len(some.findings) < len(all_of_them.findings)
    narrow, wide = (each.findings[0] for each in (some, all_of_them))
    assert narrow.figure == wide.figure == "unknown_words"
    assert wide.low < narrow.low < narrow.high < wide.high


def test_few_documents_tell_little() -> None:
    drift = compare(made_figures(LEAST_DOCUMENTS - 1, 5, unknown=0.9, writing="Han", right=0.9))
    assert {each.verdict for each in drift.findings} == {"too few documents to say"}
    one = compare(made_figures(1, 6))
    assert not one.moved
    assert len(one.unsure) == len(one.findings)
    assert one.to_dict()["moved"] is False


def test_of_labels_chosen_otherwise_nothing_is_said() -> None:
    now = made_figures(600, 7, choosing="other", shares=(0, 0, 1), right=0.5)
    found = {each.figure for each in compare(now).findings}
    assert not found & {"labels", "unlabelled", "f1"}
    assert "label_mix" in moved(compare(now))


def test_documents_without_any_word_or_vector() -> None:
    empty = made_figures(200, 8)
    zero = replace(empty, words=RatioSums(200), vectors=VectorSums.of(np.zeros((200, 16), "f4")))
    for before, now in ((zero, REFERENCE), (REFERENCE, zero), (zero, zero)):
        drift = compare(now, before)
        json.dumps(drift.to_dict(), allow_nan=False)
        words = next(each for each in drift.findings if each.figure == "unknown_words")
        assert words.verdict == "too few documents to say"


@pytest.mark.parametrize(
    ("change", "low", "high", "verdict"),
    [
        (0.2, 0.1, 0.3, "moved"),
        (-0.2, -0.3, -0.1, "moved"),
        (0.05, 0.01, 0.09, "moved"),  # what just reaches the tolerance
        (0.2, -0.1, 0.5, "too few documents to say"),
        (0.04, 0.03, 0.05, "as before"),  # sure, and of no weight
        (0.0, -0.09, 0.09, "as before"),
        (0.0, -0.1, 0.1, "too few documents to say"),
        (0.0, -math.inf, math.inf, "too few documents to say"),
    ],
)
def test_verdicts(change: float, low: float, high: float, verdict: str) -> None:
    assert TOLERANCES["unknown_words"] == 0.05
    assert judge("unknown_words", change, low, high, 100, signed=True) == verdict


def test_figures_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^Expected figures of 15 labels\.$"):
        compare(replace(REFERENCE, given=np.zeros(3, np.int64)))
    with pytest.raises(ValueError, match=r"^Expected figures of at least one document each\.$"):
        compare(made_figures(0, 1))

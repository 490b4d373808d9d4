"""Accepted share against precision, and the cuts that keep a target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harnn.acceptance import READINGS, Curve, documents_needed, wilson
from support.promises import judged, line


def curve_of(documents: int, wrong: list[int]) -> Curve:
    found = line(documents, wrong)
    return Curve.count(found.confidence[:, 0], found.right[:, 0])


def test_points_as_counted() -> None:
    found = judged([[0.9], [0.5], [-1], [0.9], [0.2]], [[True], [False], [True], [False], [True]])
    curve = Curve.count(found.confidence[:, 0], found.right[:, 0])
    points = [(p.cut, p.share, p.precision.right, p.precision.count) for p in curve.points()]
    assert points == [(0.9, 0.4, 1, 2), (0.5, 0.6, 1, 3), (0.2, 0.8, 2, 4)]
    assert (curve.documents, curve.in_question, len(curve)) == (5, 4, 3)


def test_a_level_without_documents() -> None:
    found = judged([[0.9, -1]], [[True, True]])
    curve = Curve.count(found.confidence[:, 1], found.right[:, 1])
    assert curve.points() == ()
    assert [curve.choose(0.9, reading) for reading in READINGS] == [None] * 3


def test_many_points_as_few() -> None:
    curve = curve_of(5_000, list(range(4_000, 5_000)))
    few = curve.points(most=101)
    counts = [point.precision.count for point in few]
    assert (len(few), counts[0], counts[-1]) == (101, 1, 5_000)
    assert set(np.diff(counts).tolist()) <= {49, 50, 51}
    assert few[50] in curve.points()
    assert curve.points(most=5_000) == curve.points()


@pytest.mark.parametrize(
    ("target", "needed"), [(0.9, 35), (0.95, 73), (0.98, 189), (0.99, 381), (0.5, 4)]
)
def test_documents_that_a_target_needs(target: float, needed: int) -> None:
    assert documents_needed(target) == needed
    assert wilson(needed, needed).low >= target
    assert wilson(needed - 1, needed - 1).low < target


@pytest.mark.parametrize("target", [0.0, 1.0, -1.0, 95.0, float("nan")])
def test_targets_out_of_range(target: float) -> None:
    with pytest.raises(ValueError, match="Expected a precision above 0 and below 1, got"):
        documents_needed(target)


def test_the_three_readings() -> None:
    wrong = [150, 200, 230, 260, *range(280, 400, 3)]
    curve = curve_of(400, wrong)
    places = {reading: curve.choose(0.95, reading) for reading in READINGS}
    accepted = {r: int(curve.accepted[p]) for r, p in places.items() if p is not None}
    point, bound = accepted["point"], accepted["bound"]
    hits = curve.right
    assert hits[point - 1] >= 0.95 * point
    assert all(hits[n - 1] < 0.95 * n for n in range(point + 1, 401))
    assert wilson(int(hits[bound - 1]), bound).low >= 0.95
    assert all(wilson(int(hits[n - 1]), n).low < 0.95 for n in range(bound + 1, 401))
    assert accepted["sequence"] <= bound < point


def test_a_sequence_stops_at_the_first_cut_that_fails() -> None:
    """Exact binomial tests at 5%: an early failure closes what later cuts would pass."""
    early = curve_of(2_000, [0, 1, 2, 3, 4, 5, 6, 7])
    assert early.choose(0.95, "sequence") is None
    assert early.choose(0.95, "bound") is not None
    good = curve_of(2_000, [])
    assert good.accepted[good.choose(0.95, "sequence") or 0] == 2_000
    assert binomtest(138, 146, 0.95, alternative="greater").pvalue > 0.05


@given(st.integers(1, 300), st.floats(0, 0.3), st.integers(0, 2**32), st.sampled_from(READINGS))
def test_a_chosen_cut_keeps_its_reading(
    documents: int, errors: float, seed: int, reading: str
) -> None:
    rng = np.random.default_rng(seed)
    confidence = rng.choice(np.linspace(0, 1, 50, dtype=np.float32), (documents, 1))
    right = rng.random((documents, 1)) >= errors
    curve = Curve.count(confidence[:, 0], right[:, 0])
    place = curve.choose(0.9, reading)  # type: ignore[arg-type]
    if place is None:
        return
    point = curve.point(place)
    taken = confidence[:, 0] >= np.float32(point.cut)
    assert int(taken.sum()) == point.precision.count >= 35
    assert int(right[taken].sum()) == point.precision.right
    if reading != "sequence":
        reached = point.precision.low if reading == "bound" else point.precision.share
        assert reached >= 0.9

"""Intervals of shares, and how they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harnn._display import percent
from harnn.acceptance import Interval, wilson


def test_an_interval_of_the_literature() -> None:
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, Statistics in
    Medicine 17, table I, method 3 (score): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    """
    for right, count, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(right, count)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 5_000), st.data())
def test_intervals_are_those_of_scipy(count: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, count))
    theirs = binomtest(right, count).proportion_ci(method="wilson")
    found = wilson(right, count)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert found.low <= found.share <= found.high
    assert found.spread == pytest.approx((theirs.high - theirs.low) / 2)


def test_an_interval_as_it_is_said() -> None:
    assert str(wilson(286, 300)) == "95.3% ± 2.4"
    assert str(wilson(10, 10)) == "100% ± 13.9"
    assert wilson(1, 2).to_dict() == {
        "right": 1,
        "count": 2,
        "share": 0.5,
        "low": pytest.approx(0.0945, abs=1e-4),
        "high": pytest.approx(0.9055, abs=1e-4),
    }


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (1, "100%"), (0.0001, "<0.1%"), (0.9999, ">99.9%"), (0.95, "95.0%")],
)
def test_percent(share: float, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(("right", "count"), [(0, 0), (3, 2), (-1, 4)])
def test_what_cannot_be_counted(right: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"got {right}"):
        Interval(right, count)

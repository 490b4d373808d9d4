from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.metrics import newcombe_interval


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_intervals_are_those_of_the_paper(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    # Newcombe (1998), Table II, method 10
    assert newcombe_interval(*counts) == pytest.approx(interval, abs=5e-5)


@given(st.integers(1, 50), st.integers(1, 50), st.data())
def test_the_difference_lies_in_its_interval(one: int, two: int, data: st.DataObject) -> None:
    hits, other = data.draw(st.integers(0, one)), data.draw(st.integers(0, two))
    low, high = newcombe_interval(hits, one, other, two)
    assert -1 <= low <= hits / one - other / two <= high <= 1
    assert newcombe_interval(other, two, hits, one) == pytest.approx((-high, -low))


def test_without_anything_of_a_kind_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match=r"^Expected 0 to 0 of at least 1, got 0\.$"):
        newcombe_interval(1, 2, 0, 0)

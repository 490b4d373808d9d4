"""What audits say of a promise, and which documents are audited."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.acceptance import (
    LEAST_AUDITS,
    AuditCount,
    audit_marks,
    audits_for_spread,
    audits_to_exclude,
    course,
    draw,
    is_drawn,
    judge_audits,
    wilson,
)
from harnn.metrics import wilson_interval
from harnn.metrics.wilson import wilson_bounds
from harnn.taxonomy import Taxonomy

KEY = bytes(range(32))


def test_a_promise_that_is_kept() -> None:
    found = judge_audits(AuditCount(286, 14, 7), 0.95)
    assert (found.verdict, found.more_needed) == ("kept", None)
    assert found.sentence() == "Right 95.3% ± 2.4, from 300 audited"
    assert found.warning(2) == ""


def test_audits_as_plain_values() -> None:
    found = judge_audits(AuditCount(160, 10, 2), 0.95).to_dict()
    assert found.pop("precision") == wilson(160, 170).to_dict()
    assert found == {
        "target": 0.95,
        "verdict": "below target",
        "not_sure": 2,
        "more_needed": 2174,
        "sentence": "Right 94.1% ± 3.6, from 170 audited",
    }
    assert judge_audits(AuditCount(), 0.95).to_dict()["precision"] is None


def test_a_promise_that_may_be_broken() -> None:
    found = judge_audits(AuditCount(160, 10), 0.95)
    assert found.verdict == "below target"
    assert found.sentence() == "Right 94.1% ± 3.6, from 170 audited"
    assert found.warning(4) == (
        "Level 4 may be below its target. 10 of 170 audited were wrong: 94.1%, interval 89.5 to "
        "96.8. The interval still contains 95%, so the level stays open. At this rate 2,174 more "
        "audits will tell."
    )


def test_a_promise_that_is_broken() -> None:
    found = judge_audits(AuditCount(270, 30), 0.95)
    assert (found.verdict, found.more_needed) == ("paused", None)
    assert found.warning(1) == (
        "Level 1 is below its target. 30 of 300 audited were wrong: 90.0%, interval 86.1 to 92.9. "
        "The whole interval is below 95%, so the level is paused."
    )


def test_the_first_audits_pause_nothing() -> None:
    for count in (AuditCount(0, 1), AuditCount(10, 2), AuditCount(40, LEAST_AUDITS - 41)):
        assert judge_audits(count, 0.95).verdict == "below target"
    assert judge_audits(AuditCount(40, LEAST_AUDITS - 40), 0.95).verdict == "paused"
    warning = judge_audits(AuditCount(8, 3), 0.95).warning(1)
    assert warning == (
        "Level 1 may be below its target. 3 of 11 audited were wrong: 72.7%, interval 43.4 to "
        "90.3. A level is paused after 50 audits at the earliest, so the level stays open. At this "
        "rate 39 more audits will tell."
    )


def test_without_audits() -> None:
    found = judge_audits(AuditCount(not_sure=4), 0.95)
    assert (found.verdict, found.more_needed) == ("not audited", None)
    assert found.sentence() == "Not audited yet"
    assert found.warning(1) == ""
    assert found.count.interval is None


def test_impossible_counts() -> None:
    with pytest.raises(ValueError, match="Expected counts of at least 0"):
        AuditCount(3, -1)
    with pytest.raises(ValueError, match=r"got 1\.0"):
        judge_audits(AuditCount(3, 1), 1.0)


@given(st.integers(1, 400), st.integers(0, 400), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_verdicts_follow_from_the_interval(wrong: int, right: int, target: float) -> None:
    found = judge_audits(AuditCount(right, wrong), target)
    high = wilson_interval(right, right + wrong)[1]
    share = right / (right + wrong)
    if share >= target:
        assert found.verdict == "kept"
    elif high < target and right + wrong >= LEAST_AUDITS:
        assert found.verdict == "paused"
    else:
        assert found.verdict == "below target"
        assert found.more_needed is not None
        later = right + wrong + found.more_needed
        assert later == LEAST_AUDITS or wilson_bounds(share, later)[1] < target
        assert later == LEAST_AUDITS or wilson_bounds(share, later - 2)[1] >= target - 1e-9


def test_audits_that_narrow_an_interval() -> None:
    """± 2.4 takes 300 audits, ± 1.2 some 1,200, at 95.3%."""
    assert 1_150 <= audits_for_spread(0.953, 0.012) <= 1_250
    assert 290 <= audits_for_spread(0.953, 0.0245) <= 310
    for share, spread in ((0.95, 0.02), (0.5, 0.1), (1.0, 0.01), (0.0, 0.3)):
        count = audits_for_spread(share, spread)
        low, high = wilson_bounds(share, [count, max(count - 1, 1)])
        narrow, wide = ((high - low) / 2).tolist()
        assert narrow <= spread < wide


@pytest.mark.parametrize(("share", "spread"), [(1.1, 0.1), (0.9, 0.0), (0.9, 0.5)])
def test_spreads_out_of_range(share: float, spread: float) -> None:
    with pytest.raises(ValueError, match="Expected a share and ± above 0"):
        audits_for_spread(share, spread)


def test_shares_that_never_fall_below() -> None:
    with pytest.raises(ValueError, match="and below the target, got"):
        audits_to_exclude(0.95, 0.95)
    assert audits_to_exclude(0.1, 0.95) == LEAST_AUDITS


def test_audits_over_time() -> None:
    weeks = [AuditCount(24, 1), AuditCount(25, 0, 2), AuditCount(20, 5)]
    assert course(weeks) == (AuditCount(24, 1), AuditCount(49, 1, 2), AuditCount(69, 6, 2))
    assert course([]) == ()


def test_marks_of_an_audited_document(taxonomy: Taxonomy) -> None:
    accepted = ["A", "B", "a1", "b1"]
    assert audit_marks(accepted, ["c"], 2, taxonomy) == (True, True)
    assert audit_marks(accepted, ["a1", "B"], 2, taxonomy) == (True, False)
    assert audit_marks(accepted, ["a1"], 2, taxonomy) == (False, False)
    assert audit_marks(["A"], [], 1, taxonomy) == (False,)
    assert audit_marks(["A"], ["a2"], 1, taxonomy) == (True,)
    with pytest.raises(ValueError, match="Expected labels of the taxonomy, got 'nonsense'"):
        audit_marks(["A"], ["nonsense"], 1, taxonomy)


def test_a_draw_is_that_of_hmac() -> None:
    own = hmac.new(KEY, b"5:audit2:\xc3\xa9", hashlib.sha256).digest()
    assert draw(KEY, "audit", "é") == (int.from_bytes(own[:8], "big") >> 11) / 2**53
    assert draw(KEY, "ab", "c") != draw(KEY, "a", "bc")
    assert draw(KEY, "\ud800") != draw(KEY, "?")


def test_draws_are_uniform_and_larger_shares_draw_more() -> None:
    numbers = np.array([draw(KEY, "audit", str(n)) for n in range(4_000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, bins=10, range=(0, 1))[0]
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-square, 9 degrees, 0.1%
    small = {n for n in range(500) if is_drawn(KEY, 0.05, "audit", str(n))}
    large = {n for n in range(500) if is_drawn(KEY, 0.2, "audit", str(n))}
    assert small < large
    assert not any(is_drawn(KEY, 0.0, str(n)) for n in range(50))
    assert all(is_drawn(KEY, 1.0, str(n)) for n in range(50))


def test_draws_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="Expected a key of 16 bytes or more"):
        draw(b"short", "audit")
    with pytest.raises(ValueError, match="Expected a key of 16 bytes or more"):
        draw(KEY)
    with pytest.raises(ValueError, match=r"Expected a share from 0 to 1, got 5\."):
        is_drawn(KEY, 5, "audit")

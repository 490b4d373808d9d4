"""What audits of accepted documents say of a promise: pure functions of counts.

A document that was filed to a level is audited on that level and on those above it: all documents
filed to a level or deeper bear out its promise, see :class:`harnn.acceptance.Acceptance`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from harnn._display import counted, percent
from harnn.acceptance.curve import check_target
from harnn.acceptance.interval import Interval, as_asked
from harnn.metrics.wilson import Z, wilson_bounds
from harnn.taxonomy import Taxonomy

Verdict = Literal["not audited", "kept", "below target", "paused"]
LEAST_AUDITS = 50
"""Before which no level is paused: of the first few audits one that is wrong would be enough."""
_MOST_AUDITS = 10_000_000


@dataclass(frozen=True, slots=True)
class AuditCount:
    """Audited documents of one level; they can be added."""

    right: int = 0
    wrong: int = 0
    not_sure: int = 0
    """The auditor could not say; they count neither way."""

    def __post_init__(self) -> None:
        if min(self.right, self.wrong, self.not_sure) < 0:
            raise ValueError(f"Expected counts of at least 0, got {self}.")

    def __add__(self, other: AuditCount) -> AuditCount:
        return AuditCount(
            self.right + other.right, self.wrong + other.wrong, self.not_sure + other.not_sure
        )

    @property
    def judged(self) -> int:
        """Documents that were found right or wrong."""
        return self.right + self.wrong

    @property
    def interval(self) -> Interval | None:
        """The precision that audits found; None without any."""
        return Interval(self.right, self.judged) if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAudit:
    """What the audits of one level say of its target."""

    target: float
    count: AuditCount
    verdict: Verdict
    """``kept``: the precision reaches the target; ``below target``: it does not, but the interval
    still contains it, or there are too few audits to pause the level: it stays open; ``paused``:
    the upper end of the interval is below the target."""
    more_needed: int | None
    """More audits, as often right as so far, until it is ``paused``; None but for ``below target``.
    """

    def sentence(self) -> str:
        """Say what was found, as ``Right 95.3% ± 2.4, from 300 audited``."""
        interval = self.count.interval
        if interval is None:
            return "Not audited yet"
        return f"Right {interval}, from {interval.count:,} audited"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        interval = self.count.interval
        return {
            "target": self.target,
            "verdict": self.verdict,
            "not_sure": self.count.not_sure,
            "precision": None if interval is None else interval.to_dict(),
            "more_needed": self.more_needed,
            "sentence": self.sentence(),
        }

    def warning(self, level: int) -> str:
        """Say why the level may be, or is, below its target; an empty string where it is kept."""
        interval = self.count.interval
        if interval is None or self.verdict == "kept":
            return ""
        found = (
            f"{self.count.wrong:,} of {interval.count:,} audited were wrong: "
            f"{percent(interval.share)}, interval {100 * interval.low:.1f} to "
            f"{100 * interval.high:.1f}."
        )
        target = as_asked(self.target)
        if self.verdict == "paused":
            why = f"The whole interval is below {target}, so the level is paused."
            return f"Level {level} is below its target. {found} {why}"
        more = counted(self.more_needed or 0, "more audit")
        why = f"The interval still contains {target}"
        if interval.high < self.target:
            why = f"A level is paused after {LEAST_AUDITS} audits at the earliest"
        stays = f"{why}, so the level stays open. At this rate {more} will tell."
        return f"Level {level} may be below its target. {found} {stays}"


def judge_audits(count: AuditCount, target: float) -> LevelAudit:
    """Return what audits say of a target, above 0 and below 1.

    A level whose precision is just its target is paused by chance now and then, the more often it
    is looked at: 19% of the time within 600 audits, and 5% where it is one point better than 95%
    (docs/acceptance.md).

    Raises:
        ValueError: *target* is out of range.
    """
    check_target(target)
    interval = count.interval
    if interval is None:
        return LevelAudit(target=target, count=count, verdict="not audited", more_needed=None)
    if interval.share >= target:
        return LevelAudit(target=target, count=count, verdict="kept", more_needed=None)
    if interval.high < target and interval.count >= LEAST_AUDITS:
        return LevelAudit(target=target, count=count, verdict="paused", more_needed=None)
    more = audits_to_exclude(interval.share, target) - interval.count
    return LevelAudit(target=target, count=count, verdict="below target", more_needed=max(1, more))


def audits_to_exclude(share: float, target: float) -> int:
    """Return how many audits, *share* of them right, put their whole interval below a target.

    At least :data:`LEAST_AUDITS`. With z = 1.96 an interval ends at the target where the share
    stands z standard errors of the *target* from it: z^2 target (1 - target) / (target - share)^2.

    Raises:
        ValueError: *target* is out of range, or *share* not below it.
    """
    check_target(target)
    if not 0 <= share < target:
        raise ValueError(f"Expected a share from 0 and below the target, got {share}.")
    needed = Z * Z * target * (1 - target) / (target - share) ** 2
    return max(LEAST_AUDITS, math.floor(needed) + 1)


def audits_for_spread(share: float, spread: float) -> int:
    """Return how many audits, *share* of them right, narrow their 95% interval to ± *spread*.

    Raises:
        ValueError: *share* is not 0 to 1, or *spread* not above 0 and below 0.5.
    """
    if not 0 <= share <= 1 or not 0 < spread < 0.5:
        raise ValueError(f"Expected a share and ± above 0 and below 0.5, got {share}, {spread}.")
    low, high = 0, _MOST_AUDITS
    while high - low > 1:  # half the width falls with the number of audits
        middle = (low + high) // 2
        low, high = (low, middle) if _spread(share, middle) <= spread else (middle, high)
    return high


def course(counts: Iterable[AuditCount]) -> tuple[AuditCount, ...]:
    """Return all audits so far after each of some periods, for a chart over time."""
    return tuple(itertools.accumulate(counts))


def audit_marks(
    accepted: Collection[str], true: Collection[str], level: int, taxonomy: Taxonomy
) -> tuple[bool, ...]:
    """Return whether a document is right on each level, from the top down to the one it was filed
    to, by what an auditor says.

    accepted: the labels that were accepted; true: the labels that the auditor gave it, the most
    specific ones are enough; level: that it was filed to.

    Raises:
        ValueError: a label is not in the taxonomy.
    """
    unknown = sorted({*accepted, *true} - taxonomy.index.keys())
    if unknown:
        raise ValueError(f"Expected labels of the taxonomy, got {unknown[0]!r}.")
    right = set(taxonomy.hierarchy.close_upward([taxonomy.index[x] for x in true]).tolist())
    wrong = [x for x in accepted if taxonomy.index[x] not in right]
    first = min((int(taxonomy.levels[taxonomy.index[x]]) for x in wrong), default=level + 1)
    return tuple(each < first for each in range(1, level + 1))


def _spread(share: float, count: int) -> float:
    low, high = wilson_bounds(share, count)
    return float(high - low) / 2

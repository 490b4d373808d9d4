"""What people found in documents that were filed unattended: counts by level and over time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from harnn.acceptance import AuditCount, audit_marks, course
from harnn.review.corrections import ModelState
from harnn.review.tables import FILED, ITEM
from harnn.review.turn import utc
from harnn.taxonomy import Taxonomy

AuditVerdict = Literal["right", "wrong", "not sure", "waiting"]
_MOST_POINTS = 60
_RECENT = timedelta(days=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A document that was drawn for the audit."""

    item: int
    title: str
    policy: int
    """Number of the policy that filed it."""
    filed: datetime
    level: int
    """The deepest one that it was filed to."""
    accepted: Mapping[str, float]
    """Labels with their scores, closed upward."""
    is_aside: bool
    """The auditor could not say, and has set it aside."""
    found: tuple[str, ...]
    """The most specific labels that the auditor gave it."""
    judged: datetime | None
    """When the auditor had read it; None: not yet."""
    marks: tuple[bool, ...]
    """Whether it is right on each level, from the top down to its own; nothing until it is read."""

    def verdict(self, level: int) -> AuditVerdict:
        """Return what was found on a level that it was filed to."""
        if self.is_aside:
            return "not sure"
        if not self.marks:
            return "waiting"
        return "right" if self.marks[level - 1] else "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLevel:
    """The audit of a level: of documents filed to it or deeper since its cut is what it is."""

    level: int
    accepted: int
    drawn: int
    waiting: int
    """Of those that were drawn, not read yet."""
    count: AuditCount
    since: datetime | None
    """When the first of them was filed."""
    course: tuple[tuple[date, AuditCount], ...]
    """All audits so far, after each of at most 60 days on which documents were read."""
    accepted_a_week: float
    """Of the last four weeks, or of the days since the first one where those are fewer."""


def read_audited(
    connection: sa.Connection, model: ModelState, taxonomy: Taxonomy
) -> tuple[Audited, ...]:
    """Return the documents of a model that were drawn, the newest first."""
    query = (
        sa.select(FILED, ITEM)
        .join_from(FILED, ITEM, FILED.c.document == ITEM.c.document)
        .where(
            FILED.c.model == model.name,
            FILED.c.model_hash == model.hash,
            FILED.c.drawn,
            ITEM.c.audit,
            ITEM.c.taxonomy_hash == taxonomy.version,
        )
        .order_by(FILED.c.entry.desc())
    )
    return tuple(_audited(row, taxonomy) for row in connection.execute(query).mappings())


def count_audits(documents: Sequence[Audited], level: int, since: int) -> AuditCount:
    """Count what was found on a level, in documents that policies from number *since* on filed."""
    return _count(_of_level(documents, level, since), level)


def audited_level(
    connection: sa.Connection,
    model: ModelState,
    documents: Sequence[Audited],
    level: int,
    since: int,
) -> AuditedLevel:
    """Return the audit of a level; documents: those that were drawn."""
    now = datetime.now(UTC)
    conditions = (
        FILED.c.model == model.name,
        FILED.c.model_hash == model.hash,
        FILED.c.policy >= since,
        FILED.c.level >= level,
    )
    recent = sa.func.sum(sa.case((FILED.c.moment >= now - _RECENT, 1), else_=0))
    query = sa.select(sa.func.count(), sa.func.min(FILED.c.moment), recent).where(*conditions)
    accepted, first, of_late = connection.execute(query).one()
    own = [*_of_level(documents, level, since)]
    begun = None if first is None else utc(first)
    days = 1.0 if begun is None else max(1.0, min(28.0, (now - begun) / timedelta(days=1)))
    return AuditedLevel(
        level=level,
        accepted=accepted,
        drawn=len(own),
        waiting=sum(each.verdict(level) == "waiting" for each in own),
        count=_count(own, level),
        since=begun,
        course=_course(own, level),
        accepted_a_week=7 * int(of_late or 0) / days,
    )


def _of_level(documents: Sequence[Audited], level: int, since: int) -> Iterator[Audited]:
    return (each for each in documents if each.level >= level and each.policy >= since)


def _count(documents: Sequence[Audited] | Iterator[Audited], level: int) -> AuditCount:
    verdicts = [each.verdict(level) for each in documents]
    return AuditCount(verdicts.count("right"), verdicts.count("wrong"), verdicts.count("not sure"))


def _course(documents: Sequence[Audited], level: int) -> tuple[tuple[date, AuditCount], ...]:
    days: dict[date, list[Audited]] = defaultdict(list)
    for each in documents:
        if each.judged is not None:
            days[each.judged.date()].append(each)
    ordered = sorted(days)
    sums = course(_count(days[day], level) for day in ordered)
    points = list(zip(ordered, sums, strict=True))
    step = -(-len(points) // _MOST_POINTS) or 1
    return tuple(points[::-1][::step][::-1])  # the newest one always


def _audited(row: Mapping[Any, Any], taxonomy: Taxonomy) -> Audited:
    is_done = row[ITEM.c.state] == "done"
    accepted: dict[str, float] = json.loads(row[FILED.c.labels])
    found = tuple(json.loads(row[ITEM.c.labels])) if is_done else ()
    level = int(row[FILED.c.level])
    return Audited(
        item=row[ITEM.c.number],
        title=row[ITEM.c.title],
        policy=row[FILED.c.policy],
        filed=utc(row[FILED.c.moment]),
        level=level,
        accepted=accepted,
        is_aside=row[ITEM.c.state] == "set_aside",
        found=found,
        judged=utc(row[ITEM.c.settled]) if is_done else None,
        marks=audit_marks(accepted, found, level, taxonomy) if is_done else (),
    )

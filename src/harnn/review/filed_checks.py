"""Whether the tables of policies and of documents that were filed say what the log says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from harnn.errors import Problem
from harnn.review.tables import ENTRY, FILED, POLICY


def check_filed(connection: sa.Connection) -> Iterator[Problem]:
    """Yield policies and documents of which the tables say something else than the log, or of which
    one of both says nothing.
    """
    policies = sa.select(POLICY.c.number, POLICY.c.terms)
    kept = {row.number: row.terms for row in connection.execute(policies)}
    entries = sa.select(ENTRY.c.number, ENTRY.c.text).where(ENTRY.c.action == "policy")
    said = {number: json.loads(text) for number, text in connection.execute(entries)}
    for number in sorted({*kept, *said}):
        if kept.get(number) != said.get(number):
            yield Problem(f"policy {number:,}", "is not what the log says.")
    for number in sorted(_documents(connection)):
        yield Problem(f"document filed by entry {number:,}", "is not what the log says.")


def _documents(connection: sa.Connection) -> set[int]:
    """Return the entries of the log with which what was filed does not agree."""
    same = FILED.c.entry == ENTRY.c.number
    lost = (
        sa.select(ENTRY.c.number)
        .outerjoin(FILED, same)
        .where(ENTRY.c.action == "file")
        .where(sa.or_(FILED.c.document.is_(None), FILED.c.labels != ENTRY.c.seen))
    )
    unsaid = (
        sa.select(FILED.c.entry)
        .outerjoin(ENTRY, same)
        .where(sa.or_(ENTRY.c.number.is_(None), ENTRY.c.action != "file"))
    )
    return {*connection.scalars(lost), *connection.scalars(unsaid)}

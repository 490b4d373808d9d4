"""What of the log may be told to somebody who has still to read documents blind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from harnn.review.database import Database
from harnn.review.entries import Entry
from harnn.review.tables import FILED, ITEM, READING

_OPEN = ("open", "annotated", "set_aside")


def told(database: Database, entries: Sequence[Entry], person: str) -> list[tuple[Entry, bool]]:
    """Return entries as *person* may see them, and whether something is withheld.

    Of a document whose answer is hidden from them these are labels, scores and words of others, and
    what the model said; an entry of which something is withheld does not fit its hash.

    Raises:
        DatabaseError: the database does not answer.
    """
    items = {each.item for each in entries if each.item is not None}
    filed = {each.number for each in entries if each.action == "file"}
    with database.reading() as connection:
        hidden = _hidden(connection, items, person)
        audited = _audited(connection, filed, person)
    return [
        (_bare(each), True)
        if each.number in audited
        or (each.item in hidden and (each.person != person or each.part == "system"))
        else (each, False)
        for each in entries
    ]


def _bare(entry: Entry) -> Entry:
    return replace(entry, label="", other="", text="", seen={}, before=(), after=())


def _hidden(connection: sa.Connection, items: Iterable[int], person: str) -> set[int]:
    """Return those of some documents whose answer is hidden from *person*."""
    query = sa.select(ITEM.c.number).outerjoin(READING, _own(person))
    query = query.where(ITEM.c.number.in_(sorted(items)), _is_hidden())
    return set(connection.scalars(query))


def _audited(connection: sa.Connection, entries: Iterable[int], person: str) -> set[int]:
    """Return those entries that filed documents which *person* may still audit."""
    query = (
        sa.select(FILED.c.entry)
        .outerjoin(ITEM, ITEM.c.document == FILED.c.document)
        .outerjoin(READING, _own(person))
        .where(FILED.c.entry.in_(sorted(entries)), FILED.c.drawn)
        .where(sa.or_(ITEM.c.number.is_(None), _is_hidden()))
    )
    return set(connection.scalars(query))


def _own(person: str) -> sa.ColumnElement[bool]:
    return (READING.c.item == ITEM.c.number) & (READING.c.person == person)


def _is_hidden() -> sa.ColumnElement[bool]:
    """Return whether the answer is hidden from whose reading is joined, as :class:`Turn` says."""
    told = sa.or_(READING.c.submitted.is_not(None), sa.not_(READING.c.blind))
    unread = sa.or_(READING.c.item.is_(None), sa.not_(told))
    return sa.and_(ITEM.c.blind, ITEM.c.state.in_(_OPEN), unread)

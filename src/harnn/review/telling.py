"""What of the log may be told to somebody who has still to read documents blind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from harnn.review.database import Database
from harnn.review.entries import Entry
from harnn.review.tables import ITEM, READING

_OPEN = ("open", "annotated", "set_aside")


def told(database: Database, entries: Sequence[Entry], person: str) -> list[tuple[Entry, bool]]:
    """Return entries as *person* may see them, and whether something is withheld.

    Of a document whose answer is hidden from them these are labels, scores and words of others, and
    what the model said; an entry of which something is withheld does not fit its hash.

    Raises:
        DatabaseError: the database does not answer.
    """
    hidden = _hidden(database, {each.item for each in entries if each.item is not None}, person)
    return [
        (_bare(each), True)
        if each.item in hidden and (each.person != person or each.action == "enqueue")
        else (each, False)
        for each in entries
    ]


def _bare(entry: Entry) -> Entry:
    return replace(entry, label="", other="", text="", seen={}, before=(), after=())


def _hidden(database: Database, items: Iterable[int], person: str) -> set[int]:
    """Return those of some documents whose answer is hidden from *person*."""
    own = (READING.c.item == ITEM.c.number) & (READING.c.person == person)
    told = sa.or_(READING.c.submitted.is_not(None), sa.not_(READING.c.blind))
    query = (
        sa.select(ITEM.c.number)
        .outerjoin(READING, own)
        .where(
            ITEM.c.number.in_(sorted(items)),
            ITEM.c.blind,
            ITEM.c.state.in_(_OPEN),
            sa.or_(READING.c.item.is_(None), sa.not_(told)),
        )
    )
    with database.reading() as connection:
        return set(connection.scalars(query))

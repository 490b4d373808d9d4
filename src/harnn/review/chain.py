"""The log in the database: entries are appended under a lock on its head."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from harnn._display import json_text
from harnn.errors import DatabaseError, Problem
from harnn.review.entries import Entry, EntryPart, sealed
from harnn.review.tables import ENTRY, HEAD

_ROWS_AT_ONCE = 1_000
_JSON = ("text", "seen", "before", "after")
"""Fields that are kept as JSON: databases do not take all characters."""


class Note(NamedTuple):
    """What an entry is to say."""

    person: str
    part: EntryPart
    item: int | None
    action: str
    model_hash: str
    taxonomy_hash: str
    label: str = ""
    other: str = ""
    text: str = ""
    undoes: int | None = None
    group: str = ""
    seen: Mapping[str, float] = {}
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Head(NamedTuple):
    """The end of the log."""

    entries: int
    hash: str
    """Of the newest entry."""
    secret: str
    """Key of the draw of blind documents; of no meaning to the log."""


def lock_head(connection: sa.Connection) -> Head:
    """Return the end of the log, and let nobody else write to it before the transaction ends.

    Raises:
        DatabaseError: the row is missing.
    """
    return _head(connection, sa.select(HEAD).with_for_update())


def read_head(connection: sa.Connection) -> Head:
    """Return the end of the log.

    Raises:
        DatabaseError: the row is missing.
    """
    return _head(connection, sa.select(HEAD))


def _head(connection: sa.Connection, query: sa.Select[Any]) -> Head:
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise DatabaseError(Problem("the log", "has no head: its row was removed."))
    return Head(row["count"], row["hash"], row["secret"])


def append(connection: sa.Connection, *notes: Note) -> list[Entry]:
    """Append entries to the log, in a transaction that writes; return them as they stand there."""
    head = lock_head(connection)
    count, previous = head.entries, head.hash
    moment = datetime.now(UTC)
    entries = []
    for note in notes:
        count += 1
        entry = sealed(
            Entry(number=count, moment=moment, previous=previous, hash="", **note._asdict())
        )
        entries.append(entry)
        previous = entry.hash
    if entries:
        connection.execute(sa.insert(ENTRY), [_row(entry) for entry in entries])
        connection.execute(sa.update(HEAD).values(count=count, hash=previous))
    return entries


def read_entries(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None
) -> Iterator[Entry]:
    """Yield entries, not too many, in the order of their numbers."""
    query = sa.select(ENTRY).where(*conditions).order_by(ENTRY.c.number).limit(limit)
    return map(entry_of, connection.execute(query).mappings())


def entries_as_they_are(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> Iterator[Entry]:
    """Yield entries in the order of their numbers, in bounded memory.

    One that somebody made unreadable comes too; it has not the hash of what it says then.
    """
    query = sa.select(ENTRY).where(*conditions).order_by(ENTRY.c.number)
    query = query.execution_options(yield_per=_ROWS_AT_ONCE)
    for row in connection.execute(query).mappings():
        try:
            yield entry_of(row)
        except (TypeError, ValueError):
            blank = {"moment": "1970-01-01T00:00:00+00:00", "before": "[]", "after": "[]"}
            yield entry_of({**row, **blank, "text": '""', "seen": "{}"})


def newest_entries(
    connection: sa.Connection, most: int, *conditions: sa.ColumnElement[bool]
) -> list[Entry]:
    """Return the newest entries, *most* at most, oldest first."""
    query = sa.select(ENTRY).where(*conditions).order_by(ENTRY.c.number.desc()).limit(most)
    return [entry_of(row) for row in connection.execute(query).mappings()][::-1]


def entry_of(row: Mapping[Any, Any]) -> Entry:
    """Return what a row of the log says."""
    seen, before, after = (json.loads(row[name]) for name in ("seen", "before", "after"))
    return Entry(
        number=row["number"],
        moment=datetime.fromisoformat(row["moment"]),
        person=row["person"],
        part=row["part"],
        item=row["item"],
        action=row["action"],
        label=row["label"],
        other=row["other"],
        text=json.loads(row["text"]),
        undoes=row["undoes"],
        group=row["together"],
        model_hash=row["model_hash"],
        taxonomy_hash=row["taxonomy_hash"],
        seen=dict(seen),
        before=tuple(before),
        after=tuple(after),
        previous=row["previous"],
        hash=row["hash"],
    )


def _row(entry: Entry) -> dict[str, Any]:
    row = {each.name: getattr(entry, each.name) for each in fields(entry)}
    row["moment"] = entry.moment.isoformat(timespec="microseconds")
    row["together"] = row.pop("group")
    row["seen"] = dict(entry.seen)
    return row | {name: json_text(row[name]) for name in _JSON}

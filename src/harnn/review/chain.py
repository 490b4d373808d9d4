"""The log in the database: entries are appended under a lock on its head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from harnn.review.entries import Entry, EntryPart


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


def append(connection: sa.Connection, *notes: Note) -> list[Entry]:
    """Append entries to the log, in a transaction that writes; return them as they stand there."""
    raise NotImplementedError

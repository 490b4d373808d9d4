"""The log: entries, each with a hash over itself and the hash before it.

An entry cannot be changed, taken out, moved or added between others without the hashes behind it
showing so. Entries that are cut off at the end show by the head, which counts them. Whoever may
write the whole database can write the whole chain anew: against that helps a hash that is noted
elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from harnn.errors import Problem

EntryPart = Literal["annotate", "review", "audit", "system"]
NOTHING_BEFORE = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the log."""

    number: int
    """1, 2, ... without gaps."""
    moment: datetime
    """UTC."""
    person: str
    part: EntryPart
    item: int | None
    """None: of the whole, as a new taxonomy."""
    action: str
    """An action of a reading, or ``comment``, ``undo``, ``submit``, ``set_aside``, ``reopen``,
    ``enqueue``, ``settle``, ``policy``, ``export``, ``retire``."""
    label: str = ""
    other: str = ""
    text: str = ""
    """A comment, or what else is to be known; of ``enqueue`` the SHA-256 of the document."""
    undoes: int | None = None
    """Number of the entry that is taken back."""
    group: str = ""
    """One id for decisions that were made together."""
    model_hash: str
    taxonomy_hash: str
    seen: Mapping[str, float]
    """Scores that were shown; none where the answer was hidden."""
    before: tuple[str, ...]
    """Most specific labels of the reading."""
    after: tuple[str, ...]
    previous: str
    """Hash of the entry before."""
    hash: str
    """SHA-256 (hex) over everything else, see :func:`hash_of`."""


def hash_of(entry: Entry) -> str:
    """Return the SHA-256 (hex) of all fields of an entry but ``hash``, as canonical JSON.

    That is: an object with its keys in order, without blanks, everything beyond ASCII escaped,
    numbers as Python writes them, the moment in ISO 8601 with microseconds.
    """
    content: dict[str, Any] = {
        each.name: getattr(entry, each.name) for each in fields(entry) if each.name != "hash"
    }
    content["moment"] = entry.moment.isoformat(timespec="microseconds")
    content["seen"] = dict(entry.seen)
    written = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def sealed(entry: Entry) -> Entry:
    """Return an entry with its hash."""
    return replace(entry, hash=hash_of(entry))


def verify(
    entries: Iterable[Entry], *, count: int, head: str, noted: str | None = None
) -> list[Problem]:
    """Return what is wrong with a log, entries in the order of their numbers; nothing if all fits.

    count, head: how many entries there are, and the hash of the newest, as they are kept apart.
    noted: a hash that was noted elsewhere, which one of the entries must have.
    """
    problems: list[Problem] = []
    number, previous, found = 0, NOTHING_BEFORE, noted is None
    for entry in entries:
        where = f"entry {entry.number:,}"
        if entry.number != number + 1:
            problems.append(_missing(number + 1, entry.number - 1))
        elif entry.previous != previous:
            problems.append(Problem(where, "does not follow the entry before it."))
        if entry.hash != hash_of(entry):
            problems.append(Problem(where, "was changed: its hash is not that of what it says."))
        number, previous = entry.number, entry.hash
        found = found or entry.hash == noted
    if number < count:
        problems.append(_missing(number + 1, count))
    elif number > count:
        what = f"counts {count:,} entries, there are {number:,}."
        problems.append(Problem("the head of the log", what))
    elif previous != head:
        problems.append(Problem("the head of the log", "has not the hash of the newest entry."))
    if not found:
        what = "has no entry with the hash that was noted: it was cut off, or written anew."
        problems.append(Problem("the log", what))
    return problems


def _missing(first: int, last: int) -> Problem:
    if first == last:
        return Problem(f"entry {first:,}", "is missing.")
    return Problem(f"entries {first:,} to {last:,}", "are missing.")

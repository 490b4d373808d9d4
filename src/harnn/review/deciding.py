"""What people do with documents in review; each function is part of a transaction that writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from harnn._display import printable
from harnn.errors import ReviewError
from harnn.review.chain import read_entries
from harnn.review.entries import Entry
from harnn.review.tables import ENTRY, READING
from harnn.review.turn import HOLD, Turn, utc
from harnn.review.values import State

MOST_COMMENT = 10_000
"""Characters of a comment."""
_MOST_SECONDS = HOLD.total_seconds()
"""Of a reading: longer, somebody was away."""


def decide(turn: Turn, action: str, label: str = "", other: str = "", group: str = "") -> Entry:
    """Decide something of a document; group: of several, which this person does not open.

    Raises:
        ReviewError: it cannot be done.
    """
    reading = turn.reading.decide(action, label, other)
    entry = turn.note(
        action, label=label, other=other, group=group, seen=turn.shown, after=reading.most_specific
    )
    turn.keep(reading, entry)
    if not group:
        turn.claim()
    return entry


def submit(turn: Turn) -> None:
    """Hand in a reading; the document is done, or waits for somebody else.

    Raises:
        ReviewError: something is undecided.
    """
    if turn.turn == 3:
        settle(turn, take="", alone=False)
        return
    reading = turn.reading
    reading.check_complete()
    entry = turn.note("submit", seen=turn.shown)
    since = turn.item["held_since"] if turn.item["holder"] == turn.person else None
    seconds = None if since is None else (turn.now - utc(since)).total_seconds()
    turn.keep(
        reading,
        entry,
        submitted=turn.now,
        as_model=turn.is_as_model(reading),
        seconds=None if seconds is None else min(seconds, _MOST_SECONDS),
    )
    if turn.turn == 1 and turn.item["second"]:
        turn.change(state="annotated", holder="")
    elif turn.turn == 2 and set(_labels(turn, turn.submitted[0]["person"])) != set(reading.labels):
        turn.change(state="disputed", holder="")
    else:
        turn.settle(reading.most_specific)


def settle(turn: Turn, *, take: str, alone: bool) -> None:
    """Say what holds of a document that two people read differently.

    take: whose reading holds; empty: what this person has decided. alone: nobody else may say it,
    not even give the second reading that is waited for.

    Raises:
        ReviewError: nothing is disputed, this person is one of the two, or decisions are missing.
    """
    state = turn.item["state"]
    if state != "disputed" and not (alone and state == "annotated"):
        raise ReviewError("nobody disagrees about this document.")
    readers = [name for name, row in turn.readings.items() if row["submitted"]]
    if turn.person in readers and not alone:
        raise ReviewError("you have read this document: somebody else must settle it.")
    if take and take not in readers:
        raise ReviewError(f"{printable(take)!r} has not submitted this document.")
    reading = turn.reading
    if take:
        reading = turn.reading_of(turn.readings[take])
    else:
        reading.check_complete()
    how = f"as {take} read it" if take else ""
    if turn.person in readers:
        how = f"{how}; settled by a reader of it, as nobody else may".removeprefix("; ")
    entry = turn.note("settle", text=how, seen=turn.shown, after=reading.most_specific)
    if turn.own and turn.own["submitted"]:
        turn.keep(turn.reading, entry, **_as_before(turn))
    else:
        turn.keep(turn.reading, entry, submitted=turn.now)
    turn.settle(reading.most_specific)


def undo(turn: Turn) -> None:
    """Take back what this person did last of a document.

    Raises:
        ReviewError: there is nothing, or another has gone on with it.
    """
    entry = turn.newest_in_force()
    if entry is None:
        raise ReviewError("there is nothing to undo.")
    if entry.action in ("submit", "settle", "set_aside"):
        _take_back(turn, entry)
        return
    turn.check_free()
    _undo_decision(turn, entry)
    turn.claim()


def undo_in_group(turn: Turn, entry: Entry) -> None:
    """Take back one decision of several that were made together, be it the newest or not.

    Raises:
        ReviewError: the reading is submitted, or in other hands.
    """
    turn.check_free()
    _undo_decision(turn, entry)


def _undo_decision(turn: Turn, entry: Entry) -> None:
    before = turn.reading.most_specific
    reading = turn.refold(entry.number)
    undone = turn.note(
        "undo",
        undoes=entry.number,
        group=entry.group,
        seen=turn.shown,
        before=before,
        after=reading.most_specific,
    )
    turn.keep(reading, undone)


def _take_back(turn: Turn, entry: Entry) -> None:
    later = [row for row in turn.readings.values() if row["version"] > entry.number]
    others = [row for row in later if row["person"] != turn.person]
    if others:
        who = others[0]["person"]
        found = turn.entry(others[0]["version"])
        moment = found.moment if found else turn.now
        what = f"{who} went on with this document {turn.at(moment)}. It cannot be undone."
        raise turn.conflict(what, who, moment)
    reading = turn.reading
    undone = turn.note("undo", undoes=entry.number, seen=turn.shown)
    stays = entry.action == "settle" and turn.own is not None and turn.own["turn"] < 3
    if stays:
        turn.keep(reading, undone, **_as_before(turn))
    else:
        seen_now = {"blind": False} if entry.action == "submit" else {}
        turn.keep(reading, undone, **seen_now)
    turn.unsettle(state_of(turn))
    turn.claim()


def comment(turn: Turn, text: str) -> None:
    """Write something beside a document.

    Raises:
        ReviewError: it is empty, or too long.
    """
    if not text.strip():
        raise ReviewError("the comment is empty.")
    if len(text) > MOST_COMMENT:
        what = f"the comment has {len(text):,} characters, at most {MOST_COMMENT:,} are kept."
        raise ReviewError(what)
    turn.note("comment", text=text)


def set_aside(turn: Turn) -> None:
    """Leave a document for later."""
    entry = turn.note("set_aside", seen=turn.shown)
    turn.keep(turn.reading, entry)
    turn.change(state="set_aside", holder="")


def reopen(turn: Turn) -> None:
    """Let a document be read again that is set aside, or done; decisions stay as they are.

    Raises:
        ReviewError: it is open.
    """
    if turn.item["state"] not in ("set_aside", "done"):
        raise ReviewError("this document is open.")
    if turn.item["state"] == "done" and turn.may != "review":
        raise ReviewError("this document is done: a reviewer may open it again.")
    was_done = turn.item["state"] == "done"
    entry = turn.note("reopen", text="done" if was_done else "set aside")
    changed: dict[str, Any] = {"version": entry.number}
    if was_done:
        changed |= {"submitted": None, "blind": False, "seconds": None}
    query = sa.update(READING).where(READING.c.item == turn.number)
    turn.connection.execute(query.values(**changed))
    turn.readings = {name: {**row, **changed} for name, row in turn.readings.items()}
    turn.__dict__.pop("submitted", None)
    turn.unsettle(state_of(turn))
    turn.change(holder="")
    turn.claim()


def state_of(turn: Turn) -> State:
    """Return the state that follows from how many readings are submitted, before it is done."""
    count = sum(row["submitted"] is not None for row in turn.readings.values() if row["turn"] < 3)
    states: tuple[State, ...] = ("open", "annotated", "disputed")
    return states[min(count, 2)]


def in_group(connection: sa.Connection, group: str, person: str) -> Sequence[Entry]:
    """Return the decisions of a group that are not undone."""
    conditions = (ENTRY.c.together == group, ENTRY.c.person == person)
    entries = list(read_entries(connection, *conditions))
    undone = {entry.undoes for entry in entries}  # who takes one back names the group too
    return [each for each in entries if each.undoes is None and each.number not in undone]


def _as_before(turn: Turn) -> dict[str, object]:
    """Return what stays of a reading that is submitted."""
    assert turn.own is not None
    return {name: turn.own[name] for name in ("submitted", "labels", "as_model", "seconds")}


def _labels(turn: Turn, person: str) -> tuple[str, ...]:
    return turn.reading_of(turn.readings[person]).labels

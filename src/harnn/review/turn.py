"""One person at one document in review, in a transaction of the database: who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from harnn._display import json_text
from harnn.errors import (
    ConflictError,
    DatabaseError,
    MissingError,
    Problem,
    ReviewError,
    TaxonomyError,
)
from harnn.review.chain import Note, append, entry_of, read_entries
from harnn.review.entries import Entry
from harnn.review.reading import ACTIONS, Reading, fold
from harnn.review.tables import ENTRY, ITEM, LABEL, MOST_LABEL, MOST_NUMBER, READING, TAXONOMY
from harnn.review.values import Part
from harnn.taxonomy import Taxonomy

HOLD = timedelta(minutes=20)
"""How long a document stays with whoever opened it or decided something of it last."""
_ROWS_AT_ONCE = 50
_CLOSING = ("submit", "set_aside", "settle")
_ALL = ("reopen", "retire")
"""Actions that change the readings of everybody."""


class Taxonomies:
    """Taxonomies that documents in review were read under, by their hashes."""

    def __init__(self, *known: Taxonomy) -> None:
        self._known = {each.version: each for each in known}

    def get(self, connection: sa.Connection, version: str) -> Taxonomy:
        """Return a taxonomy, out of the database where need be.

        Raises:
            DatabaseError: it is not there.
        """
        if version not in self._known:
            query = sa.select(TAXONOMY.c.text).where(TAXONOMY.c.hash == version)
            text = connection.scalar(query)
            if text is None:
                raise DatabaseError(Problem("the review", f"has no taxonomy {version[:12]!r}."))
            self._known[version] = Taxonomy.from_json(text)
        return self._known[version]

    def keep(self, connection: sa.Connection, taxonomy: Taxonomy) -> None:
        """Put a taxonomy into the database, where it is not there yet; the head is locked.

        Raises:
            TaxonomyError: it has labels that are too long.
        """
        self._known[taxonomy.version] = taxonomy
        query = sa.select(TAXONOMY.c.hash).where(TAXONOMY.c.hash == taxonomy.version)
        if connection.scalar(query) is None:
            long = [code for code in taxonomy.codes if len(code) > MOST_LABEL]
            what = f"can be kept in review with at most {MOST_LABEL} characters."
            problems = [Problem(f"label {code[:40]!r}…", what) for code in long]
            if problems:
                raise TaxonomyError(problems)
            row = {"hash": taxonomy.version, "text": taxonomy.to_json()}
            connection.execute(sa.insert(TAXONOMY).values(**row))


class Turn:
    """What one person finds at a document, and what they do there.

    Whoever writes has locked the head of the log before, so that nothing changes meanwhile.
    """

    def __init__(
        self,
        connection: sa.Connection,
        taxonomies: Taxonomies,
        model: str,
        number: int,
        person: str,
        may: Part,
    ) -> None:
        """may: the most that this person may do.

        Raises:
            MissingError: there is no such document.
        """
        self.connection, self.number, self.person, self.may = connection, number, person, may
        query = sa.select(ITEM).where(ITEM.c.number == number, ITEM.c.model == model)
        item = None
        if number <= MOST_NUMBER:
            item = connection.execute(query).mappings().one_or_none()
        if item is None:
            raise no_document(number)
        self.item: Mapping[str, Any] = dict(item)
        self.taxonomy = taxonomies.get(connection, self.item["taxonomy_hash"])
        rows = connection.execute(sa.select(READING).where(READING.c.item == number)).mappings()
        self.readings: dict[str, Mapping[str, Any]] = {row["person"]: dict(row) for row in rows}
        self.now = datetime.now(UTC)

    @property
    def own(self) -> Mapping[str, Any] | None:
        """The row of this person's reading."""
        return self.readings.get(self.person)

    @property
    def version(self) -> int:
        """Number of the newest entry of this person's reading."""
        return self.own["version"] if self.own else 0

    @cached_property
    def submitted(self) -> list[Mapping[str, Any]]:
        """Readings of others that are submitted, the first one first."""
        rows = (row for row in self.readings.values() if row["person"] != self.person)
        return sorted((row for row in rows if row["submitted"]), key=lambda row: row["turn"])

    @property
    def turn(self) -> int:
        """1: a first reading, 2: a second one, 3: settling."""
        if self.own and self.own["submitted"]:
            return int(self.own["turn"])
        return min(len(self.submitted), 2) + 1

    @property
    def part(self) -> Part:
        """What this person does here."""
        return "annotate" if self.turn == 1 else "review"

    @property
    def hidden(self) -> bool:
        """Whether the model's answer, and what others decided, is hidden from this person now."""
        if not self.item["blind"] or self.item["state"] in ("done", "disputed"):
            return False
        return self.own is None or bool(self.own["blind"] and not self.own["submitted"])

    @property
    def holder(self) -> str:
        """Who has the document open."""
        until = self.item["held_until"]
        return self.item["holder"] if until and utc(until) > self.now else ""

    @cached_property
    def reading(self) -> Reading:
        """What this person has decided so far."""
        return self.reading_of(self.own) if self.own else self.begin(self.shown)

    @cached_property
    def shown(self) -> dict[str, float]:
        """The labels, with scores, that this person's reading begins with, or began with."""
        if self.own:
            return dict(json.loads(self.own["shown"]))
        if self.hidden:
            return {}
        shown: dict[str, float] = json.loads(self.item["shown"])
        if self.turn > 1:
            near = self._runners_up()
            for row in self.submitted:
                for label in self.reading_of(row).labels:
                    shown.setdefault(label, near.get(label, 0.0))
        return shown

    def begin(self, shown: Mapping[str, float]) -> Reading:
        """Return a reading of which this person has decided nothing yet."""
        reading = Reading.start(self.taxonomy, shown)
        for label in json.loads(self.item["kept"]):
            reading = reading.decide("accept", label)
        return reading

    def reading_of(self, row: Mapping[str, Any]) -> Reading:
        """Return the reading that a row holds."""
        return unpack(self.taxonomy, json.loads(row["shown"]), json.loads(row["said"]))

    def check(self, version: int) -> None:
        """Refuse where this person may not read on, or has not seen the newest state.

        Raises:
            ConflictError: others were quicker, or this person was, in another window.
        """
        self.check_free()
        self.check_version(version)

    def check_version(self, version: int) -> None:
        """Raises:
        ConflictError: the version is not the newest.
        ReviewError: the document never had it.
        """
        if version == self.version:
            return
        seen = self.entry(version) if 0 < version <= MOST_NUMBER else None
        if version and (seen is None or seen.item != self.number):
            what = f"your reading of document {self.number:,} never had the version {version:,}"
            raise ReviewError(f"{what}; read the document, and give the one that it has.")
        entry = self.entry(self.version)
        who = "You" if entry and entry.person == self.person else (entry and entry.person)
        moment = entry.moment if entry else self.now
        what = f"{who or 'Somebody'} changed it {self.at(moment)}. Look at it as it is now."
        raise self.conflict(what, entry.person if entry else "", moment)

    def check_free(self) -> None:
        """Raises:
        ConflictError: the document is submitted, set aside or in other hands.
        """
        own, state = self.own, self.item["state"]
        if own and own["submitted"]:
            moment = utc(own["submitted"])
            what = f"You submitted this document {self.at(moment)}. Undo takes it back."
            raise self.conflict(what, self.person, moment)
        if state == "set_aside":
            entry = self._newest("set_aside")
            who, moment = (entry.person, entry.moment) if entry else ("Somebody", self.now)
            what = f"{who} set this document aside {self.at(moment)}. Reopen it first."
            raise self.conflict(what, who, moment)
        if state == "done" or (self.submitted and self.may == "annotate"):
            last = max(self.submitted, key=lambda row: row["submitted"])
            who, moment = last["person"], utc(last["submitted"])
            what = f"{who} submitted this document {self.at(moment)}. See both."
            raise self.conflict(what, who, moment)
        if self.holder not in ("", self.person):
            moment = utc(self.item["held_since"])
            what = f"{self.holder} has had this document open since {self.at(moment, '')}. "
            raise self.conflict(f"{what}Take another.", self.holder, moment)

    def conflict(self, what: str, person: str, moment: datetime) -> ConflictError:
        """Return an error about this document."""
        return ConflictError(what, item=self.number, person=person, moment=moment)

    def at(self, moment: datetime, before: str = "at ") -> str:
        """Say when something was, short where it was today."""
        if moment.date() == self.now.date():
            return f"{before}{moment:%H:%M} UTC"
        return f"{'on ' if before else ''}{moment:%Y-%m-%d} at {moment:%H:%M} UTC"

    @property
    def can_claim(self) -> bool:
        """Whether this person can read the document now, and nobody else has it."""
        has_read = self.own is not None and self.own["submitted"]
        may_not = self.may == "annotate" and self.submitted
        is_open = self.item["state"] not in ("done", "set_aside")
        return bool(is_open and not has_read and not may_not and self.holder in ("", self.person))

    @property
    def is_claimed(self) -> bool:
        """Whether this person has it, and for a good while still."""
        until = self.item["held_until"]
        return self.holder == self.person and utc(until) - self.now > HOLD / 2

    def claim(self) -> None:
        """Let this person have the document for some time, where that can be."""
        if self.can_claim:
            since = self.item["held_since"] if self.holder else self.now
            self.change(holder=self.person, held_since=since, held_until=self.now + HOLD)

    def change(self, **columns: Any) -> None:
        """Change the document's row."""
        self.item = {**self.item, **columns}
        query = sa.update(ITEM).where(ITEM.c.number == self.number)
        self.connection.execute(query.values(**columns))

    def note(self, action: str, **more: Any) -> Entry:
        """Write an entry of this person about this document."""
        part = "audit" if self.item["audit"] else self.part
        more.setdefault("before", self.reading.most_specific)
        more.setdefault("after", self.reading.most_specific)
        note = Note(
            self.person,
            part,
            self.number,
            action,
            self.item["model_hash"],
            self.item["taxonomy_hash"],
            **more,
        )
        (entry,) = append(self.connection, note)
        return entry

    def keep(self, reading: Reading, entry: Entry, **columns: Any) -> None:
        """Keep this person's reading as it is after an entry."""
        row = {
            "item": self.number,
            "person": self.person,
            "turn": self.turn,
            "blind": self.hidden if self.own is None else self.own["blind"],
            "version": entry.number,
            "shown": json_text(self.shown),
            "said": json_text(pack(reading)),
            "submitted": None,
            "labels": json_text(list(reading.most_specific)),
            "as_model": None,
            "seconds": None,
        } | columns
        key = (READING.c.item == self.number, READING.c.person == self.person)
        query = sa.insert(READING) if self.own is None else sa.update(READING).where(*key)
        self.connection.execute(query.values(**row))
        self.readings[self.person] = row
        self.__dict__.pop("reading", None)

    def settle(self, labels: tuple[str, ...]) -> None:
        """Let the document be done with its most specific labels."""
        closed, given = self.closed(labels), set(json.loads(self.item["shown"]))
        self.change(
            state="done",
            labels=json_text(list(labels)),
            as_model=closed == given,
            settled=self.now,
            holder="",
        )
        for right, some in ((True, given & closed), (False, given - closed)):
            self._mark(right, sorted(some))

    def is_as_model(self, reading: Reading) -> bool:
        """Tell whether a reading has exactly the labels that the model gave."""
        return set(reading.labels) == self.closed(json.loads(self.item["shown"]))

    def closed(self, labels: Iterable[str]) -> set[str]:
        """Return labels with all that stand above them."""
        columns = self.taxonomy.close_upward(self.taxonomy.columns(labels))
        return {self.taxonomy.codes[column] for column in columns.tolist()}

    def unsettle(self, state: str) -> None:
        """Let the document be not done, or not any more."""
        if self.item["state"] == "done":
            self._mark(None, sorted(json.loads(self.item["shown"])))
        self.change(state=state, labels=None, as_model=None, settled=None)

    def newest_in_force(self) -> Entry | None:
        """Return the newest entry of this person that can be taken back."""
        undone: set[int | None] = set()
        reopened = False
        for entry in self._backwards():
            if entry.action == "retire":
                return None
            if entry.action == "reopen":
                reopened = True
            elif entry.action == "undo":
                undone.add(entry.undoes)
            elif entry.number in undone:
                continue
            elif entry.action in ACTIONS or (entry.action in _CLOSING and not reopened):
                return entry
        return None

    def refold(self, without: int = 0) -> Reading:
        """Return this person's reading of all decisions in force; without: number of one."""
        found: dict[int, Entry] = {}
        for entry in read_entries(self.connection, *self._mine()):
            if entry.action == "retire":
                found.clear()
            elif entry.undoes is not None:
                found.pop(entry.undoes, None)
            elif entry.action in ACTIONS:
                found[entry.number] = entry
        found.pop(without, None)
        return fold(self.begin(self.shown), found.values())

    def entry(self, number: int) -> Entry | None:
        """Return an entry of the log."""
        query = sa.select(ENTRY).where(ENTRY.c.number == number)
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else entry_of(row)

    def _newest(self, action: str) -> Entry | None:
        query = sa.select(ENTRY).where(ENTRY.c.item == self.number, ENTRY.c.action == action)
        query = query.order_by(ENTRY.c.number.desc()).limit(1)
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else entry_of(row)

    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        by_me = sa.or_(ENTRY.c.person == self.person, ENTRY.c.action.in_(_ALL))
        return ENTRY.c.item == self.number, by_me

    def _backwards(self) -> Iterator[Entry]:
        """Yield this person's entries of the document, and those of all readings, newest first."""
        query = sa.select(ENTRY).where(*self._mine()).order_by(ENTRY.c.number.desc())
        last: int | None = None
        while True:
            some = query if last is None else query.where(ENTRY.c.number < last)
            rows = self.connection.execute(some.limit(_ROWS_AT_ONCE)).mappings().all()
            yield from map(entry_of, rows)
            if len(rows) < _ROWS_AT_ONCE:
                return
            last = rows[-1]["number"]

    def _mark(self, right: bool | None, labels: list[str]) -> None:
        query = sa.update(LABEL).where(LABEL.c.item == self.number, LABEL.c.label.in_(labels))
        if labels:
            self.connection.execute(query.values(right=right))

    def _runners_up(self) -> dict[str, float]:
        evidence = json.loads(self.item["evidence"])
        return {near["label"]: near["score"] for each in evidence for near in each["runners_up"]}


def pack(reading: Reading) -> dict[str, Any]:
    """Return what a reading says, without what it began with, for JSON."""
    codes = reading.taxonomy.codes
    return {
        "verdicts": {codes[column]: said for column, said in reading.verdicts.items()},
        "brought": [codes[column] for column in sorted(reading.brought)],
        "deepest": [codes[column] for column in sorted(reading.said_deepest)],
        "none_fits": reading.none_fits,
    }


def unpack(taxonomy: Taxonomy, shown: Mapping[str, float], said: Mapping[str, Any]) -> Reading:
    """Return the reading of which :func:`pack` has said this."""
    index = taxonomy.index
    return Reading(
        taxonomy,
        Reading.start(taxonomy, shown).scores,
        {index[code]: verdict for code, verdict in said["verdicts"].items()},
        frozenset(index[code] for code in said["brought"]),
        frozenset(index[code] for code in said["deepest"]),
        said["none_fits"],
    )


def no_document(number: int) -> MissingError:
    """Return the error of a document that is not there."""
    return MissingError(f"there is no document {number:,} in review.")


def utc(moment: datetime) -> datetime:
    """Return a moment with its zone, which SQLite and MySQL do not keep."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

"""How a label is used: how often the model gives it, to which documents, for which words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from harnn.review.tables import DOCUMENT, ITEM, LABEL, WORD
from harnn.review.values import State

_RECENT = 6
_WORDS = 12
_WEEK = timedelta(days=7)


class Week(NamedTuple):
    """A week, and the documents of it that were given a label."""

    monday: date
    documents: int


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A document that was given a label."""

    item: int
    title: str
    score: float
    """Of the label, 0 to 1."""
    state: State
    right: bool | None
    """Whether people said so; None where it is not settled."""


@dataclass(frozen=True, slots=True)
class TellingWord:
    """A word that spoke for a label."""

    word: str
    documents: int
    right: int
    """Settled documents that have the label."""
    wrong: int


@dataclass(frozen=True, slots=True)
class LabelUse:
    """What became of a label in the documents that came into review; hidden ones left out."""

    documents: int
    """That the model gave it."""
    weeks: tuple[Week, ...]
    """The last ones, without gaps, the oldest first; by the days of UTC."""
    recent: tuple[LabelledDocument, ...]
    """The newest first."""
    words: tuple[TellingWord, ...]
    """Those in most documents first."""


def read_label_use(
    connection: sa.Connection, model: str, label: str, *, weeks: int = 26
) -> LabelUse:
    """Return how a label of a model is used; one that was never given has no documents.

    Blind documents are left out until they are settled.
    """
    told = sa.or_(~ITEM.c.blind, ITEM.c.state == "done")
    chosen = (ITEM.c.model == model, LABEL.c.label == label, told)
    of_label = sa.select(sa.func.count()).join_from(LABEL, ITEM).where(*chosen)
    recent = (
        sa.select(ITEM.c.number, ITEM.c.title, ITEM.c.shown, ITEM.c.state, LABEL.c.right)
        .join_from(LABEL, ITEM)
        .where(*chosen)
        .order_by(ITEM.c.number.desc())
        .limit(_RECENT)
    )
    return LabelUse(
        int(connection.execute(of_label).scalar_one()),
        _weeks(connection, chosen, weeks),
        tuple(
            LabelledDocument(number, title, json.loads(shown)[label], state, right)
            for number, title, shown, state, right in connection.execute(recent)
        ),
        _words(connection, chosen),
    )


def _weeks(
    connection: sa.Connection, chosen: tuple[sa.ColumnElement[bool], ...], count: int
) -> tuple[Week, ...]:
    today = datetime.now(UTC).date()
    last = today - timedelta(days=today.weekday())
    mondays = [last - number * _WEEK for number in reversed(range(count))]
    start = datetime.combine(mondays[0], datetime.min.time(), UTC)
    day = sa.func.date(DOCUMENT.c.received)
    query = (
        sa.select(day, sa.func.count())
        .select_from(LABEL)
        .join(ITEM)
        .join(DOCUMENT)
        .where(*chosen, DOCUMENT.c.received >= start)
        .group_by(day)
    )
    found = dict.fromkeys(mondays, 0)
    for each, documents in connection.execute(query):
        at = each if isinstance(each, date) else date.fromisoformat(each)
        monday = at - timedelta(days=at.weekday())
        if monday in found:
            found[monday] += documents
    return tuple(Week(monday, documents) for monday, documents in found.items())


def _words(
    connection: sa.Connection, chosen: tuple[sa.ColumnElement[bool], ...]
) -> tuple[TellingWord, ...]:
    same = (WORD.c.item == LABEL.c.item) & (WORD.c.label == LABEL.c.label)
    count = sa.func.count()
    right = sa.func.sum(sa.case((LABEL.c.right.is_(True), 1), else_=0))
    wrong = sa.func.sum(sa.case((LABEL.c.right.is_(False), 1), else_=0))
    query = (
        sa.select(WORD.c.word, count, right, wrong)
        .select_from(LABEL)
        .join(ITEM)
        .join(WORD, same)
        .where(*chosen)
        .group_by(WORD.c.word)
        .order_by(count.desc(), WORD.c.word)
        .limit(_WORDS)
    )
    return tuple(
        TellingWord(word, documents, int(agreed), int(refused))
        for word, documents, agreed, refused in connection.execute(query)
    )

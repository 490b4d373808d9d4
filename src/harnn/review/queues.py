"""What waits to be read, in which order, and how far the review is."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import Any

import sqlalchemy as sa

from harnn._display import printable
from harnn.errors import MissingError, Problem, ReviewError
from harnn.review.tables import DOCUMENT, ITEM, LABEL, MOST_NUMBER, READING
from harnn.review.turn import no_document, utc
from harnn.review.values import LabelCount, Order, Part, QueueItem, State, Summary
from harnn.taxonomy import Taxonomy

_TIMED = 500
"""Readings, the newest, that medians are of."""
_COLUMNS: dict[Order, sa.Column[Any]] = {
    "doubt": ITEM.c.by_doubt,
    "value": ITEM.c.by_value,
    "newest": ITEM.c.number,
}


def read_queue(
    connection: sa.Connection,
    model: str,
    person: str,
    part: Part,
    *,
    order: Order,
    state: State | None,
    label: str | None,
    after: int | None,
    limit: int,
) -> list[QueueItem]:
    """Return documents of a model in the order of a queue; see :meth:`Review.queue`.

    Raises:
        ReviewError: there is no such order.
        MissingError: there is no document *after*.
    """
    if order not in _COLUMNS:
        raise ReviewError(f"got the order {order!r}, expected doubt, value or newest.")
    column = _COLUMNS[order]
    conditions = [ITEM.c.model == model, *waits_for(person, part, state)]
    if label is not None:
        of_label = sa.select(LABEL.c.item).where(LABEL.c.label == label)
        conditions += [ITEM.c.number.in_(of_label), ~ITEM.c.blind]
    if after is not None:
        query = sa.select(column).where(ITEM.c.number == after, ITEM.c.model == model)
        place = connection.scalar(query) if after <= MOST_NUMBER else None
        if place is None:
            raise no_document(after)
        conditions.append(_behind(column, place, after))
    mine = (READING.c.item == ITEM.c.number) & (READING.c.person == person)
    query = (
        sa.select(
            ITEM,
            DOCUMENT.c.id,
            READING.c.submitted,
            READING.c.blind.label("read_blind"),
        )
        .join_from(ITEM, DOCUMENT)
        .outerjoin(READING, mine)
        .where(*conditions)
        .order_by(column.desc(), ITEM.c.number.desc())
        .limit(limit)
    )
    now = datetime.now(UTC)
    return [_queue_item(row, now) for row in connection.execute(query).mappings()]


def check_label(connection: sa.Connection, model: str, taxonomy: Taxonomy, label: str) -> None:
    """Raises:
    MissingError: it is no label of the taxonomy, and none that the model gave a document before.
    """
    if label in taxonomy.index:
        return
    if printable(label) == label:  # no label is written otherwise, and not all databases take it
        given = sa.select(LABEL.c.item).join_from(LABEL, ITEM)
        given = given.where(ITEM.c.model == model, LABEL.c.label == label, ~ITEM.c.blind)
        if connection.scalar(given.limit(1)) is not None:
            return
    hint = taxonomy.near.suggest(label, as_code=True)
    raise MissingError(Problem("", f"no label has the code {label!r}.", hint))


def waits_for(person: str, part: Part, state: State | None) -> list[sa.ColumnElement[bool]]:
    """Return which documents are in a queue: of one state, or what this person can read on."""
    if state is not None:
        return [ITEM.c.state == state]
    if part == "annotate":
        return [ITEM.c.state == "open"]
    own = READING.c.person == person
    read = sa.select(READING.c.item).where(own, READING.c.submitted.is_not(None))
    return [ITEM.c.state.in_(("open", "annotated", "disputed")), ITEM.c.number.not_in(read)]


def _behind(column: sa.Column[Any], place: Any, number: int) -> sa.ColumnElement[bool]:
    if column is ITEM.c.number:
        return ITEM.c.number < number
    return sa.or_(column < place, sa.and_(column == place, ITEM.c.number < number))


def _queue_item(row: Any, now: datetime) -> QueueItem:
    told = row["submitted"] is not None or row["read_blind"] is False
    hidden = row["blind"] and not told and row["state"] not in ("done", "disputed")
    until = row["held_until"]
    return QueueItem(
        item=row["number"],
        id=row["id"],
        title=row["title"],
        state=row["state"],
        blind=row["blind"],
        audit=row["audit"],
        second=row["second"],
        disputed=row["state"] == "disputed",
        doubt=None if hidden else row["doubt"],
        value=None if hidden else row["value"],
        hint="" if hidden else row["hint"],
        holder=row["holder"] if until and utc(until) > now else "",
    )


def next_item(connection: sa.Connection, model: str, person: str, part: Part) -> int | None:
    """Return the number of what this person should read next: by doubt, and not in other hands."""
    now = datetime.now(UTC)
    free = sa.or_(
        ITEM.c.holder.in_(("", person)), ITEM.c.held_until.is_(None), ITEM.c.held_until <= now
    )
    conditions = [ITEM.c.model == model, *waits_for(person, part, None), free]
    query = sa.select(ITEM.c.number).where(*conditions)
    query = query.order_by(ITEM.c.by_doubt.desc(), ITEM.c.number.desc()).limit(1)
    return connection.scalar(query)


def summarize(connection: sa.Connection, model: str, person: str) -> Summary:
    """Count the documents of a model by their states, and this person's readings."""
    of_model = ITEM.c.model == model
    query = sa.select(ITEM.c.state, sa.func.count()).where(of_model).group_by(ITEM.c.state)
    states = {str(state): int(count) for state, count in connection.execute(query)}

    def number_of(*conditions: sa.ColumnElement[bool]) -> int:
        some = sa.select(sa.func.count()).select_from(ITEM).where(of_model, *conditions)
        return int(connection.execute(some).scalar_one())

    mine = sa.select(sa.func.count()).join_from(READING, ITEM)
    mine = mine.where(of_model, READING.c.person == person, READING.c.submitted.is_not(None))
    done = ITEM.c.state == "done"
    seconds = _median_seconds(connection, model, blind=False)
    blind_seconds = _median_seconds(connection, model, blind=True)
    waiting = ITEM.c.state.in_(("open", "annotated", "disputed"))
    twice = number_of(ITEM.c.state == "open", ITEM.c.second)
    left = number_of(waiting) + twice
    blind = number_of(waiting, ITEM.c.blind) + number_of(
        ITEM.c.state == "open", ITEM.c.second, ITEM.c.blind
    )
    return Summary(
        total=sum(states.values()),
        open=states.get("open", 0),
        annotated=states.get("annotated", 0),
        disputed=states.get("disputed", 0),
        set_aside=states.get("set_aside", 0),
        done=states.get("done", 0),
        mine=int(connection.execute(mine).scalar_one()),
        as_model=number_of(done, ITEM.c.as_model),
        none_fits=number_of(done, ITEM.c.labels == "[]"),
        median_seconds=seconds,
        median_seconds_blind=blind_seconds,
        about_left_seconds=_about_left(left - blind, blind, seconds, blind_seconds),
    )


def _median_seconds(connection: sa.Connection, model: str, *, blind: bool) -> float | None:
    query = sa.select(READING.c.seconds).join_from(READING, ITEM)
    query = query.where(
        ITEM.c.model == model,
        READING.c.blind == blind,
        READING.c.submitted.is_not(None),
        READING.c.seconds.is_not(None),
    )
    found = connection.scalars(query.order_by(READING.c.version.desc()).limit(_TIMED)).all()
    return median(found) if found else None


def _about_left(
    shown: int, blind: int, seconds: float | None, blind_seconds: float | None
) -> float | None:
    """Return the time for readings that see the answer and for those that do not."""
    each = seconds if seconds is not None else blind_seconds
    each_blind = blind_seconds if blind_seconds is not None else seconds
    if each is None or each_blind is None:
        return None
    return shown * each + blind * each_blind


def count_labels(connection: sa.Connection, model: str, taxonomy: Taxonomy) -> list[LabelCount]:
    """Count by label how many documents have it, the most open ones first; blind ones left out."""
    total = sa.func.count()
    is_open = sa.func.sum(sa.case((LABEL.c.right.is_(None), 1), else_=0))
    right = sa.func.sum(sa.case((LABEL.c.right.is_(True), 1), else_=0))
    query = (
        sa.select(LABEL.c.label, total, is_open, right)
        .join_from(LABEL, ITEM)
        .where(ITEM.c.model == model, ~ITEM.c.blind)
        .group_by(LABEL.c.label)
        .order_by(is_open.desc(), LABEL.c.label)
    )
    return [
        LabelCount(label, name_of(taxonomy, label), opened, accepted, count - opened - accepted)
        for label, count, opened, accepted in connection.execute(query)
    ]


def name_of(taxonomy: Taxonomy, label: str) -> str:
    """Return the name of a label, or its code where it is retired."""
    column = taxonomy.index.get(label)
    return label if column is None else taxonomy.names[column]

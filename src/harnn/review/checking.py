"""Whether the log is whole, and whether the tables that are made from it say what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from harnn.errors import DatabaseError, Problem
from harnn.review.chain import entries_as_they_are, read_head
from harnn.review.corrections import digest_of
from harnn.review.entries import Entry, verify
from harnn.review.filed_checks import check_filed
from harnn.review.tables import DOCUMENT, ENTRY, ITEM, READING
from harnn.review.turn import Taxonomies, Turn, pack


def check_log(connection: sa.Connection, noted: str | None) -> list[Problem]:
    """Return what is wrong with the chain of entries, see :func:`harnn.review.entries.verify`, and
    where policies and documents that were filed are not what it says.
    """
    entries = entries_as_they_are(connection)
    try:
        head = read_head(connection)
    except DatabaseError as error:
        problems = verify(entries, count=0, head="", noted=noted)
        return [*error.problems, *(each for each in problems if "head" not in each.where)]
    problems = verify(entries, count=head.entries, head=head.hash, noted=noted)
    return [*problems, *check_filed(connection)]


def check_items(connection: sa.Connection, taxonomies: Taxonomies, model: str) -> Iterator[Problem]:
    """Yield what the tables say of documents and readings, and the log does not."""
    query = sa.select(ITEM.c.number).where(ITEM.c.model == model).order_by(ITEM.c.number)
    for number in connection.scalars(query).all():
        try:
            yield from _check_item(connection, taxonomies, model, number)
        except (KeyError, TypeError, ValueError, DatabaseError) as error:
            yield Problem(f"document {number:,}", f"cannot be read ({type(error).__name__}).")


def _check_item(
    connection: sa.Connection, taxonomies: Taxonomies, model: str, number: int
) -> Iterator[Problem]:
    where = f"document {number:,}"
    turn = Turn(connection, taxonomies, model, number, "", "review")
    query = sa.select(DOCUMENT).where(DOCUMENT.c.number == turn.item["document"])
    document = connection.execute(query).mappings().one()
    begun = _newest(connection, number, "enqueue")
    found = digest_of(document["id"], json.loads(document["text"]))
    if begun is None or begun.text != found:
        yield Problem(where, "its text is not the one that was put into review.")
    begun = _newest(connection, number, "retire") or begun
    if begun is not None and json.loads(turn.item["shown"]) != begun.seen:
        yield Problem(where, "its scores are not those that the log says.")
    readers = sa.select(READING.c.person).where(READING.c.item == number)
    for person in connection.scalars(readers).all():
        own = Turn(connection, taxonomies, model, number, person, "review")
        assert own.own is not None
        if pack(own.refold()) != json.loads(own.own["said"]):
            yield Problem(where, f"what {person} decided is not what the log says.")
    if turn.item["state"] == "done":
        last = _newest(connection, number, "submit", "settle")
        if last is None or json.loads(turn.item["labels"]) != list(last.after):
            yield Problem(where, "its settled labels are not those that the log says.")


def _newest(connection: sa.Connection, number: int, *actions: str) -> Entry | None:
    conditions = (ENTRY.c.item == number, ENTRY.c.action.in_(actions))
    last = sa.select(sa.func.max(ENTRY.c.number)).where(*conditions).scalar_subquery()
    found = [*entries_as_they_are(connection, ENTRY.c.number == last)]
    return found[0] if found else None

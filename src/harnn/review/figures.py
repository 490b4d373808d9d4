"""What is handed to the figures of agreement and anchoring."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from harnn.review.agreement import Answered, ReadTwice
from harnn.review.tables import ITEM, READING
from harnn.taxonomy import Taxonomy


def read_twice(connection: sa.Connection, model: str, taxonomy: Taxonomy) -> Iterator[ReadTwice]:
    """Yield what two people gave the same documents, each by itself.

    Documents with labels that the taxonomy does not have any more are left out.
    """
    first, second = READING.alias(), READING.alias()
    query = (
        sa.select(first.c.labels, second.c.labels)
        .join_from(first, second, first.c.item == second.c.item)
        .join(ITEM, ITEM.c.number == first.c.item)
        .where(ITEM.c.model == model, first.c.turn == 1, second.c.turn == 2)
        .where(first.c.submitted.is_not(None), second.c.submitted.is_not(None))
        .order_by(first.c.item)
    )
    for one, two in connection.execute(query).all():
        pair = ReadTwice(json.loads(one), json.loads(two))
        if taxonomy.index.keys() >= {*pair.first, *pair.second}:
            yield pair


def answered(connection: sa.Connection, model: str) -> Iterator[Answered]:
    """Yield what became of documents that were read once at least.

    Audits are left out: they were not drawn from all documents, but from those that were filed by
    themselves. So are blind documents that somebody took back, who has seen the answer then.
    """
    query = sa.select(READING.c.blind, READING.c.as_model, READING.c.seconds)
    query = query.join_from(READING, ITEM).where(
        ITEM.c.model == model,
        ~ITEM.c.audit,
        READING.c.turn == 1,
        READING.c.submitted.is_not(None),
        READING.c.blind == ITEM.c.blind,
    )
    for blind, as_model, seconds in connection.execute(query).all():
        yield Answered(bool(blind), bool(as_model), seconds)

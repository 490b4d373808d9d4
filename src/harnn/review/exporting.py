"""Documents with the labels that people settled, for training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from harnn.data import Document
from harnn.review.corrections import Corrections, digest_of
from harnn.review.database import Database
from harnn.review.tables import DOCUMENT, ITEM

_ROWS_AT_ONCE = 100


def settled_documents(
    connection: sa.Connection, model: str, since: datetime | None
) -> Iterator[Document]:
    """Yield the documents of a model that are done, in the order in which they were settled.

    A document that was in review for several states of the model comes once, as it was settled
    last.
    """
    done = [ITEM.c.model == model, ITEM.c.state == "done"]
    later, text = ITEM.alias(), DOCUMENT.alias()
    newer = (
        sa.select(later.c.number)
        .join_from(later, text)
        .where(later.c.model == model, later.c.state == "done")
        .where(text.c.content == DOCUMENT.c.content, later.c.settled > ITEM.c.settled)
    )
    query = sa.select(DOCUMENT.c.id, DOCUMENT.c.text, ITEM.c.labels).join_from(ITEM, DOCUMENT)
    query = query.where(*done, ~newer.correlate(ITEM, DOCUMENT).exists())
    if since is not None:
        moment = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
        query = query.where(ITEM.c.settled >= moment)
    query = query.order_by(ITEM.c.settled, ITEM.c.number)
    for name, text_of, labels in connection.execute(
        query.execution_options(yield_per=_ROWS_AT_ONCE)
    ):
        yield Document(name, json.loads(text_of), tuple(json.loads(labels)))


def with_corrections(
    reviewed: Iterable[Document], corrections: Corrections, model: str
) -> Iterator[Document]:
    """Yield documents that were reviewed, and those that others corrected and nobody reviewed.

    The same document is one with the same id and the same text.
    """
    seen = set()
    for document in reviewed:
        seen.add(digest_of(document.id, document.text))
        yield document
    for each in corrections.read(model=model, last=True):
        if digest_of(each.document.id, each.document.text) not in seen:
            yield each.document


def models_in_review(database: Database) -> dict[str, str]:
    """Return the models whose documents are in review, and the hash of the taxonomy of each.

    That is the taxonomy of the newest document that is not done, or else of the newest.
    """
    not_done = sa.func.max(sa.case((ITEM.c.state != "done", ITEM.c.number)))
    newest = sa.func.coalesce(not_done, sa.func.max(ITEM.c.number))
    chosen = sa.select(newest).group_by(ITEM.c.model)
    query = sa.select(ITEM.c.model, ITEM.c.taxonomy_hash).where(ITEM.c.number.in_(chosen))
    with database.reading() as connection:
        rows = connection.execute(query.order_by(ITEM.c.model)).all()
        return {str(model): str(version) for model, version in rows}

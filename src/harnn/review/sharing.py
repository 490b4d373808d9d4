"""Words that spoke for one label in many documents, out of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from harnn._display import printable
from harnn.errors import MissingError
from harnn.review.evidence import Occurrence, group_evidence
from harnn.review.queues import name_of, waits_for
from harnn.review.tables import DOCUMENT, ITEM, LABEL, READING, WORD
from harnn.review.values import EvidenceCount, EvidenceView, Part
from harnn.taxonomy import Taxonomy

_MOST_DOCUMENTS = 1_000
"""Of one word, that are grouped."""
_WAITING = ("open", "annotated", "disputed")


def count_evidence(
    connection: sa.Connection, model: str, taxonomy: Taxonomy, limit: int
) -> list[EvidenceCount]:
    """Count the documents of words that spoke for one label in two or more that wait.

    Those of many documents come first; a word that speaks for several labels tells less of each,
    and counts as many times less.
    """
    waits = ITEM.c.state.in_(_WAITING)
    waiting = sa.func.sum(sa.case((waits, 1), else_=0))
    right = sa.func.sum(sa.case((sa.and_(~waits, LABEL.c.right.is_(True)), 1), else_=0))
    wrong = sa.func.sum(sa.case((sa.and_(~waits, LABEL.c.right.is_(False)), 1), else_=0))
    counted = (
        sa.select(
            WORD.c.key,
            WORD.c.word,
            WORD.c.label,
            waiting.label("waiting"),
            right.label("right"),
            wrong.label("wrong"),
        )
        .join_from(WORD, ITEM)
        .join(LABEL, (LABEL.c.item == WORD.c.item) & (LABEL.c.label == WORD.c.label))
        .where(ITEM.c.model == model, ~ITEM.c.blind)
        .group_by(WORD.c.key, WORD.c.word, WORD.c.label)
        .cte("counted")
    )
    spoken = sa.func.count().over(partition_by=counted.c.word)
    query = sa.select(counted, (counted.c.waiting * 1.0 / spoken).label("telling"))
    found = query.subquery()
    chosen = sa.select(found).where(found.c.waiting >= 2)
    chosen = chosen.order_by(found.c.telling.desc(), found.c.key).limit(limit)
    return [
        EvidenceCount(
            row["key"],
            row["word"],
            row["label"],
            name_of(taxonomy, row["label"]),
            int(row["waiting"]),
            int(row["right"]),
            int(row["wrong"]),
        )
        for row in connection.execute(chosen).mappings()
    ]


def group_documents(
    connection: sa.Connection, model: str, taxonomy: Taxonomy, key: str, person: str, part: Part
) -> EvidenceView:
    """Group the documents in which a word spoke for a label by the words near it.

    Those that this person can decide stand in lines; settled ones count.

    Raises:
        MissingError: no document has such a word.
    """
    word, label = find_word(connection, key)
    rows = _rows(connection, model, key, person, part)
    occurrences = list(_occurrences(rows[:_MOST_DOCUMENTS], label, taxonomy))
    groups = group_evidence(occurrences, taxonomy) if occurrences else ()
    left_out = len(rows) - min(len(rows), _MOST_DOCUMENTS)
    return EvidenceView(key, word, label, name_of(taxonomy, label), groups, left_out)


def find_word(connection: sa.Connection, key: str) -> tuple[str, str]:
    """Return the word and the label of a key.

    Raises:
        ReviewError: no document has such a word.
    """
    known = sa.select(WORD.c.word, WORD.c.label).where(WORD.c.key == key).limit(1)
    found = connection.execute(known).one_or_none()
    if found is None:
        raise MissingError(f"there is no word {printable(key)!r} in review.")
    return found.word, found.label


def _rows(
    connection: sa.Connection, model: str, key: str, person: str, part: Part
) -> list[sa.RowMapping]:
    mine = (READING.c.item == ITEM.c.number) & (READING.c.person == person)
    can_be_decided = sa.and_(*waits_for(person, part, None))
    query = (
        sa.select(
            ITEM.c.number,
            ITEM.c.title,
            ITEM.c.state,
            ITEM.c.evidence,
            DOCUMENT.c.text,
            WORD.c.field,
            WORD.c.start,
            WORD.c.end,
            LABEL.c.right,
            READING.c.version,
            READING.c.said,
            READING.c.labels,
        )
        .join_from(WORD, ITEM)
        .join(DOCUMENT, DOCUMENT.c.number == ITEM.c.document)
        .join(LABEL, (LABEL.c.item == WORD.c.item) & (LABEL.c.label == WORD.c.label))
        .outerjoin(READING, mine)
        .where(WORD.c.key == key, ITEM.c.model == model, ~ITEM.c.blind)
        .where(sa.or_(ITEM.c.state == "done", can_be_decided))
        .order_by(ITEM.c.by_doubt.desc(), ITEM.c.number)
    )
    return list(connection.execute(query).mappings())


def _occurrences(rows: list[sa.RowMapping], label: str, taxonomy: Taxonomy) -> Iterator[Occurrence]:
    for row in rows:
        settled = row["state"] == "done"
        if not settled and row["said"] and _is_decided(row, label, taxonomy):
            continue
        yield Occurrence(
            item=row["number"],
            version=row["version"] or 0,
            title=row["title"],
            text=json.loads(row["text"])[json.loads(row["field"])],
            start=row["start"],
            end=row["end"],
            right=row["right"] if settled else None,
            runners_up=_runners_up(row["evidence"], label),
        )


def _is_decided(row: sa.RowMapping, label: str, taxonomy: Taxonomy) -> bool:
    """Tell whether this person has decided a label of a document, or one below it is right."""
    if label in json.loads(row["said"])["verdicts"]:
        return True
    index = taxonomy.index
    columns = [index[each] for each in json.loads(row["labels"]) if each in index]
    return label in index and index[label] in taxonomy.close_upward(columns)


def _runners_up(evidence: str, label: str) -> dict[str, float]:
    labels: list[dict[str, Any]] = json.loads(evidence)
    return {
        near["label"]: near["score"]
        for each in labels
        if each["label"] == label
        for near in each["runners_up"]
    }

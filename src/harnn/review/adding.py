"""Put documents with their answers into review."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from harnn._display import json_text, printable
from harnn.acceptance import draw, is_drawn
from harnn.data import Document
from harnn.errors import DocumentError, Problem
from harnn.review.chain import Note, append, lock_head
from harnn.review.corrections import (
    ModelState,
    digest_of,
    document_row,
    keep_document,
    name_problems,
)
from harnn.review.evidence import telling_word
from harnn.review.tables import DOCUMENT, ITEM, LABEL, MOST_WORD, WORD
from harnn.review.values import Enqueued, EnqueueOptions, Prepared, PreparedLabel
from harnn.taxonomy import Taxonomy

_WORDS_OF_A_LABEL = 3
"""By which evidence is shared."""


def check(prepared: Sequence[Prepared], model: str, taxonomy: Taxonomy, person: str) -> None:
    """Raises:
    DocumentError: names that cannot be kept, or answers of another model.
    """
    problems: list[Problem] = []
    for number, each in enumerate(prepared, start=1):
        where = each.document.source or f"document {number}"
        names = {"id": each.document.id, "model": each.model.name, "person": person}
        problems += name_problems(where, names)
        if each.model.name != model or each.model.taxonomy_hash != taxonomy.version:
            what = f"was answered by {each.model.name!r}, not by {model!r} under its taxonomy now."
            problems.append(Problem(where, what))
    if problems:
        raise DocumentError(problems)


def add(
    connection: sa.Connection,
    prepared: Sequence[Prepared],
    person: str,
    options: EnqueueOptions,
) -> Enqueued:
    """Add documents that are new, and an entry of the log for each."""
    head = lock_head(connection)
    key = _key(head.secret if options.seed is None else options.seed)
    now = datetime.now(UTC)
    rows = [document_row(each.document, each.model, person, now) for each in prepared]
    order = sorted(range(len(rows)), key=lambda place: rows[place]["content"])
    numbers = {place: keep_document(connection, rows[place]) for place in order}
    added: list[int] = []
    notes: list[Note] = []
    for place, each in enumerate(prepared):
        document, content = numbers[place], str(rows[place]["content"])
        query = sa.select(ITEM.c.number).where(ITEM.c.document == document)
        if connection.scalar(query) is not None:
            continue
        drawn = _draw(key, content, each, options)
        item = _item_row(connection, each, document, drawn, audit=options.audit)
        number = _insert_item(connection, item)
        _insert_evidence(connection, number, each)
        added.append(number)
        notes.append(_note(number, each, content, person))
    append(connection, *notes)
    return Enqueued(tuple(added), len(prepared) - len(added))


def unknown(
    connection: sa.Connection, documents: Sequence[Document], model: ModelState
) -> list[Document]:
    """Return the documents that are not in review for a state of a model."""
    contents = [digest_of(each.id, each.text) for each in documents]
    query = (
        sa.select(DOCUMENT.c.content)
        .join_from(DOCUMENT, ITEM)
        .where(
            DOCUMENT.c.content.in_(contents),
            DOCUMENT.c.model == model.name,
            DOCUMENT.c.model_hash == model.hash,
            DOCUMENT.c.taxonomy_hash == model.taxonomy_hash,
        )
    )
    known = set(connection.scalars(query))
    return [x for x, content in zip(documents, contents, strict=True) if content not in known]


def _note(number: int, each: Prepared, content: str, person: str) -> Note:
    return Note(
        person,
        "system",
        number,
        "enqueue",
        each.model.hash,
        each.model.taxonomy_hash,
        text=content,
        seen=each.shown,
    )


def _key(said: str) -> bytes:
    """Return the key of the draws; one that somebody chose may be of any length."""
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()


class _Drawn(NamedTuple):
    blind: bool
    second: bool
    place: float
    """In the queue, of a blind document, 0 to 1."""


def _draw(key: bytes, content: str, each: Prepared, options: EnqueueOptions) -> _Drawn:
    blind = options.audit or is_drawn(key, options.blind_share, "blind", content)
    second = is_drawn(key, options.second_share, "second", content)
    if options.second_doubt is not None and each.doubt >= options.second_doubt:
        second = True
    return _Drawn(blind, second, draw(key, "place", content))


def _item_row(
    connection: sa.Connection, each: Prepared, document: int, drawn: _Drawn, *, audit: bool
) -> dict[str, Any]:
    by_doubt, by_value = each.doubt, each.value
    if drawn.blind:
        by_doubt, by_value = _by_lot(connection, drawn.place, each.model.name)
    return {
        "document": document,
        "model": each.model.name,
        "model_hash": each.model.hash,
        "taxonomy_hash": each.model.taxonomy_hash,
        "title": each.title,
        "hint": each.hint,
        "shown": json_text(dict(each.shown)),
        "evidence": json_text([dataclasses.asdict(label) for label in each.labels]),
        "notes": json_text(list(each.notes)),
        "blind": drawn.blind,
        "audit": audit,
        "second": drawn.second,
        "doubt": each.doubt,
        "value": each.value,
        "by_doubt": by_doubt,
        "by_value": by_value,
        "state": "open",
        "kept": "[]",
        "holder": "",
    }


def _by_lot(connection: sa.Connection, share: float, model: str) -> tuple[float, float]:
    """Return the place of a document drawn among those that are there, which tells nothing."""
    of_model = ITEM.c.model == model
    query = sa.select(sa.func.min(ITEM.c.number), sa.func.max(ITEM.c.number)).where(of_model)
    first, last = connection.execute(query).one()
    if first is None:
        return share, share
    drawn = first + int(share * (last - first + 1))
    place = sa.select(ITEM.c.by_doubt, ITEM.c.by_value).where(of_model, ITEM.c.number <= drawn)
    found = connection.execute(place.order_by(ITEM.c.number.desc()).limit(1)).one()
    return float(found[0]), float(found[1])


def _insert_item(connection: sa.Connection, row: dict[str, Any]) -> int:
    added = connection.execute(sa.insert(ITEM).values(**row)).inserted_primary_key
    assert added is not None
    return int(added[0])


def _insert_evidence(connection: sa.Connection, number: int, each: Prepared) -> None:
    labels = [{"item": number, "label": label} for label in each.shown]
    words = list(_words(number, each.labels))
    if labels:
        connection.execute(sa.insert(LABEL), labels)
    if words:
        connection.execute(sa.insert(WORD), words)


def _words(number: int, labels: Sequence[PreparedLabel]) -> Iterator[dict[str, Any]]:
    """Yield the words that did most for labels that stand by themselves."""
    for label in labels:
        if label.through:
            continue
        seen: set[str] = set()
        speaking = sorted(label.words, key=lambda word: -word.effect)
        for word in (each for each in speaking if each.effect > 0):
            shared = shared_word(word.word)
            if shared in seen or not telling_word(shared):
                continue
            seen.add(shared)
            yield {
                "item": number,
                "key": key_of(shared, label.label),
                "word": shared,
                "label": label.label,
                "field": json.dumps(word.field),
                "start": word.start,
                "end": word.end,
            }
            if len(seen) == _WORDS_OF_A_LABEL:
                break


def shared_word(word: str) -> str:
    """Return a word as documents share it, whatever its case."""
    return printable(word.casefold())[:MOST_WORD]


def key_of(word: str, label: str) -> str:
    """Return what a word and a label are called together: 24 hexadecimal digits."""
    written = json.dumps([word, label])
    return hashlib.sha256(written.encode("ascii")).hexdigest()[:24]

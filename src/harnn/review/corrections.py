"""Corrections: the labels that people gave documents."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from harnn._display import json_text, printable
from harnn.data import Document
from harnn.errors import DocumentError, Problem
from harnn.review.database import Database
from harnn.review.tables import CORRECTION, DOCUMENT, KEY, MOST_NAME

_ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ModelState:
    """Which model it was: what it is called and what it held."""

    name: str
    hash: str
    """64 hexadecimal digits, see :func:`harnn.bundle.fingerprint`."""
    taxonomy_hash: str
    """See :attr:`harnn.taxonomy.Taxonomy.version`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The labels that somebody gave a document."""

    document: Document
    """``id`` as its sender calls it, or an empty string; ``labels`` are codes, the most specific
    ones are enough; none at all says that no label fits."""
    model: ModelState
    """The model that was asked, or told."""
    source: str
    """The way it came: ``annif-learn``, ``label-studio``."""
    sender: str = ""
    """Who sent it: the name of a token."""
    person: str = ""
    """Who gave the labels, where that is known."""
    received: datetime | None = None
    """Set by the database."""
    number: int = 0
    """Set by the database: later ones have greater numbers."""


class Corrections:
    """The corrections of a database; to be closed. Any thread may use them, and many processes.

    Nothing that is added is changed or taken away again. A document is kept once for each state of
    a model, a correction as often as it is sent; of several of one document the last one counts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, place: str | Path, *, make: bool = True) -> Corrections:
        """Open a file of SQLite or an SQLAlchemy URL; see :meth:`Database.open`."""
        return cls(Database.open(place, make=make))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, corrections: Sequence[Correction]) -> list[int]:
        """Keep corrections, all or none; return their numbers.

        It waits for the disk, and for others that write: not for the thread of an event loop.

        Raises:
            DocumentError: a document has no labels (None), or a name or id cannot be kept.
            DatabaseError: the database does not answer, or cannot be written.
        """
        _check(corrections)
        if not corrections:
            return []
        now = datetime.now(UTC)
        rows = [document_row(each.document, each.model, each.sender, now) for each in corrections]
        with self._database.writing() as connection:
            distinct = {_key(row): row for row in rows}
            known = {key: keep_document(connection, distinct[key]) for key in sorted(distinct)}
            return [
                _insert(connection, CORRECTION, _correction_row(each, known[_key(row)], now))
                for each, row in zip(corrections, rows, strict=True)
            ]

    def read(self, *, model: str | None = None, last: bool = False) -> Iterator[Correction]:
        """Yield corrections in the order in which they came.

        model: of models of that name alone. last: of each document (the same id and the same
        text) the last one alone.

        Raises:
            DatabaseError: the database does not answer.
        """
        query = sa.select(CORRECTION, DOCUMENT).join_from(CORRECTION, DOCUMENT)
        if last:
            newest = sa.select(sa.func.max(CORRECTION.c.number)).join_from(CORRECTION, DOCUMENT)
            newest = _of_model(newest, model).group_by(DOCUMENT.c.content)
            query = query.where(CORRECTION.c.number.in_(newest))
        query = _of_model(query, model).order_by(CORRECTION.c.number)
        query = query.execution_options(yield_per=_ROWS_AT_ONCE)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield _correction(row)

    def count(self) -> dict[str, int]:
        """Return the number of corrections by names of models."""
        query = sa.select(DOCUMENT.c.model, sa.func.count()).join_from(CORRECTION, DOCUMENT)
        query = query.group_by(DOCUMENT.c.model).order_by(DOCUMENT.c.model)
        with self._database.reading() as connection:
            return {str(name): int(count) for name, count in connection.execute(query)}


def training_documents(corrections: Iterable[Correction]) -> Iterator[Document]:
    """Yield the documents of corrections with an id each, as training wants them.

    corrections: the last of each document.
    """
    return named(each.document for each in corrections)


def named(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield documents with an id each.

    One without an id is called by the SHA-256 of its text, 16 hexadecimal digits; where two texts
    have one id, the later is called so behind it.
    """
    seen: Counter[str] = Counter()
    for document in documents:
        digest = digest_of("", document.text)[:16]
        name = document.id or digest
        seen[name] += 1
        yield replace(document, id=name if seen[name] == 1 else f"{name}-{digest}")


def _check(corrections: Sequence[Correction]) -> None:
    problems = []
    for number, each in enumerate(corrections, start=1):
        where = f"correction {number}"
        if each.document.labels is None:
            problems.append(Problem(where, "has no labels (None); give () where none fits."))
        names = {"id": each.document.id, "model": each.model.name, "source": each.source}
        problems += name_problems(where, names | {"sender": each.sender, "person": each.person})
    if problems:
        raise DocumentError(problems)


def name_problems(where: str, names: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with names that are to be kept, by what they are."""
    for name, value in names.items():
        if len(value) > MOST_NAME:
            what = f"its {name} has {len(value):,} characters, at most {MOST_NAME} are kept."
            yield Problem(where, what)
        elif printable(value) != value:
            what = f"its {name} has characters that cannot be shown: '{printable(value)}'."
            yield Problem(where, what)


def digest_of(name: str, text: Mapping[str, str]) -> str:
    """Return the SHA-256 of an id and a text, its fields in their order; it is kept for ever."""
    written = json.dumps([name, list(text.items())])
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def document_row(
    document: Document, model: ModelState, sender: str, now: datetime
) -> dict[str, Any]:
    """Return the row of a document as it was received for a model."""
    return {
        "id": document.id,
        "text": json_text(dict(document.text)),
        "content": digest_of(document.id, document.text),
        "model": model.name,
        "model_hash": model.hash,
        "taxonomy_hash": model.taxonomy_hash,
        "received": now,
        "sender": sender,
    }


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a document is kept once for."""
    return tuple(row[column] for column in KEY)


def _correction_row(correction: Correction, document: int, now: datetime) -> dict[str, Any]:
    return {
        "document": document,
        "labels": json_text(list(correction.document.labels or ())),
        "source": correction.source,
        "sender": correction.sender,
        "person": correction.person,
        "received": now,
    }


def keep_document(connection: sa.Connection, row: Mapping[str, Any]) -> int:
    """Return the number of a document, which is added where it is new."""
    known = sa.select(DOCUMENT.c.number).where(*(DOCUMENT.c[name] == row[name] for name in KEY))
    found = connection.scalar(known)
    if found is not None:
        return int(found)
    try:
        with connection.begin_nested():
            return _insert(connection, DOCUMENT, row)
    except IntegrityError:  # another process was quicker
        return int(connection.execute(known).scalar_one())


def _insert(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> int:
    added = connection.execute(sa.insert(table).values(**row)).inserted_primary_key
    assert added is not None
    return int(added[0])


def _of_model(query: sa.Select[Any], model: str | None) -> sa.Select[Any]:
    return query if model is None else query.where(DOCUMENT.c.model == model)


def _correction(row: sa.Row[Any]) -> Correction:
    found = row._mapping
    return Correction(
        document=Document(
            found[DOCUMENT.c.id],
            json.loads(found[DOCUMENT.c.text]),
            tuple(json.loads(found[CORRECTION.c.labels])),
        ),
        model=ModelState(
            found[DOCUMENT.c.model],
            found[DOCUMENT.c.model_hash],
            found[DOCUMENT.c.taxonomy_hash],
        ),
        source=found[CORRECTION.c.source],
        sender=found[CORRECTION.c.sender],
        person=found[CORRECTION.c.person],
        received=_utc(found[CORRECTION.c.received]),
        number=found[CORRECTION.c.number],
    )


def _utc(moment: datetime) -> datetime:
    """Return a moment with its zone, which SQLite and MySQL do not keep."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

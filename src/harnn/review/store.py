"""The review: documents that people read, and what they decided, in a database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from harnn._display import printable
from harnn.data import Document
from harnn.errors import DatabaseError, MissingError, Problem, ReviewError, suggest
from harnn.prediction import Predictor
from harnn.review import adding, checking, deciding, figures, queues, sharing
from harnn.review.agreement import Agreement, Anchoring, measure_agreement, measure_anchoring
from harnn.review.chain import lock_head, read_entries, read_head
from harnn.review.corrections import ModelState, name_problems
from harnn.review.database import Database
from harnn.review.entries import Entry
from harnn.review.exporting import models_in_review, settled_documents
from harnn.review.label_use import LabelUse, read_label_use
from harnn.review.preparing import prepare
from harnn.review.retiring import retire
from harnn.review.tables import ENTRY, MOST_NUMBER
from harnn.review.turn import Taxonomies, Turn, no_document
from harnn.review.values import (
    Enqueued,
    EnqueueOptions,
    EvidenceCount,
    EvidenceView,
    GroupDecision,
    ItemView,
    LabelCount,
    Order,
    Part,
    Prepared,
    QueueItem,
    Retired,
    State,
    Submitted,
    Summary,
)
from harnn.review.views import view
from harnn.taxonomy import Taxonomy

MOST_AT_ONCE = 500
"""Documents of a queue, or of a decision on several."""
_MOST_ENTRIES = 10_000
_ADDED_AT_ONCE = 64


class Review:
    """The documents of one model in review; to be closed.

    Any thread may use it, and many processes. It is cheap, and may share its database with others.
    What is decided is on the disk when a call returns. Calls wait for the disk and for others that
    write: not for the thread of an event loop.

    All calls raise DatabaseError where the database does not answer, those about one document
    MissingError where there is none of that number, ReviewError where it cannot be done, and those
    that change it ConflictError where somebody was quicker. person: who asks; part: the most that
    they may do.
    """

    def __init__(self, database: Database, taxonomy: Taxonomy, model: str) -> None:
        """taxonomy: that of the model now; model: its name."""
        self._database, self._taxonomy, self._model = database, taxonomy, model
        self._taxonomies = Taxonomies(taxonomy)

    @classmethod
    def open(
        cls, place: str | Path, *, taxonomy: Taxonomy, model: str, make: bool = True
    ) -> Review:
        """Open a file of SQLite or an SQLAlchemy URL; see :meth:`Database.open`."""
        return cls(Database.open(place, make=make), taxonomy, model)

    @classmethod
    def of(cls, database: Database, model: str) -> Review:
        """Return the review of a model as the database has it, with the taxonomy that it keeps.

        Raises:
            DatabaseError: no document of such a model is in review.
        """
        versions = models_in_review(database)
        if model not in versions:
            what = f"has no documents of the model {model!r} in review."
            raise DatabaseError(Problem(database.shown, what, suggest(model, list(versions))))
        with database.reading() as connection:
            return cls(database, Taxonomies().get(connection, versions[model]), model)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enqueue(
        self,
        predictor: Predictor,
        documents: Iterable[Document],
        *,
        model: ModelState,
        person: str = "",
        options: EnqueueOptions = EnqueueOptions(),
        done: Callable[[int], None] | None = None,
    ) -> Enqueued:
        """Predict and explain documents and put them into review, some at a time.

        Where it is stopped, what was added stays, and the same call goes on. done: told of
        documents as they are predicted and explained, or known: how many more.

        Raises:
            DocumentError, BundleError: see :func:`prepare` and :meth:`add`.
        """
        stream, added, known = iter(documents), list[int](), 0
        while some := list(islice(stream, _ADDED_AT_ONCE)):
            new = self.unknown(some, model)
            tell = done or _tell_nobody
            if len(some) > len(new):
                tell(len(some) - len(new))
            prepared = []
            for each in prepare(predictor, new, model=model, options=options):
                prepared.append(each)
                tell(1)
            found = self.add(prepared, person=person, options=options)
            added += found.added
            known += found.known + len(some) - len(new)
        return Enqueued(tuple(added), known)

    def unknown(self, documents: Sequence[Document], model: ModelState) -> list[Document]:
        """Return the documents that are not in review for this state of the model."""
        with self._database.reading() as connection:
            return adding.unknown(connection, documents, model)

    def add(
        self,
        prepared: Sequence[Prepared],
        *,
        person: str = "",
        options: EnqueueOptions = EnqueueOptions(),
    ) -> Enqueued:
        """Put documents into review that are prepared, all or none.

        A document is in review once for each state of the model: what is there already stays as it
        is. Which are blind and which are read twice is drawn by a keyed hash of what they say.

        Raises:
            DocumentError: a name cannot be kept, or the answer is of another model.
            TaxonomyError: it has labels that are too long to be kept.
        """
        adding.check(prepared, self._model, self._taxonomy, person)
        with self._writing() as connection:
            self._taxonomies.keep(connection, self._taxonomy)
            return adding.add(connection, prepared, person, options)

    def summary(self, person: str) -> Summary:
        """Count the documents by their states, and what this person has done."""
        _check_names(person=person)
        with self._database.reading() as connection:
            return queues.summarize(connection, self._model, person)

    def queue(
        self,
        person: str,
        part: Part,
        *,
        order: Order = "doubt",
        state: State | None = None,
        label: str | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> list[QueueItem]:
        """Return what this person can read, or all of one state.

        order: ``doubt``: most first; ``value``: most to be learned first; ``newest``. Blind
        documents have a place that is drawn. label: documents that the model gave it, without blind
        ones. after: the last item of the page before. limit: 1 to 500.

        Raises:
            MissingError: no label is known by the code *label*, or there is no document *after*.
        """
        _check_limit(limit)
        _check_names(person=person)
        with self._database.reading() as connection:
            if label is not None:
                queues.check_label(connection, self._model, self._taxonomy, label)
            return queues.read_queue(
                connection,
                self._model,
                person,
                part,
                order=order,
                state=state,
                label=label,
                after=after,
                limit=limit,
            )

    def labels(self) -> list[LabelCount]:
        """Count by label the documents that the model gave it, and what people said of it."""
        with self._database.reading() as connection:
            return queues.count_labels(connection, self._model, self._taxonomy)

    def label_use(self, label: str, *, weeks: int = 26) -> LabelUse:
        """Return how the model uses a label: documents by week, the newest ones, telling words."""
        with self._database.reading() as connection:
            return read_label_use(connection, self._model, label, weeks=weeks)

    def evidence(self, limit: int = 50) -> list[EvidenceCount]:
        """Return words that spoke for one label in several documents; limit: 1 to 500."""
        _check_limit(limit)
        with self._database.reading() as connection:
            return sharing.count_evidence(connection, self._model, self._taxonomy, limit)

    def evidence_groups(self, key: str, person: str, part: Part = "annotate") -> EvidenceView:
        """Return the documents of such a word, grouped by the words near it.

        Raises:
            MissingError: there is no such word.
        """
        _check_names(person=person, key=key)
        with self._database.reading() as connection:
            return sharing.group_documents(
                connection, self._model, self._taxonomy, key, person, part
            )

    def evidence_label(self, key: str) -> str:
        """Return the label that such a word spoke for.

        Raises:
            MissingError: there is no such word.
        """
        _check_names(key=key)
        with self._database.reading() as connection:
            return sharing.find_word(connection, key)[1]

    def item(self, number: int, person: str, part: Part, *, claim: bool = True) -> ItemView:
        """Return a document as this person may see it.

        claim: whether it is theirs for twenty minutes, where nobody else has it.
        """
        with self._turn(number, person, part, writes=False) as turn:
            if not claim or turn.is_claimed or not turn.can_claim:
                return view(turn)
        with self._turn(number, person, part) as turn:
            turn.claim()
            return view(turn)

    def decide(
        self,
        number: int,
        person: str,
        part: Part,
        version: int,
        action: str,
        label: str = "",
        other: str = "",
    ) -> ItemView:
        """Decide something of a document; see :meth:`Reading.decide` for actions and labels.

        version: the one that this person has seen.
        """
        with self._turn(number, person, part) as turn:
            turn.check(version)
            deciding.decide(turn, action, label, other)
        return self.item(number, person, part, claim=False)

    def undo(self, number: int, person: str, part: Part, version: int) -> ItemView:
        """Take back what this person did last of a document: a decision, or its submission."""
        with self._turn(number, person, part) as turn:
            turn.check_version(version)
            deciding.undo(turn)
        return self.item(number, person, part, claim=False)

    def comment(self, number: int, person: str, part: Part, text: str) -> ItemView:
        """Write something beside a document, which changes no version."""
        with self._turn(number, person, part) as turn:
            deciding.comment(turn, text)
        return self.item(number, person, part, claim=False)

    def submit(self, number: int, person: str, part: Part, version: int) -> Submitted:
        """Hand in a reading; of a disputed document it settles it."""
        with self._turn(number, person, part) as turn:
            turn.check(version)
            deciding.submit(turn)
        return self._and_next(number, person, part)

    def set_aside(self, number: int, person: str, part: Part, version: int) -> Submitted:
        """Leave a document for later."""
        with self._turn(number, person, part) as turn:
            turn.check(version)
            deciding.set_aside(turn)
        return self._and_next(number, person, part)

    def reopen(self, number: int, person: str, part: Part, version: int) -> ItemView:
        """Let a document be read again that was set aside, or (part ``review``) is done.

        Readings are not submitted any more; what they decided stays.
        """
        with self._turn(number, person, part) as turn:
            turn.check_version(version)
            deciding.reopen(turn)
        return self.item(number, person, part, claim=False)

    def settle(
        self, number: int, person: str, version: int, *, take: str = "", alone: bool = False
    ) -> Submitted:
        """Say what holds of a document that two people read differently.

        take: the reader whose labels hold; empty: what this person has decided. alone: nobody else
        is there, so that one of the two may do it, or the only one where a second reading is
        waited for; the log says so.
        """
        with self._turn(number, person, "review") as turn:
            turn.check_version(version)
            deciding.settle(turn, take=take, alone=alone)
        return self._and_next(number, person, "review")

    def decide_group(
        self,
        items: Sequence[tuple[int, int]],
        action: str,
        label: str,
        person: str,
        part: Part,
        other: str = "",
    ) -> GroupDecision:
        """Decide the same of several documents, each for itself; one undo takes all back.

        items: numbers and versions, 500 at most.
        """
        if not 1 <= len(items) <= MOST_AT_ONCE:
            raise ReviewError(f"got {len(items):,} documents, expected 1 to {MOST_AT_ONCE}.")
        group = uuid.uuid4().hex
        decided: list[int] = []
        refused: list[tuple[int, str]] = []
        with self._writing() as connection:
            for number, version in items:
                try:
                    turn = self._turn_of(connection, number, person, part)
                    turn.check(version)
                    deciding.decide(turn, action, label, other, group)
                except ReviewError as error:
                    refused.append((number, str(error)))
                else:
                    decided.append(number)
        return GroupDecision(group if decided else "", tuple(decided), tuple(refused))

    def undo_group(self, group: str, person: str, part: Part) -> GroupDecision:
        """Take back the decisions of a group, where documents are not submitted since.

        Raises:
            MissingError: this person has made no such decisions.
        """
        _check_names(person=person, group=group)
        undone: list[int] = []
        refused: list[tuple[int, str]] = []
        with self._writing() as connection:
            entries = deciding.in_group(connection, group, person) if group else []
            if not entries:
                what = f"there are no decisions {printable(group)!r} of yours to undo."
                raise MissingError(what)
            for entry in entries:
                assert entry.item is not None
                try:
                    turn = self._turn_of(connection, entry.item, person, part)
                    deciding.undo_in_group(turn, entry)
                except ReviewError as error:
                    refused.append((entry.item, str(error)))
                else:
                    undone.append(entry.item)
        return GroupDecision(group, tuple(undone), tuple(refused))

    def agreement(self) -> Agreement:
        """Return how far two readers of the same documents agree."""
        with self._database.reading() as connection:
            pairs = figures.read_twice(connection, self._model, self._taxonomy)
            return measure_agreement(self._taxonomy, list(pairs))

    def anchoring(self) -> Anchoring:
        """Return how far the model's answer sways readers who see it."""
        with self._database.reading() as connection:
            return measure_anchoring(list(figures.answered(connection, self._model)))

    def retire(self, taxonomy: Taxonomy, person: str = "") -> Retired:
        """Go on under a new taxonomy: documents with a label that it lacks are queued again.

        Of documents that are done those alone; what else was settled of them is kept as right, and
        a label that another stands for (``taxonomy.replaced``) is that one. Documents that are not
        done go on where they are, or from the beginning where something of them is retired.
        """
        with self._writing() as connection:
            found = retire(connection, self._taxonomies, self._model, taxonomy, person)
        self._taxonomy = taxonomy
        return found

    def reviewed(self, since: datetime | None = None) -> Iterator[Document]:
        """Yield the documents that are done, in the order in which they were settled.

        ``labels`` are the most specific ones, none at all where none fits. A document that was read
        for several states of the model comes once, as it was settled last. since: then, or later.
        """
        with self._database.reading() as connection:
            yield from settled_documents(connection, self._model, since)

    def log(self, after: int = 0, limit: int = 100, *, item: int | None = None) -> list[Entry]:
        """Return entries of the log behind a number, in their order.

        limit: 1 to 10,000. item: of one document alone.

        Raises:
            MissingError: the log has nothing of *item*.
        """
        _check_limit(limit, _MOST_ENTRIES)
        conditions = [ENTRY.c.number > min(after, MOST_NUMBER)]
        if item is not None:
            conditions.append(ENTRY.c.item == min(item, MOST_NUMBER))
        with self._database.reading() as connection:
            found = list(read_entries(connection, *conditions, limit=limit))
            if item is not None and not found:
                any_entry = read_entries(connection, *conditions[1:], limit=1)
                if next(any_entry, None) is None:
                    raise no_document(item)
            return found

    def verify(self, head: str | None = None) -> list[Problem]:
        """Return what is wrong with the log, and where documents say something else; all of it.

        head: a hash of an entry that was noted elsewhere. Without it nobody can tell whether
        somebody who may write the whole database wrote all of it anew.
        """
        with self._database.reading() as connection:
            problems = checking.check_log(connection, head)
        return problems + self.verify_items()

    def verify_items(self) -> list[Problem]:
        """Return where documents of this model say something else than the log."""
        with self._database.reading() as connection:
            return list(checking.check_items(connection, self._taxonomies, self._model))

    def head(self) -> tuple[int, str]:
        """Return how many entries the log has, and the hash of the newest, to be noted."""
        with self._database.reading() as connection:
            return read_head(connection)[:2]

    def _and_next(self, number: int, person: str, part: Part) -> Submitted:
        with self._turn(number, person, part, writes=False) as turn:
            following = queues.next_item(turn.connection, self._model, person, part)
            return Submitted(view(turn), following)

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Open a transaction in which nobody else writes."""
        with self._database.writing() as connection:
            lock_head(connection)
            yield connection

    @contextmanager
    def _turn(self, number: int, person: str, part: Part, *, writes: bool = True) -> Iterator[Turn]:
        database = self._writing() if writes else self._database.reading()
        with database as connection:
            yield self._turn_of(connection, number, person, part)

    def _turn_of(self, connection: sa.Connection, number: int, person: str, part: Part) -> Turn:
        _check_names(person=person)
        return Turn(connection, self._taxonomies, self._model, number, person, part)


def _check_limit(limit: int, most: int = MOST_AT_ONCE) -> None:
    if not 1 <= limit <= most:
        raise ReviewError(f"got the limit {limit:,}, expected 1 to {most:,}.")


def _tell_nobody(_: int) -> None:
    pass


def _check_names(**names: str) -> None:
    if problems := list(name_problems("", names)):
        raise ReviewError(problems)

"""What is accepted unattended, in the database: the policy in force, what it filed, and its audit.

A policy says which precision each level has to keep. Documents are filed under it to the deepest
level that does; of those that are filed a share is drawn, which people read blind, and what they
find pauses a level by itself where it does not keep its target. All of it stands in the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from harnn._display import json_text
from harnn.acceptance import Acceptance, AuditCount, file_answers, is_drawn, judge_audits
from harnn.answers import PredictedLabel, Prediction
from harnn.errors import ConfigError, ConflictError, Problem, ReviewError
from harnn.review.audits import (
    Audited,
    AuditedLevel,
    audited_level,
    count_audits,
    read_audited,
)
from harnn.review.chain import Head, Note, append, lock_head
from harnn.review.corrections import ModelState, document_row, keep_document
from harnn.review.database import Database
from harnn.review.tables import DOCUMENT, FILED, ITEM, MOST_NUMBER, POLICY
from harnn.review.turn import utc
from harnn.review.values import Prepared
from harnn.taxonomy import Taxonomy

LEAST_AUDIT = 0.01
"""Of what is accepted: without an audit nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a policy asks for."""

    targets: Mapping[int, float] = field(default_factory=dict)
    """The least precision by level, 1 being the top, above 0 and below 1; a level that is not named
    has none, and nothing is accepted to it."""
    audit_share: float = 0.05
    """Of the documents that are accepted, 0.01 to 1."""
    blind_share: float = 0.1
    """Of the documents that are queued for people, 0 to 1: read without the model's answer."""
    pause: bool = True
    """Whether a level is paused by itself when its audit falls below its target."""

    def check(self) -> None:
        """Check the shares; targets are checked where the levels are known.

        Raises:
            ConfigError: one is out of range.
        """
        problems = [
            Problem(name, f"got {value}, expected {least:g} to 1.")
            for name, value, least in (
                ("audit_share", self.audit_share, LEAST_AUDIT),
                ("blind_share", self.blind_share, 0),
            )
            if not least <= value <= 1
        ]
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The policy that holds."""

    number: int
    """Of its entry in the log; a level that is paused makes a new one."""
    moment: datetime
    person: str
    """Who put it in force; empty: it changed by itself."""
    model_hash: str
    terms: Terms
    cuts: Mapping[int, float]
    """The least confidence of a document that is accepted, by level; paused ones have one too."""
    paused: frozenset[int]
    since: Mapping[int, int]
    """By level the number of the policy from which on its cut, and those above it, are what they
    are: audits of documents that were filed before say nothing of it."""

    def to_json(self) -> str:
        """Return what its entry in the log says; ``since`` 0 stands for that entry itself."""
        return json_text(
            {
                "targets": _by_level(self.terms.targets),
                "audit_share": self.terms.audit_share,
                "blind_share": self.terms.blind_share,
                "pause": self.terms.pause,
                "cuts": _by_level(self.cuts),
                "paused": sorted(self.paused),
                "since": _by_level(self.since),
            }
        )


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a document under the policy in force."""

    level: int
    """The deepest one that it is filed to; 0: none."""
    drawn: bool
    """People read it to see how well it was filed."""
    waits: bool
    """Labels that lie deeper wait for a person."""
    is_new: bool
    """False: it was filed before, or is none of those that were filed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledDocument:
    """A document that was filed unattended."""

    entry: int
    """Number of its entry in the log."""
    id: str
    """As its sender calls it."""
    moment: datetime
    model_hash: str
    level: int
    """The deepest one that it was filed to."""
    labels: Mapping[str, float]
    """With their scores, closed upward."""


NOT_FILED = Filed(0, drawn=False, waits=True, is_new=False)


class Policies:
    """The policies of a model and what they did. Any thread may use them, and many processes."""

    def __init__(
        self, database: Database, taxonomy: Taxonomy, model: ModelState, acceptance: Acceptance
    ) -> None:
        """acceptance: of that model, for its curves; its own targets are not looked at.

        Raises:
            ConfigError: it is of another model, or of answers that were asked for otherwise.
        """
        acceptance.check(model.hash, taxonomy, {})
        self._database, self._taxonomy, self._model = database, taxonomy, model
        self._acceptance = acceptance

    def in_force(self) -> InForce | None:
        """Return the policy in force; None: there is none, nothing is accepted."""
        with self._database.reading() as connection:
            return self._read(connection)

    def applied(self, policy: InForce | None) -> Acceptance:
        """Return what is accepted under a policy, None: nothing."""
        if policy is None:
            return self._acceptance.with_targets({})
        return self._acceptance.with_targets(policy.terms.targets).with_paused(policy.paused)

    def put(
        self, terms: Terms, *, person: str, version: int, resume: frozenset[int] = frozenset()
    ) -> InForce:
        """Put a policy in force.

        version: the number of the one that *person* has seen, 0: none. resume: levels that are
        paused and are to accept again; their audit begins anew.

        Raises:
            ConfigError: a target or a share is out of range.
            ReviewError: there never was a policy of that number.
            ConflictError: another policy is in force than *person* has seen.
        """
        terms.check()
        wanted = self._acceptance.with_targets(terms.targets)
        cuts = _cuts(wanted)
        with self._database.writing() as connection:
            lock_head(connection)
            now = self._read(connection)
            if version != (now.number if now else 0):
                self._check_seen(connection, version, now)
                raise _conflict(now)
            paused = now.paused - resume if now else frozenset[int]()
            paused &= terms.targets.keys()
            resumed = now.paused - paused if now else frozenset[int]()
            since = {
                level: now.since[level]
                if now and level not in resumed and _as_above(now.cuts, cuts, level)
                else 0
                for level in cuts
            }
            draft = InForce(
                number=0,
                moment=datetime.now(UTC),
                person=person,
                model_hash=self._model.hash,
                terms=terms,
                cuts=cuts,
                paused=paused,
                since=since,
            )
            return self._write(connection, draft)

    def file(self, prepared: Sequence[Prepared], *, person: str = "") -> list[Filed]:
        """File documents to the deepest level that keeps its promise, and keep what was filed.

        Documents that are in review, or were filed before, stay what they are. What becomes of the
        others (``drawn``, ``waits``) is for :meth:`Review.add`.
        """
        with self._database.writing() as connection:
            head = lock_head(connection)
            now = self._paused_by_audit(connection, self._read(connection))
            if now is None:
                return [NOT_FILED] * len(prepared)
            return self._file(connection, now, prepared, person, head)

    def check_audits(self) -> InForce | None:
        """Pause the levels whose audit says so; return the policy in force then."""
        with self._database.writing() as connection:
            lock_head(connection)
            return self._paused_by_audit(connection, self._read(connection))

    def audit(self) -> tuple[InForce | None, tuple[AuditedLevel, ...]]:
        """Return what audits found, of all levels from the top, and the policy in force."""
        with self._database.reading() as connection:
            now = self._read(connection)
            drawn = read_audited(connection, self._model, self._taxonomy)
            since = now.since if now else {}
            levels = tuple(
                audited_level(connection, self._model, drawn, level, since.get(level, 0))
                for level in range(1, self._taxonomy.depth + 1)
            )
            return now, levels

    def filed(self, after: int = 0, limit: int = 100) -> list[FiledDocument]:
        """Return what was filed behind a number of an entry, in the order in which it was.

        Documents that were drawn are left out: their labels are those that people give them.
        """
        query = (
            sa.select(FILED, DOCUMENT.c.id)
            .join_from(FILED, DOCUMENT)
            .where(FILED.c.model == self._model.name, FILED.c.entry > after, ~FILED.c.drawn)
            .order_by(FILED.c.entry)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            FiledDocument(
                entry=row[FILED.c.entry],
                id=row[DOCUMENT.c.id],
                moment=utc(row[FILED.c.moment]),
                model_hash=row[FILED.c.model_hash],
                level=row[FILED.c.level],
                labels=json.loads(row[FILED.c.labels]),
            )
            for row in rows
        ]

    def audited(self) -> tuple[Audited, ...]:
        """Return all documents that were drawn, the newest first.

        Those that are not read yet are blind: who may still read them is not to be told what was
        accepted.
        """
        with self._database.reading() as connection:
            return read_audited(connection, self._model, self._taxonomy)

    def _check_seen(self, connection: sa.Connection, version: int, now: InForce | None) -> None:
        """Raises:
        ReviewError: no policy of this model ever had that number.
        """
        is_it = (POLICY.c.number == version, POLICY.c.model == self._model.name)
        known = version <= MOST_NUMBER and connection.scalar(sa.select(sa.exists().where(*is_it)))
        if version and not known:
            what = f"there never was a policy {version:,}"
            seen = f"the one in force is {now.number:,}" if now else "none is in force: give 0"
            raise ReviewError(f"{what}; {seen}.")

    def _read(self, connection: sa.Connection) -> InForce | None:
        """Return the policy in force, if the model and its curves are those it was made with."""
        query = sa.select(POLICY).where(POLICY.c.model == self._model.name)
        row = connection.execute(query.order_by(POLICY.c.number.desc()).limit(1)).mappings().first()
        if row is None or row["model_hash"] != self._model.hash:
            return None
        found = _in_force(row)
        if found.cuts != _cuts(self._acceptance.with_targets(found.terms.targets)):
            return None
        return found

    def _write(self, connection: sa.Connection, draft: InForce) -> InForce:
        note = Note(
            draft.person,
            "system",
            None,
            "policy",
            self._model.hash,
            self._model.taxonomy_hash,
            text=draft.to_json(),
        )
        (entry,) = append(connection, note)
        row = {
            "number": entry.number,
            "model": self._model.name,
            "model_hash": self._model.hash,
            "moment": entry.moment,
            "person": draft.person,
            "terms": draft.to_json(),
        }
        connection.execute(sa.insert(POLICY).values(**row))
        return _in_force(row)

    def _paused_by_audit(self, connection: sa.Connection, now: InForce | None) -> InForce | None:
        if now is None or not now.terms.pause:
            return now
        drawn = read_audited(connection, self._model, self._taxonomy)
        fallen = {
            level
            for level, since in now.since.items()
            if level not in now.paused
            and _is_fallen(count_audits(drawn, level, since), now.terms.targets[level])
        }
        if not fallen:
            return now
        return self._write(connection, replace(now, person="", paused=now.paused | fallen))

    def _file(
        self,
        connection: sa.Connection,
        now: InForce,
        prepared: Sequence[Prepared],
        person: str,
        head: Head,
    ) -> list[Filed]:
        moment = datetime.now(UTC)
        answers = [_answer(each, self._taxonomy) for each in prepared]
        filings = file_answers(answers, self.applied(now), self._taxonomy)
        found: list[Filed] = []
        for each, filing in zip(prepared, filings, strict=True):
            row = document_row(each.document, each.model, person, moment)
            document = keep_document(connection, row) if filing.level else 0
            known = self._known(connection, document, each) if document else NOT_FILED
            if known is not None:
                found.append(known)
                continue
            drawn = is_drawn(
                head.secret.encode(), now.terms.audit_share, "audit", str(row["content"])
            )
            scores = {label.label: each.shown[label.label] for label in filing.accepted}
            note = Note(
                person,
                "system",
                None,
                "file",
                each.model.hash,
                each.model.taxonomy_hash,
                text=str(row["content"]),
                seen=scores,
                after=tuple(self._specific(scores)),
            )
            (entry,) = append(connection, note)
            filed = {
                "document": document,
                "model": each.model.name,
                "model_hash": each.model.hash,
                "policy": now.number,
                "entry": entry.number,
                "moment": entry.moment,
                "level": filing.level,
                "labels": json_text(scores),
                "drawn": drawn,
            }
            connection.execute(sa.insert(FILED).values(**filed))
            found.append(Filed(filing.level, drawn, bool(filing.waiting), is_new=True))
        return found

    def _known(self, connection: sa.Connection, document: int, each: Prepared) -> Filed | None:
        """Return what became of a document before; None: nothing."""
        row = connection.execute(sa.select(FILED).where(FILED.c.document == document)).first()
        if row is not None:
            level, drawn = int(row.level), bool(row.drawn)
            return Filed(level, drawn, len(json.loads(row.labels)) < len(each.shown), is_new=False)
        item = sa.select(ITEM.c.number).where(ITEM.c.document == document)
        return None if connection.scalar(item) is None else NOT_FILED

    def _specific(self, labels: Mapping[str, float]) -> list[str]:
        taxonomy = self._taxonomy
        columns = taxonomy.most_specific(taxonomy.columns(tuple(labels)))
        return [taxonomy.codes[column] for column in columns.tolist()]


def _is_fallen(count: AuditCount, target: float) -> bool:
    return judge_audits(count, target).verdict == "paused"


def _as_above(before: Mapping[int, float], after: Mapping[int, float], level: int) -> bool:
    """Tell whether the same documents are accepted to a level: the cuts down to it are the same."""
    return all(before.get(each) == after.get(each) for each in range(1, level + 1))


def _cuts(acceptance: Acceptance) -> dict[int, float]:
    return {each.level: each.cut for each in acceptance.levels if each.cut is not None}


def _conflict(now: InForce | None) -> ConflictError:
    if now is None:
        what = "The policy that you have seen holds no longer: the model, or its curves, changed."
        return ConflictError(what, item=0, person="", moment=datetime.now(UTC))
    at = f"{now.moment:%H:%M} UTC on {now.moment:%Y-%m-%d}"
    if now.person:
        what = f"{now.person} put another policy in force at {at}. Look at it first."
    else:
        what = f"A level was paused by its audit at {at}. Look at it first."
    return ConflictError(what, item=0, person=now.person, moment=now.moment)


def _answer(each: Prepared, taxonomy: Taxonomy) -> Prediction:
    labels = tuple(
        PredictedLabel(
            code,
            taxonomy.names[taxonomy.index[code]],
            score,
            int(taxonomy.levels[taxonomy.index[code]]),
            (),
        )
        for code, score in each.shown.items()
    )
    return Prediction(each.document.id, labels)


def _in_force(row: Mapping[Any, Any]) -> InForce:
    said = json.loads(row["terms"])
    return InForce(
        number=row["number"],
        moment=utc(row["moment"]),
        person=row["person"],
        model_hash=row["model_hash"],
        terms=Terms(
            targets=_read_levels(said["targets"]),
            audit_share=said["audit_share"],
            blind_share=said["blind_share"],
            pause=said["pause"],
        ),
        cuts=_read_levels(said["cuts"]),
        paused=frozenset(said["paused"]),
        since={level: n or row["number"] for level, n in _read_levels(said["since"]).items()},
    )


def _by_level(values: Mapping[int, Any]) -> dict[str, Any]:
    return {str(level): values[level] for level in sorted(values)}


def _read_levels(said: Mapping[str, Any]) -> dict[int, Any]:
    return {int(level): value for level, value in said.items()}

"""Documents on their way to those who review them: predicted, filed where a policy says so, and
queued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from harnn.data import Document
from harnn.review import EnqueueOptions, Prepared, Review, prepare
from harnn.serve.desk import Desk

AT_ONCE = 16
"""Documents that are put into the database together."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What became of documents."""

    added: int = 0
    """They wait for people now: those that are audited, and whatever is not filed all the way."""
    known: int = 0
    """They were there before, with this model."""
    filed: int = 0
    """They were filed unattended, down to some level."""

    def __add__(self, other: Queued) -> Queued:
        return Queued(self.added + other.added, self.known + other.known, self.filed + other.filed)


async def queue_documents(desk: Desk, documents: Sequence[Document]) -> Queued:
    """Put documents into review, :data:`AT_ONCE` at most; sent again they are known.

    Raises:
        RequestError: too much waits (503), or it took too long (504).
        DocumentError, DatabaseError: see :meth:`harnn.review.Review.add`.
    """
    new = await desk.do(Review.unknown, documents, desk.served.state)
    found = await _queue_new(desk, new)
    return found + Queued(known=len(documents) - len(new))


async def _queue_new(desk: Desk, documents: Sequence[Document]) -> Queued:
    """Queue documents that are not in review; those that were filed before are known."""
    policies = desk.policies
    policy = None if policies is None else await asyncio.to_thread(policies.in_force)
    if policies is None or policy is None:
        added = await _add(desk, documents, EnqueueOptions())
        return Queued(added, len(documents) - added)
    options = EnqueueOptions(blind_share=policy.terms.blind_share)
    answered = await _prepare(desk, documents, replace(options, evidence=False))
    filed = await asyncio.to_thread(policies.file, answered, person=desk.person)
    added = 0
    for audit in (True, False):
        some = [
            document
            for document, each in zip(documents, filed, strict=True)
            if each.drawn == audit and (audit or each.waits)
        ]
        added += await _add(desk, some, replace(options, audit=audit))
    new = [each for each in filed if each.is_new]
    both = sum(each.drawn or each.waits for each in new)
    return Queued(added, len(documents) - len(new) - (added - both), len(new))


async def _add(desk: Desk, documents: Sequence[Document], options: EnqueueOptions) -> int:
    """Queue documents; return how many are new."""
    if not documents:
        return 0
    prepared = await _prepare(desk, documents, options)
    found = await desk.do(Review.add, prepared, person=desk.person, options=options)
    return len(found.added)


async def _prepare(
    desk: Desk, documents: Sequence[Document], options: EnqueueOptions
) -> list[Prepared]:
    """Predict documents, one at a time, so that other requests are answered between them."""
    served, service = desk.served, desk.service

    def prepared(document: Document) -> Prepared:
        (found,) = prepare(served.predictor, [document], model=served.state, options=options)
        return found

    return [
        await service.when_free(partial(service.compute, served, [each], partial(prepared, each)))
        for each in documents
    ]

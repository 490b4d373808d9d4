"""Review over HTTP: the queue, documents, decisions. What is kept stands in the database alone, so
that any process of a server can answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from harnn import review
from harnn._display import json_text
from harnn.config import DataConfig
from harnn.data.writing import fields_of
from harnn.serve.asking import Admin, Reviewer, json_response
from harnn.serve.desk import Desk, DeskHere, plain
from harnn.serve.routes.review_schemas import (
    MOST_CODE,
    AgreementOut,
    CommentIn,
    DecisionIn,
    EvidenceGroupsOut,
    EvidenceListOut,
    GroupIn,
    GroupOut,
    ItemOut,
    LabelsWaitingOut,
    LogOut,
    QueueOut,
    RetiredOut,
    SettleIn,
    SubmittedOut,
    SummaryOut,
    VersionIn,
)
from harnn.serve.routes.schemas import problems

router = APIRouter(prefix="/v1/review", tags=["review"])
ItemNumber = Annotated[int, Path(ge=1, lt=1 << 31, description="The number of a document.")]
Key = Annotated[str, Path(min_length=1, max_length=200, description="What the list calls it.")]
_READS = problems(404, 503)
_WRITES = problems(404, 409, 503)
_LINES = "application/jsonl"


@router.get("", response_model=SummaryOut, responses=_READS)
async def summary(desk: DeskHere) -> Response:
    """How far the review is, and the caller's part of it."""
    served, found = desk.served, await desk.do(review.Review.summary, desk.person)
    model = {"name": served.name, "version": served.version, "hash": served.hash}
    who = {"person": desk.person, "part": desk.part, "model": model}
    return json_response(who | plain(found))


@router.get("/queue", response_model=QueueOut, responses=_READS)
async def queue(
    desk: DeskHere,
    order: Annotated[review.Order, Query(description="What comes first.")] = "doubt",
    label: Annotated[
        str | None, Query(max_length=MOST_CODE, description="Documents claimed as this alone.")
    ] = None,
    state: review.State | None = None,
    after: Annotated[
        int | None, Query(ge=1, lt=1 << 31, description="Those behind this one: ``next``.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Documents that wait for the caller, page by page."""
    found = await desk.do(
        review.Review.queue,
        desk.person,
        desk.part,
        order=order,
        state=state,
        label=label,
        after=after,
        limit=limit,
    )
    following = found[-1].item if len(found) == limit else None
    return json_response({"items": plain(found), "next": following})


@router.get("/labels", response_model=LabelsWaitingOut, responses=_READS)
async def labels(desk: DeskHere) -> Response:
    """The labels that the model gave documents that wait, and what people said of them."""
    return json_response({"labels": plain(await desk.do(review.Review.labels))})


@router.get("/evidence", response_model=EvidenceListOut, responses=_READS)
async def evidence(desk: DeskHere, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
    """Words that spoke for a label in several documents that wait."""
    return json_response({"evidence": plain(await desk.do(review.Review.evidence, limit))})


@router.get("/evidence/{key}", response_model=EvidenceGroupsOut, responses=_READS)
async def evidence_groups(desk: DeskHere, key: Key) -> Response:
    """All documents in which a word spoke for a label, in groups by the words nearby."""
    found = await desk.do(review.Review.evidence_groups, key, desk.person, desk.part)
    return json_response(plain(found))


@router.post("/evidence/{key}", response_model=GroupOut, responses=_WRITES)
async def decide_group(desk: DeskHere, key: Key, body: GroupIn) -> Response:
    """Decide the label of an evidence in several documents at once; one undo takes all of it back.

    Documents that somebody else has decided meanwhile are left as they are, and named.
    """
    items = [(each.item, each.version) for each in body.items]

    def act(kept: review.Review) -> review.GroupDecision:
        label = kept.evidence_label(key)
        return kept.decide_group(items, body.action, label, desk.person, desk.part, body.other)

    return json_response(_group(await desk.do(act)))


@router.post("/groups/{group}/undo", response_model=GroupOut, responses=_WRITES)
async def undo_group(desk: DeskHere, group: Key) -> Response:
    """Take back what was decided of several documents at once."""
    found = await desk.do(review.Review.undo_group, group, desk.person, desk.part)
    return json_response(_group(found))


@router.get("/items/{item}", response_model=ItemOut, responses=_READS)
async def show(
    desk: DeskHere,
    item: ItemNumber,
    claim: Annotated[
        bool, Query(description="Hold it for some minutes, so that nobody else begins it.")
    ] = True,
) -> Response:
    """One document, as the caller may see it."""
    found = await desk.do(review.Review.item, item, desk.person, desk.part, claim=claim)
    return json_response(plain(found))


@router.post("/items/{item}/decisions", response_model=ItemOut, responses=_WRITES)
async def decide(desk: DeskHere, item: ItemNumber, body: DecisionIn) -> Response:
    """Decide a label of a document; ``version`` is the one that the caller has seen."""
    found = await desk.do(
        review.Review.decide,
        item,
        desk.person,
        desk.part,
        body.version,
        body.action,
        body.label,
        body.other,
    )
    return json_response(plain(found))


@router.post("/items/{item}/undo", response_model=ItemOut, responses=_WRITES)
async def undo(desk: DeskHere, item: ItemNumber, body: VersionIn) -> Response:
    """Take back the newest decision of the caller, or the submission."""
    found = await desk.do(review.Review.undo, item, desk.person, desk.part, body.version)
    return json_response(plain(found))


@router.post("/items/{item}/comments", response_model=ItemOut, responses=_WRITES)
async def comment(desk: DeskHere, item: ItemNumber, body: CommentIn) -> Response:
    """Say something of a document."""
    found = await desk.do(review.Review.comment, item, desk.person, desk.part, body.text)
    return json_response(plain(found))


@router.post("/items/{item}/submit", response_model=SubmittedOut, responses=_WRITES)
async def submit(desk: DeskHere, item: ItemNumber, body: VersionIn) -> Response:
    """Say that a document is read; nothing undecided may be left."""
    found = await desk.do(review.Review.submit, item, desk.person, desk.part, body.version)
    return json_response(await _submitted(desk, found))


@router.post("/items/{item}/set-aside", response_model=SubmittedOut, responses=_WRITES)
async def set_aside(desk: DeskHere, item: ItemNumber, body: VersionIn) -> Response:
    """Leave a document for later."""
    found = await desk.do(review.Review.set_aside, item, desk.person, desk.part, body.version)
    return json_response(await _submitted(desk, found))


@router.post("/items/{item}/reopen", response_model=ItemOut, responses=_WRITES)
async def reopen(desk: DeskHere, item: ItemNumber, body: VersionIn) -> Response:
    """Read a document again that is set aside or done."""
    found = await desk.do(review.Review.reopen, item, desk.person, desk.part, body.version)
    return json_response(plain(found))


@router.post("/items/{item}/settle", response_model=SubmittedOut, responses=_WRITES)
async def settle(desk: DeskHere, _: Reviewer, item: ItemNumber, body: SettleIn) -> Response:
    """Settle a document that two have read differently: by one of both readings, or an own one."""
    found = await desk.do(
        review.Review.settle, item, desk.person, body.version, take=body.take, alone=body.alone
    )
    return json_response(await _submitted(desk, found))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Documents that are done, with their labels, as JSON lines.",
            "content": {_LINES: {"schema": {"type": "string"}}},
        },
        **_READS,
    },
)
async def export(
    desk: DeskHere,
    since: Annotated[datetime | None, Query(description="Settled then, or later.")] = None,
) -> Response:
    """Documents that are done, with their labels, as training reads them."""
    found, data = review.named(desk.review.reviewed(since)), DataConfig()
    first = await asyncio.to_thread(next, found, None)  # a database that is gone is told

    def lines() -> Iterator[bytes]:
        document = first
        while document is not None:
            yield f"{json_text(fields_of(document, data, flat=False))}\n".encode()
            document = next(found, None)

    headers = {"content-disposition": 'attachment; filename="reviewed.jsonl"'}
    return StreamingResponse(lines(), media_type=_LINES, headers=headers)


@router.get("/agreement", response_model=AgreementOut, responses=_READS)
async def agreement(desk: DeskHere) -> Response:
    """How far two readers agree, and how far the model's answer sways those who see it."""
    people, anchoring = await asyncio.gather(
        desk.do(review.Review.agreement), desk.do(review.Review.anchoring)
    )
    return json_response({"agreement": plain(people), "anchoring": plain(anchoring)})


@router.post("/retire", response_model=RetiredOut, responses=_WRITES)
async def retire(desk: DeskHere, _: Admin) -> Response:
    """Go on under the taxonomy that the model has now: documents are queued again of which a label
    is not in it any more.
    """
    taxonomy = desk.served.predictor.taxonomy
    found = await desk.do(review.Review.retire, taxonomy, desk.person)
    return json_response(plain(found))


@router.get("/log", response_model=LogOut, responses=_READS)
async def log(
    desk: DeskHere,
    _: Reviewer,
    after: Annotated[int, Query(ge=0, lt=1 << 31)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    item: Annotated[int | None, Query(ge=1, lt=1 << 31)] = None,
) -> Response:
    """Lines of the log, in their order; of documents whose answer is hidden from the caller they
    say nothing of labels, where it was not the caller who decided.
    """
    found = await desk.do(review.Review.log, after, limit, item=item)
    told = await asyncio.to_thread(review.told, desk.service.kept_for_review(), found, desk.person)
    entries = [plain(entry) | {"withheld": withheld} for entry, withheld in told]
    following = found[-1].number if len(found) == limit else None
    return json_response({"entries": entries, "next": following})


def _group(found: review.GroupDecision) -> dict[str, Any]:
    refused = [{"item": item, "why": why} for item, why in found.refused]
    return {"group": found.group, "decided": [*found.decided], "refused": refused}


async def _submitted(desk: Desk, found: review.Submitted) -> dict[str, Any]:
    await desk.heed(found.view)
    return {"item": plain(found.view), "next": found.next}

"""Documents to be reviewed: as JSON, or as a file whose progress is told as it goes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import asdict

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from harnn._display import json_text
from harnn.serve.asking import as_documents, json_response
from harnn.serve.desk import DeskHere
from harnn.serve.queueing import AT_ONCE, Queued, queue_documents
from harnn.serve.routes.files import LINES, Content, FileName, blocks_of, read_file
from harnn.serve.routes.review_schemas import DocumentsIn, QueuedDocumentsOut
from harnn.serve.routes.schemas import problems

router = APIRouter(prefix="/v1/review", tags=["review"])
_SHARE_OF_TIME = 0.5
"""Of what a request may take: after it nothing more is begun."""


@router.post("/documents", response_model=QueuedDocumentsOut, responses=problems(404, 503, 504))
async def queue_json(desk: DeskHere, body: DocumentsIn) -> Response:
    """Queue documents for those who review, and file what the policy in force accepts.

    What is not reached in half the time that a request may take is ``left``: send it again.
    """
    documents = as_documents(body.documents, desk.served.predictor.bundle.config.data)
    desk.service.check(documents)
    end = time.monotonic() + _SHARE_OF_TIME * desk.service.settings.limits.seconds
    done, found = 0, Queued()
    for block in blocks_of(documents, AT_ONCE):
        if time.monotonic() > end and done:
            break
        found += await queue_documents(desk, block)
        done += len(block)
    return json_response(asdict(found) | {"left": len(documents) - done})


@router.post(
    "/file",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "After each of its parts ``done``, ``of`` (documents), ``added``, "
            "``known`` and ``filed`` so far, as JSON lines.",
            "content": {LINES: {"schema": {"type": "string"}}},
        },
        **problems(404, 503, 504),
    },
)
async def queue_file(desk: DeskHere, content: Content, name: FileName) -> Response:
    """Queue the documents of a file, as ``/v1/review/documents`` does.

    It is complete if the last line has ``done`` as great as ``of``; sent again, what was done is
    known.
    """
    upload = await read_file(desk.service, desk.served, content, name)
    blocks = blocks_of(upload.documents, AT_ONCE)
    first = await queue_documents(desk, blocks[0]) if blocks else Queued()

    async def lines() -> AsyncIterator[bytes]:
        done, found = len(blocks[0]) if blocks else 0, first
        yield _line(done, len(upload.documents), found)
        for block in blocks[1:]:
            found += await queue_documents(desk, block)
            done += len(block)
            yield _line(done, len(upload.documents), found)

    return StreamingResponse(lines(), media_type=LINES)


def _line(done: int, of: int, found: Queued) -> bytes:
    return f"{json_text({'done': done, 'of': of} | asdict(found))}\n".encode()

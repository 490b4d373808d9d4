"""Files of documents: what the model would read of one, and the answers, as they come.

Nothing is kept: a file is read, answered and forgotten within one request, and whoever breaks it
off ends the work. So no other caller can see it, and any process of a server can answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from starlette.responses import Response, StreamingResponse

from harnn._display import json_text, whole_signs
from harnn.answers import Prediction
from harnn.data import Document
from harnn.serve.asking import ModelName, Reader, ServiceHere, json_response
from harnn.serve.models import ServedModel
from harnn.serve.problems import RequestError
from harnn.serve.routes.schemas import ModelNamed, Out, problems
from harnn.serve.service import Service
from harnn.serve.uploads import Upload, line_of, read_upload

router = APIRouter(prefix="/v1/file", tags=["files"])
FileName = Annotated[
    str, Query(min_length=1, max_length=1_000, description="Its ending says how it is read.")
]
Content = Annotated[
    bytes,
    Body(media_type="application/octet-stream", description="CSV, TSV, JSON lines, TXT, XLSX."),
]
LINES = "application/jsonl"
_SHOWN = 5
_SHOWN_CHARACTERS = 300


class RowOut(Out):
    """A document as the model reads it; the beginnings of its fields."""

    id: str
    line: int | None
    text: dict[str, str]


class PreviewOut(Out):
    """What a file holds."""

    model: ModelNamed
    documents: int
    first: list[RowOut]
    lines: list[int | None]
    """Of all documents, in order; null where a document has none."""
    notes: list[str]
    """What of its columns is read as what, and what is worth a look."""


@router.post("/preview", response_model=PreviewOut, responses=problems(404))
async def preview(
    content: Content, name: FileName, service: ServiceHere, _: Reader, model: ModelName = None
) -> Response:
    """Read a file of documents, and say what the model would read; everything wrong is named."""
    served = service.models.get(model)
    upload = await read_file(service, served, content, name)
    return json_response(
        {
            "model": {"name": served.name, "version": served.version},
            "documents": len(upload.documents),
            "first": [_shown(document) for document in upload.documents[:_SHOWN]],
            "lines": [line_of(document) for document in upload.documents],
            "notes": [*upload.notes],
        }
    )


@router.post(
    "/predict",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The answers as JSON lines, as harnn predict writes them.",
            "content": {LINES: {"schema": {"type": "string"}}},
        },
        **problems(404, 503, 504),
    },
)
async def predict(
    content: Content, name: FileName, service: ServiceHere, _: Reader, model: ModelName = None
) -> Response:
    """File the documents of a file: a line for each, in its order, as soon as it is answered.

    The answer ends early where the server stops or another model takes the place of this one: it
    is complete if it has a line for each document.
    """
    served = service.models.get(model)
    upload = await read_file(service, served, content, name)
    limits = service.settings.limits
    blocks = blocks_of(upload.documents, min(limits.batch, limits.documents))
    first = await _answer(service, served, blocks[0]) if blocks else []

    async def lines() -> AsyncIterator[bytes]:
        yield _lines(first)
        for block in blocks[1:]:
            yield _lines(await _answer(service, served, block))

    return StreamingResponse(lines(), media_type=LINES)


async def read_file(service: Service, served: ServedModel, content: bytes, name: str) -> Upload:
    """Read the documents of a file; see :func:`harnn.serve.uploads.read_upload`."""
    data = served.predictor.bundle.config.data
    return await asyncio.to_thread(read_upload, content, name, data, service.settings.limits)


async def _answer(
    service: Service, served: ServedModel, documents: Sequence[Document]
) -> list[Prediction]:
    """Answer a block; where too much waits, wait too."""
    answers = await service.when_free(lambda: service.predict(served.name, documents))
    if answers.model.hash != served.hash:
        raise RequestError(503, "Another model has taken the place of this one; send it again.")
    return answers.predictions


def blocks_of(documents: Sequence[Document], size: int) -> list[Sequence[Document]]:
    """Return documents in parts of *size*."""
    return [documents[at : at + size] for at in range(0, len(documents), size)]


def _lines(answers: Sequence[Prediction]) -> bytes:
    return "".join(f"{json_text(answer.to_dict())}\n" for answer in answers).encode()


def _shown(document: Document) -> dict[str, Any]:
    texts = {
        field: text
        if len(text) <= _SHOWN_CHARACTERS
        else f"{whole_signs(text, _SHOWN_CHARACTERS)}…"
        for field, text in document.text.items()
    }
    return {"id": document.id, "line": line_of(document), "text": texts}

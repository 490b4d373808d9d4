"""Whether the server lives and is ready, and what it has counted."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from harnn.serve.asking import Reader, ServiceHere
from harnn.serve.routes.schemas import problems

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """Whether it is so."""

    status: str


@router.get("/healthz", response_model=Health)
async def healthz() -> JSONResponse:
    """Whether the process lives; asks nothing of the models, and needs no token."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
async def readyz(service: ServiceHere) -> JSONResponse:
    """Whether requests are taken: not before the models are loaded, nor while it stops."""
    if service.closing:
        return JSONResponse({"status": "stopping"}, 503)
    return JSONResponse({"status": "ok"})


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=problems(),
)
async def metrics(service: ServiceHere, _: Reader) -> Response:
    """Everything counted, in the text format of Prometheus."""
    await asyncio.to_thread(service.count_waiting)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

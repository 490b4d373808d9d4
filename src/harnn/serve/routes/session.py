"""Sessions of pages: a token is given once, and stays out of them from then on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, Response

from harnn.serve.access import ANYBODY, Caller, Role
from harnn.serve.admission import Admission
from harnn.serve.asking import Reader, ServiceHere
from harnn.serve.problems import RequestError
from harnn.serve.routes.schemas import problems
from harnn.serve.service import Service
from harnn.serve.sessions import HOURS, Session, cookie_name

router = APIRouter(prefix="/v1", tags=["session"])


class SessionOut(BaseModel):
    """Who asks."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "kim",
                    "role": "review",
                    "review": True,
                    "csrf_token": "o3nHqk0Rz1",
                    "until": "2027-01-31T17:00:00+00:00",
                }
            ]
        },
    )

    name: str
    role: Role
    review: bool
    """Whether the server keeps documents to review, and the caller may read them."""
    csrf_token: str | None
    """What X-CSRF-Token must say in requests that change something; null: nothing."""
    until: datetime | None
    """When the session ends; null: there is none."""


def _admission(request: Request) -> Admission:
    admission: Admission = request.app.state.admission
    return admission


AdmissionHere = Annotated[Admission, Depends(_admission)]


@router.post("/session", status_code=201, response_model=SessionOut, responses=problems())
async def start(
    request: Request, service: ServiceHere, admission: AdmissionHere, caller: Reader
) -> Response:
    """Start a session for a token: the answer sets a cookie that pages can neither read nor give
    away, and that lasts eight hours at most. A server without tokens needs none, and sets none.
    """
    if caller is ANYBODY:
        return _described(service, caller, None, 201)
    if request.state.session is not None:
        detail = "Expected a token: Authorization: Bearer TOKEN; a session starts no other one."
        raise RequestError(401, detail, headers={"WWW-Authenticate": "Bearer"}, reason="no_token")
    cookie, session = admission.sessions.start(caller)
    answer = _described(service, caller, session, 201)
    secure = admission.is_secure(request.scope)
    answer.set_cookie(
        cookie_name(secure),
        cookie,
        max_age=HOURS * 3_600,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("/session", response_model=SessionOut, responses=problems())
async def show(request: Request, service: ServiceHere, caller: Reader) -> Response:
    """Say who asks, what they may do, and the CSRF token of the session."""
    return _described(service, caller, request.state.session, 200)


@router.delete("/session", status_code=204, responses=problems())
async def end(request: Request, admission: AdmissionHere, _: Reader) -> Response:
    """End the session: its cookie is taken no more, whoever has it."""
    session: Session | None = request.state.session
    if session is not None:
        admission.sessions.end(session)
    answer = Response(status_code=204)
    secure = admission.is_secure(request.scope)
    answer.delete_cookie(
        cookie_name(secure), path="/", secure=secure, httponly=True, samesite="strict"
    )
    return answer


def _described(
    service: Service, caller: Caller, session: Session | None, status: int
) -> JSONResponse:
    plain = {
        "name": caller.name,
        "role": caller.role,
        "review": service.database is not None and caller.may("annotate"),
        "csrf_token": None if session is None else session.csrf_token,
        "until": None if session is None else session.until.isoformat(),
    }
    return JSONResponse(plain, status)

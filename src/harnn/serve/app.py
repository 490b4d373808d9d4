"""The application: routes around a service, and the layers that every request passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import harnn
from harnn.errors import HarnnError
from harnn.serve.admission import Admission, Admitted, Shared
from harnn.serve.bodies import Bounded
from harnn.serve.gate import Guarded, Watched, server_fault
from harnn.serve.logs import LOG, note_lost_error
from harnn.serve.problems import RequestError, Respond, problem_response, refused, wrong_kind
from harnn.serve.routes import BASIC, ERROR_FORMS, ROUTERS
from harnn.serve.service import Service
from harnn.serve.watching import watch_models

_DESCRIPTION = (
    "Files documents under a taxonomy. The native routes are under /v1; beside them the same "
    "models speak the interfaces of other programs."
)

_NO_ROUTE = "Nothing answers under this path; GET /openapi.json describes all routes."


def create_app(service: Service, shared: Shared | None = None) -> Any:
    """Return the ASGI application that answers for a service; closing it is its own business.

    shared: what it has in common with other processes of the server; None: there are none.

    Raises:
        ConfigError: the file of tokens, or of the secret, is none.
    """
    settings = service.settings
    admission = Admission(settings, shared or Shared.new(settings), basic=BASIC)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        asyncio.get_running_loop().set_exception_handler(note_lost_error)
        async with watch_models(service):
            yield {"service": service}
        service.close()
        admission.close()

    app = FastAPI(
        title="harnn",
        version=harnn.__version__,
        description=_DESCRIPTION,
        docs_url=None,  # their pages load scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,  # whoever asks decides where to, with the Host header
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.admission = admission
    for router in ROUTERS:
        app.include_router(router)
    _handle_errors(app)
    if settings.tokens is None:
        _describe_without_tokens(app)
    respond = _responding(service)
    bounded = Bounded(app, settings.limits, respond)
    guarded = Guarded(Admitted(bounded, admission, respond), settings, respond)
    watched = Watched(guarded, service.metrics, respond)
    if not settings.proxies:
        return watched
    return ProxyHeadersMiddleware(watched, [*settings.proxies])  # type: ignore[arg-type]


def _responding(service: Service) -> Respond:
    """Return what answers a refused request in the form of its interface, and counts it."""

    def respond(scope: Scope, error: RequestError) -> Response:
        if error.reason:
            service.metrics.rejected(error.reason)
        for prefix, form in ERROR_FORMS:
            if scope["path"].startswith(prefix):
                return form(error)
        return problem_response(error)

    return respond


def _describe_without_tokens(app: FastAPI) -> None:
    """Let the OpenAPI document ask for no token, since none is looked at."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        found = describe()
        for operations in found["paths"].values():
            for operation in operations.values():
                operation.pop("security", None)
        found.get("components", {}).pop("securitySchemes", None)
        return found

    app.openapi = described  # type: ignore[method-assign]


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(RequestError, _on_known)
    app.add_exception_handler(HarnnError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unknown)


def _answer(request: Request, error: RequestError) -> Response:
    return _responding(request.app.state.service)(request.scope, error)


async def _on_known(request: Request, error: Exception) -> Response:
    found = refused(error)
    if found.status >= 500 and not isinstance(error, RequestError):
        LOG.error("%s", error)
    return _answer(request, found)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(isinstance(each["input"], bytes) for each in errors):  # FastAPI reads JSON alone
        return _answer(request, wrong_kind(request.headers, "application/json"))
    lines = [*map(_line, errors)]
    detail = lines[0] if len(lines) == 1 else f"{len(lines)} problems in the request."
    return _answer(request, RequestError(422, detail, lines))


def _line(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a part of a request, and with which."""
    if error["type"] == "json_invalid":
        place, what = error["loc"][1], error["ctx"]["error"]
        return f"body: is no JSON ({what}, character {place + 1:,})."
    where = ".".join(map(str, error["loc"]))
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers, detail = error.headers or {}, str(error.detail)
    if error.status_code == 404:
        detail = _NO_ROUTE
    elif error.status_code == 405:
        detail = f"This path is asked with {headers.get('Allow', 'another method')}."
    found = RequestError(error.status_code, detail, headers=headers)
    return _answer(request, found)


async def _on_unknown(request: Request, _: Exception) -> Response:
    return _answer(request, server_fault(request.scope))  # Watched logs it

"""The application: routes around a service, and the layers that every request passes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

import harnn
from harnn.errors import HarnnError
from harnn.serve.access import Tokens
from harnn.serve.gate import LOG, Bounded, Guarded, Watched, problem_response
from harnn.serve.problems import RequestError, refused
from harnn.serve.routes import ERROR_FORMS, ROUTERS
from harnn.serve.service import Service
from harnn.serve.watching import watch_models

_DESCRIPTION = (
    "Files documents under a taxonomy. The native routes are under /v1; beside them the same "
    "models speak the interfaces of other programs."
)


def create_app(service: Service) -> Any:
    """Return the ASGI application that answers for a service; closing it is its own business.

    Raises:
        ConfigError: the file of tokens is none.
    """
    settings = service.settings
    tokens = None if settings.tokens is None else Tokens.read(settings.tokens)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with watch_models(service):
            yield
        service.close()

    app = FastAPI(
        title="harnn",
        version=harnn.__version__,
        description=_DESCRIPTION,
        docs_url=None,  # their pages load scripts from other hosts
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.tokens = tokens
    for router in ROUTERS:
        app.include_router(router)
    _handle_errors(app)
    if tokens is None:
        _describe_without_tokens(app)
    bounded = Bounded(app, settings.limits.body_bytes)
    return Watched(Guarded(bounded, settings), service.metrics)


def _describe_without_tokens(app: FastAPI) -> None:
    """Let the OpenAPI document ask for no token, since none is looked at."""
    described = app.openapi()
    for operations in described["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    described.get("components", {}).pop("securitySchemes", None)


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(RequestError, _on_known)
    app.add_exception_handler(HarnnError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unknown)


def _form(request: Request) -> Callable[[RequestError], Response]:
    """Return how the interface that is spoken under a path writes errors."""
    for prefix, form in ERROR_FORMS:
        if request.url.path.startswith(prefix):
            return form
    return problem_response


def _answer(request: Request, error: RequestError) -> Response:
    if error.reason:
        request.app.state.service.metrics.rejected(error.reason)
    return _form(request)(error)


async def _on_known(request: Request, error: Exception) -> Response:
    found = refused(error)
    if found.status >= 500 and not isinstance(error, RequestError):
        LOG.error("%s", error, exc_info=error)
    return _answer(request, found)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    lines = [
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()
    ]
    detail = lines[0] if len(lines) == 1 else f"{len(lines)} problems in the request."
    return _answer(request, RequestError(422, detail, lines))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    found = RequestError(error.status_code, str(error.detail), headers=error.headers or {})
    return _answer(request, found)


async def _on_unknown(request: Request, _: Exception) -> Response:
    return _answer(request, RequestError(500, "This is a fault of the server; its log says more."))

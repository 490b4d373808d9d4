"""One file for each interface; all of them translate for one :class:`harnn.serve.Service`."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from harnn.serve.problems import RequestError
from harnn.serve.routes import health, native

ROUTERS: tuple[APIRouter, ...] = (health.router, native.router)
ERROR_FORMS: tuple[tuple[str, Callable[[RequestError], Response]], ...] = ()
"""By the beginning of a path: how that interface writes errors, where it has a form of its own."""

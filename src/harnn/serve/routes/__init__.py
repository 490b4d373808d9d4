"""One file for each interface; all of them translate for one :class:`harnn.serve.Service`."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from harnn.serve.problems import RequestError
from harnn.serve.routes import annif, health, native

ROUTERS: tuple[APIRouter, ...] = (health.router, native.router, annif.router)
ERROR_FORMS: tuple[tuple[str, Callable[[RequestError], Response]], ...] = annif.ERROR_FORMS
"""By the beginning of a path: how that interface writes errors, where it has a form of its own."""

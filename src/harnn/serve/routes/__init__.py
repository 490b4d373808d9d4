"""One file for each interface; all of them translate for one :class:`harnn.serve.Service`."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from harnn.serve.problems import RequestError
from harnn.serve.routes import annif, health, hugging_face, label_studio, native, open_inference

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    native.router,
    annif.router,
    open_inference.router,
    hugging_face.router,
    label_studio.router,
)
ERROR_FORMS: tuple[tuple[str, Callable[[RequestError], Response]], ...] = (
    *annif.ERROR_FORMS,
    (open_inference.PREFIX, open_inference.form),
    (hugging_face.PREFIX, hugging_face.form),
    (label_studio.PREFIX, label_studio.form),
)
"""By the beginning of a path: how that interface writes errors, where it has a form of its own."""

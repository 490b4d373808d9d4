"""One file for each interface; all of them translate for one :class:`harnn.serve.Service`."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from harnn.serve.problems import RequestError
from harnn.serve.routes import (
    acceptance,
    annif,
    files,
    health,
    hugging_face,
    label_studio,
    label_use,
    native,
    open_inference,
    pages,
    review,
    review_documents,
    session,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    native.router,
    session.router,
    files.router,
    pages.router,
    review.router,
    label_use.router,
    review_documents.router,
    acceptance.router,
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
BASIC: tuple[str, ...] = (label_studio.PREFIX,)
"""By the beginning of a path: where a token may come as the password of basic authentication. Not
everywhere, because browsers send that by themselves.
"""

"""Answers over HTTP: translation only. Needs the extra ``serve``.

:class:`ServeSettings` is what a server is told, :class:`Service` the models with their queue and
limits, :func:`create_app` the ASGI application around it, :func:`serve` a running server.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.serve.access import Tokens, add_token, remove_token
    from harnn.serve.app import create_app
    from harnn.serve.run import serve
    from harnn.serve.service import Service
    from harnn.serve.settings import Limits, ModelPlace, ServeSettings

on_demand(
    __name__,
    {
        "access": "Tokens add_token remove_token",
        "app": "create_app",
        "run": "serve",
        "service": "Service",
        "settings": "Limits ModelPlace ServeSettings",
    },
)

__all__ = [
    "Limits",
    "ModelPlace",
    "ServeSettings",
    "Service",
    "Tokens",
    "add_token",
    "create_app",
    "remove_token",
    "serve",
]

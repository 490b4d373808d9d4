"""``harnn serve`` and ``harnn token``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harnn._optional import require
from harnn.cli.screen import say

_MODULES = (
    "fastapi",
    "uvicorn",
    "prometheus_client",
    "python_multipart",
    "sqlalchemy",
    "alembic",
)


def serve(
    models: Sequence[str], *, body_mb: int, limits: Mapping[str, Any], **settings: Any
) -> None:
    """Answer requests until the process is told to stop.

    Raises:
        MissingExtraError: the extra ``serve`` is not installed.
        ConfigError, BundleError, InputError: see :func:`harnn.serve.serve`.
    """
    for module in _MODULES:
        require(module, purpose="harnn serve", extra="serve")
    from harnn.serve import Limits, ModelPlace, ServeSettings, serve

    serve(
        ServeSettings(
            models=tuple(map(ModelPlace.parse, models)),
            limits=Limits(body_bytes=body_mb << 20, **limits),
            **settings,
        )
    )
    say("Stopped.")


def make_token(tokens: Path, name: str, role: Any) -> None:
    """Make a token and print it on standard output.

    Raises:
        ConfigError: see :func:`harnn.serve.add_token`.
    """
    from harnn.serve import add_token

    print(add_token(tokens, name, role))
    say(f"{name} may {role}. The token is shown this once; {tokens} keeps its hash.")

"""``harnn serve`` and ``harnn token``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from harnn._display import printable
from harnn._optional import require
from harnn.cli.screen import say
from harnn.errors import ConfigError, Problem

_MODULES = (
    "fastapi",
    "itsdangerous",
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


def make_token(tokens: Path, name: str, role: Any, until: date | None) -> None:
    """Make a token and print it on standard output.

    Raises:
        ConfigError, InputError: see :func:`harnn.serve.add_token`.
    """
    from harnn.serve import add_token

    print(add_token(tokens, name, role, until=until))
    last = f" until {until}" if until else ""
    say(f"{name} may {role}{last}. The token is shown this once; {tokens} keeps its hash.")


def remove_token(tokens: Path, name: str) -> None:
    """Withdraw a token.

    Raises:
        ConfigError, InputError: see :func:`harnn.serve.remove_token`.
    """
    from harnn.serve import remove_token

    remove_token(tokens, name)
    say(f"{name} has no token any more.")


def list_tokens(tokens: Path, *, remove: bool) -> None:
    """Print who has a token: name, role, when it was made and its last day, with tabs between.

    Raises:
        ConfigError: the file holds something else, or one is to be withdrawn and not named.
    """
    from harnn.serve import Tokens

    if remove:
        raise ConfigError(Problem("--remove", "expected the NAME whose token is withdrawn."))
    callers = Tokens.read(tokens).callers.values()
    if not callers:
        say(f"{tokens} holds no token.")
    for caller in callers:
        last = f"until {caller.until}{' (over)' if caller.is_over else ''}" if caller.until else ""
        print(printable("\t".join((caller.name, caller.role, caller.made, last)).rstrip()))

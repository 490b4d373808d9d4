"""Sessions of browsers: a signed cookie that stands for a token, so that no page holds one.

The cookie holds no secret: which token it stands for, a number of its own and when it was made.
Whoever withdraws the token ends its sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer
from starlette.requests import cookie_parser

from harnn.errors import ConfigError, Problem, cannot_read
from harnn.serve.access import Caller
from harnn.serve.times import Times

HOURS = 8
CSRF_HEADER = "X-CSRF-Token"
COOKIE = "harnn_session"
_PREFIX = "__Host-"
"""Browsers take such a cookie from this very host by https alone, and from no host beside it."""
_SECONDS = HOURS * 3_600
_LEAST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says."""

    key: str
    """Of the token that it stands for, see :class:`harnn.serve.access.Caller`."""
    id: str
    until: datetime
    csrf_token: str
    """What requests that change something must say too: pages of others cannot know it."""


class Sessions:
    """Makes cookies and reads them. All processes with one secret and one table agree."""

    def __init__(self, secret: bytes, ended: Times) -> None:
        """ended: when sessions that were ended would have ended by themselves."""
        strong = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._serializer = URLSafeTimedSerializer(
            secret, salt="harnn-session", signer_kwargs=strong
        )
        self._csrf = Signer(
            secret, salt="harnn-csrf", key_derivation="hmac", digest_method=hashlib.sha256
        )
        self._ended = ended

    def start(self, caller: Caller) -> tuple[str, Session]:
        """Return the value of the cookie of a new session, and the session."""
        value = str(self._serializer.dumps([caller.key, secrets.token_hex(16)]))
        session = self.find(value)
        assert session is not None
        return value, session

    def find(self, cookie: str) -> Session | None:
        """Return the session of a cookie; None: it is forged, ended or over."""
        try:
            (key, name), made = self._serializer.loads(
                cookie, max_age=_SECONDS, return_timestamp=True
            )
        except (BadSignature, ValueError, TypeError):  # the last two: signed by something else
            return None
        if self._ended.get(name):
            return None
        csrf_token = self._csrf.get_signature(name).decode("ascii")
        return Session(key, name, made.astimezone(UTC) + timedelta(seconds=_SECONDS), csrf_token)

    def end(self, session: Session) -> None:
        """Take no cookie of a session any more, also where somebody has copied it."""
        left = (session.until - datetime.now(UTC)).total_seconds()
        self._ended.put(session.id, time.monotonic() + left)

    @staticmethod
    def is_meant(session: Session, csrf_token: str) -> bool:
        """Tell whether a request shows the CSRF token of a session."""
        return hmac.compare_digest(session.csrf_token.encode(), csrf_token.encode())


def cookie_name(secure: bool) -> str:
    """Return the name of the cookie; secure: it is sent by https alone."""
    return _PREFIX + COOKIE if secure else COOKIE


def cookie_of(header: str, secure: bool) -> str | None:
    """Return the session cookie of a Cookie header."""
    return cookie_parser(header).get(cookie_name(secure))


def read_secret(path: Path) -> bytes:
    """Read the secret that signs cookies.

    Raises:
        ConfigError: the file cannot be read, or is too short to be a secret.
    """
    try:
        with path.open("rb") as file:
            secret = file.read(1 << 16).strip()
    except OSError as error:
        raise ConfigError(cannot_read(path, error)) from None
    if len(secret) < _LEAST_BYTES:
        what = f"has {len(secret)} bytes, expected a random secret of {_LEAST_BYTES} or more."
        raise ConfigError(Problem(str(path), what, f"Make one: openssl rand -hex 32 > {path}"))
    return hashlib.sha256(secret).digest()

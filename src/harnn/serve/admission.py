"""Who asks, whether they may ask now, and whether it is they: known before a body is read."""

from __future__ import annotations

import base64
import ipaddress
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from harnn.serve.access import ANYBODY, Caller, TokensFile
from harnn.serve.logs import LOG
from harnn.serve.problems import RequestError, Respond
from harnn.serve.sessions import CSRF_HEADER, Session, Sessions, cookie_of, read_secret
from harnn.serve.settings import ServeSettings
from harnn.serve.times import Times

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
ALWAYS = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Whoever watches a server may ask these without a token, as often as they like."""
_WRONG_TOKENS = 20
"""From one address in a minute, before it is told to wait."""
_MINUTE = 60.0
_ASKED: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Shared:
    """What the processes of a server have in common."""

    secret: bytes = field(repr=False)
    directory: Path | None = None
    """Where they count together; None: there is one process."""

    @classmethod
    def new(cls, settings: ServeSettings) -> Shared:
        """Return it for one process, with a new secret or that of the settings.

        Raises:
            ConfigError: the file of the secret is none.
        """
        path = settings.secret
        return cls(secrets.token_bytes(32) if path is None else read_secret(path))

    def times(self, name: str) -> Times:
        """Return a table of points in time that all of them share."""
        return Times(self.secret, None if self.directory is None else self.directory / name)


class Admission:
    """Tokens, sessions and rates of a server."""

    def __init__(
        self, settings: ServeSettings, shared: Shared, *, basic: tuple[str, ...] = ()
    ) -> None:
        """basic: beginnings of paths where a token may be the password of basic authentication.

        Raises:
            ConfigError: the file of tokens is none.
        """
        self._basic = basic
        self._file = None if settings.tokens is None else TokensFile(settings.tokens)
        self._https = settings.https
        self._rate = settings.limits.rate
        self._asked, self._failed = shared.times("asked"), shared.times("failed")
        self._ended = shared.times("ended")
        self.sessions = Sessions(shared.secret, self._ended)

    def close(self) -> None:
        """Give the tables back."""
        for times in (self._asked, self._failed, self._ended):
            times.close()

    def admit(self, scope: Scope) -> None:
        """Note in the state of a request who asks.

        ``state.caller`` is None where nobody knows, and ``state.unknown`` then says what is
        missing; ``state.session`` is the session, where the caller was known by one.

        Raises:
            RequestError: the token is nobody's (401), the request may come from a page of others
                (403), there are too many of them (429), or it brings a body and nobody knows from
                whom (401).
        """
        headers, address = Headers(scope=scope), address_of(scope)
        state = scope.setdefault("state", {})
        state["session"] = state["unknown"] = None
        caller = ANYBODY if self._file is None else self._by_token(headers, scope, address)
        if caller is None:
            caller, state["session"], state["unknown"] = self._by_cookie(headers, scope)
        state["caller"] = caller
        self._limit(caller.key if caller is not None and caller.key else address)
        if scope["method"] in SAFE:
            return
        if state["unknown"] is not None:
            raise state["unknown"]
        session: Session | None = state["session"]
        if session is not None and not Sessions.is_meant(session, headers.get(CSRF_HEADER, "")):
            detail = (
                f"Expected the header {CSRF_HEADER} with the csrf_token that GET /v1/session tells."
            )
            raise RequestError(403, detail, reason="csrf")

    def is_secure(self, scope: Scope) -> bool:
        """Tell whether cookies are for https alone."""
        return self._https or scope["scheme"] == "https"

    def _by_token(self, headers: Headers, scope: Scope, address: str) -> Caller | None:
        """Return whose token a request brings; None: it brings none."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        token = given.strip() if kind.casefold() == "bearer" else ""
        if kind.casefold() == "basic" and scope["path"].startswith(self._basic):
            token = _password(given)
        if not token:
            return None
        assert self._file is not None
        caller = self._file.tokens.find(token)
        if caller is None:
            raise self._wrong_token(address)
        if caller.is_over:
            detail = f"This token was good until {caller.until}."
            raise RequestError(401, detail, headers=_ASKED, reason="token_over")
        return caller

    def _wrong_token(self, address: str) -> RequestError:
        """Return the refusal of a token that nobody has; the right ones go on being taken, so that
        nobody locks out who shares an address.
        """
        wait = self._failed.push(address, _MINUTE / _WRONG_TOKENS, _MINUTE)
        if wait:
            return _too_many("wrong tokens from this address", wait, "wrong_tokens")
        LOG.warning("wrong token from %s", address, extra={"client_address": address})
        return RequestError(401, "Nobody has this token.", headers=_ASKED, reason="wrong_token")

    def _by_cookie(
        self, headers: Headers, scope: Scope
    ) -> tuple[Caller | None, Session | None, RequestError | None]:
        """Return who asks by a session, and the session; or what is missing."""
        cookie = cookie_of("; ".join(headers.getlist("cookie")), self.is_secure(scope))
        if cookie is None:
            detail = "Expected a token: Authorization: Bearer TOKEN."
            return None, None, RequestError(401, detail, headers=_ASKED, reason="no_token")
        assert self._file is not None
        session = self.sessions.find(cookie)
        caller = None if session is None else self._file.tokens.by_key(session.key)
        if caller is None or caller.is_over:
            detail = "The session is over; start another one (POST /v1/session with a token)."
            return None, None, RequestError(401, detail, headers=_ASKED, reason="session_over")
        return caller, session, None

    def _limit(self, who: str) -> None:
        """Count a request.

        Raises:
            RequestError: there were too many within a minute (429).
        """
        if not self._rate:
            return
        wait = self._asked.push(who, _MINUTE / self._rate, _MINUTE)
        if wait:
            raise _too_many(f"requests, at most {self._rate:,} a minute are taken", wait, "rate")


class Admitted:
    """Lets the requests through that :class:`Admission` admits."""

    def __init__(self, app: ASGIApp, admission: Admission, respond: Respond) -> None:
        self._app, self._admission, self._respond = app, admission, respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in ALWAYS:
            try:
                self._admission.admit(scope)
            except RequestError as error:
                await self._respond(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _password(given: str) -> str:
    """Return the password of basic authentication (RFC 7617); of what is none nothing."""
    try:
        return base64.b64decode(given, validate=True).decode("latin-1").partition(":")[2]
    except ValueError:
        return ""


def address_of(scope: Scope) -> str:
    """Return where a request comes from; of IPv6 the network of 64 bits, which one host has."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _too_many(what: str, wait: float, reason: str) -> RequestError:
    seconds = math.ceil(wait)
    detail = f"Too many {what}; ask again in {seconds} seconds."
    return RequestError(429, detail, headers={"Retry-After": str(seconds)}, reason=reason)

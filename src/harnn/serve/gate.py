"""What every request passes first, whatever it asks for: ASGI layers around the routes.

From the outside in: :class:`Watched` measures, logs and answers what fails, :class:`Guarded`
refuses what other names and pages send, :class:`harnn.serve.admission.Admitted` finds out who asks,
and :class:`harnn.serve.bodies.Bounded` reads the body. Each refuses before the next one begins.
"""

from __future__ import annotations

import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harnn.serve.admission import ALWAYS, SAFE
from harnn.serve.logs import LOG
from harnn.serve.metrics import Metrics
from harnn.serve.problems import RequestError, Respond
from harnn.serve.sessions import CSRF_HEADER
from harnn.serve.settings import ServeSettings, is_loopback

REQUEST_ID = "X-Request-Id"
HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every answer that does not say otherwise: none of them is a page."""
_METHODS = frozenset(
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
)
_LEFT = 499
"""What is counted where a client leaves before there is an answer; nginx calls it so."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s\[\]@/?#:\\]+)(?::[0-9]{1,5})?")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Watched:
    """Measures and logs requests, by the pattern of their path and never by what they hold.

    Each has an id, its client's or a new one, which stands in the log and in the answer. What fails
    is told to the log, without what the error says, since that may quote the request.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, respond: Respond) -> None:
        self._app, self._metrics, self._respond = app, metrics, respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, method = time.perf_counter(), scope["method"]
        answer = _Answer(send, _id_of(scope), bodiless=method == "HEAD")
        inner = {**scope, "method": "GET"} if answer.bodiless else scope
        inner.setdefault("state", {})["request_id"] = answer.request_id
        try:
            await self._app(inner, receive, answer.send)
        except Exception as error:
            answer.status = 500
            LOG.error("A request failed:", exc_info=error, extra={"request_id": answer.request_id})
            if answer.is_begun and not answer.is_complete:
                raise  # so that the connection is closed: half an answer is none
            if not answer.is_begun:
                await self._respond(inner, server_fault(inner))(inner, receive, answer.send)
        finally:
            self._note(inner, method, answer, time.perf_counter() - start)

    def _note(self, scope: Scope, method: str, answer: _Answer, seconds: float) -> None:
        method = method if method in _METHODS else "_OTHER"  # as OpenTelemetry says
        route = getattr(scope.get("route"), "path", "") or "(none)"  # or it could be anything
        self._metrics.request(method, route, answer.status, seconds)
        LOG.info(
            "%s %s %d %.1f ms",
            method,
            route,
            answer.status,
            1_000 * seconds,
            extra={
                "http_request_method": method,
                "http_route": route,
                "http_response_status_code": answer.status,
                "duration_ms": round(1_000 * seconds, 1),
                "caller": getattr(scope["state"].get("caller"), "name", ""),
                "request_id": answer.request_id,
            },
        )


class _Answer:
    """An answer on its way, and how far it is; bodiless: to HEAD, which is GET without a body."""

    def __init__(self, send: Send, request_id: str, *, bodiless: bool) -> None:
        self._send = send
        self.request_id, self.bodiless = request_id, bodiless
        self.status = _LEFT
        self.is_begun = self.is_complete = False

    async def send(self, message: Message) -> None:
        """Send a part of it."""
        if message["type"] == "http.response.start":
            self.status, self.is_begun = message["status"], True
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self.request_id
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        elif message["type"] == "http.response.body":
            self.is_complete = not message.get("more_body", False)
            if self.bodiless:
                message = {**message, "body": b""}
        await self._send(message)


class Guarded:
    """Answers under the names of the server alone, and no page of another origin.

    The first ends DNS rebinding (a page whose name is made to mean this machine), the second what
    a browser sends for other pages. Programs send no origin, and are not concerned; who looks
    whether the server lives may call it by its address.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings, respond: Respond) -> None:
        self._app, self._respond = app, respond
        self._origins = frozenset(origin.casefold() for origin in settings.origins)
        named = {name.casefold() for name in (*settings.names, settings.host)}
        is_open = settings.tokens is not None or not settings.is_local
        self._names = None if is_open and not settings.names else named
        """None: any; who has no token is told nothing anyhow, or everybody may be told."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                if self._origins:
                    found.add_vary_header("Origin")
                if origin is not None and self._is_allowed(origin):
                    found["access-control-allow-origin"] = "*" if "*" in self._origins else origin
                    found["access-control-expose-headers"] = f"Retry-After, {REQUEST_ID}"
            await send(message)

        is_preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        refusal = self._refusal(scope, headers, origin, is_preflight)
        if refusal is not None:
            await self._respond(scope, refusal)(scope, receive, sending)
        elif is_preflight:
            await _preflight()(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    def _refusal(
        self, scope: Scope, headers: Headers, origin: str | None, is_preflight: bool
    ) -> RequestError | None:
        hosts = headers.getlist("host")
        if scope["path"] in ALWAYS:
            return None
        if len(hosts) > 1:
            return RequestError(400, "The request has several Host headers.", reason="hosts")
        host = "".join(hosts)
        if not self._is_known(host):
            detail = f"This server is not called {host!r}; whoever runs it can add names (--name)."
            return RequestError(421, detail, reason="unknown_host")
        if scope["method"] in SAFE and not is_preflight:
            return None
        if (origin is None and not is_preflight) or self._is_allowed(origin or ""):
            return None
        if host and origin is not None and origin.partition("://")[2].casefold() == host.casefold():
            return None
        detail = f"Pages of {origin!r} may not ask this server (--allow-origin lets them)."
        return RequestError(403, detail, reason="foreign_origin")

    def _is_known(self, host: str) -> bool:
        if self._names is None:
            return True
        found = _HOST.fullmatch(host)
        name = found[1].strip("[]").casefold() if found else ""
        return is_loopback(name) or name in self._names

    def _is_allowed(self, origin: str) -> bool:
        return "*" in self._origins or origin.casefold() in self._origins


def server_fault(scope: Scope) -> RequestError:
    """Return what a client is told of a fault that is not its own."""
    request_id = scope["state"]["request_id"]
    detail = f"This is a fault of the server; its log says more of the request {request_id}."
    return RequestError(500, detail)


def _id_of(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _ID.fullmatch(given) else secrets.token_hex(8)


def _preflight() -> Response:
    allowed = {
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        "access-control-allow-headers": f"Authorization, Content-Type, {CSRF_HEADER}, {REQUEST_ID}",
        "access-control-max-age": "600",
    }
    return Response(status_code=204, headers=allowed)

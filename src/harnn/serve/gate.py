"""What every request passes, whatever it asks for: ASGI layers around the routes.

:class:`Watched` measures and logs, :class:`Guarded` refuses what other pages and names send,
:class:`Bounded` refuses bodies that are too large, packed ones included.
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harnn.serve.metrics import Metrics
from harnn.serve.problems import PROBLEM_JSON, RequestError, too_large
from harnn.serve.settings import ServeSettings, is_loopback

LOG = logging.getLogger("harnn.serve")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every answer that does not say otherwise: none of them is a page."""


class Watched:
    """Measures and logs requests, by the pattern of their path and never by what they hold."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - start
            route, method = _route_of(scope), _method_of(scope)
            self._metrics.request(method, route, status, seconds)
            LOG.info(
                "%s %s %d %.1f ms",
                method,
                route,
                status,
                1_000 * seconds,
                extra={
                    "http_request_method": method,
                    "http_route": route,
                    "http_response_status_code": status,
                    "duration_ms": round(1_000 * seconds, 1),
                    "caller": getattr(scope.get("state", {}).get("caller"), "name", ""),
                },
            )


def _route_of(scope: Scope) -> str:
    """Return the pattern of the path; a path that has none could be anything."""
    route = scope.get("route")
    return getattr(route, "path", "") or "(none)"


_METHODS = frozenset(
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
)


def _method_of(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "_OTHER"  # as OpenTelemetry says


class Guarded:
    """Answers under the names of the server alone, and no page of another origin.

    The first ends DNS rebinding (a page whose name is made to mean this machine), the second what
    a browser sends for other pages. Programs send no origin, and are not concerned.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._origins = frozenset(settings.origins)
        names = {name.casefold() for name in (*settings.names, settings.host)}
        self._names = names if settings.tokens is None or settings.names else None
        """None: any; who has no token is told nothing anyhow."""
        self._open = not settings.is_local and settings.open_to_all and not settings.names

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
                for name, value in _HEADERS.items():
                    found.setdefault(name, value)
                if origin is not None and self._is_allowed(origin):
                    found["access-control-allow-origin"] = "*" if "*" in self._origins else origin
                    found.add_vary_header("Origin")
            await send(message)

        refusal = self._refusal(scope, headers, origin)
        if refusal is not None:
            await problem_response(refusal)(scope, receive, sending)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(origin)(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    def _refusal(self, scope: Scope, headers: Headers, origin: str | None) -> RequestError | None:
        host = headers.get("host", "")
        if not self._is_known(host):
            detail = f"This server is not called {host!r}; whoever runs it can add names (--name)."
            return RequestError(421, detail, reason="unknown_host")
        if scope["method"] in _SAFE or origin is None or self._is_allowed(origin):
            return None
        if urlsplit(origin).netloc.casefold() == host.casefold() and host:
            return None
        detail = f"Pages of {origin!r} may not ask this server (--allow-origin lets them)."
        return RequestError(403, detail, reason="foreign_origin")

    def _is_known(self, host: str) -> bool:
        if self._names is None or self._open:
            return True
        name = (urlsplit(f"//{host}").hostname or "").casefold() if _is_host(host) else ""
        return is_loopback(name) or name in self._names

    def _is_allowed(self, origin: str) -> bool:
        return "*" in self._origins or origin in self._origins

    def _preflight(self, origin: str | None) -> JSONResponse:
        if origin is None or not self._is_allowed(origin):
            return problem_response(
                RequestError(403, "Pages of that origin may not ask this server.")
            )
        allowed = {
            "access-control-allow-methods": "GET, POST, OPTIONS",
            "access-control-allow-headers": "Authorization, Content-Type, X-CSRF-Token",
            "access-control-max-age": "600",
        }
        return JSONResponse({}, headers=allowed)


def _is_host(host: str) -> bool:
    try:
        urlsplit(f"//{host}")
    except ValueError:
        return False
    return True


class Bounded:
    """Refuses bodies beyond a size before they are in memory, and unpacks gzip within it."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        coding = headers.get("content-encoding", "identity").strip().casefold() or "identity"
        try:
            if declared.isdecimal() and int(declared) > self._most:
                raise too_large(self._most)
            if coding not in ("identity", "gzip"):
                detail = f"Got a body packed with {coding!r}, expected gzip or none."
                raise RequestError(415, detail, headers={"Accept-Encoding": "gzip, identity"})
        except RequestError as error:
            await problem_response(error)(scope, receive, send)
            return
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if coding == "gzip" else None
        if unpack is not None:
            _forget_packing(scope)
        size = 0

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            if message["type"] != "http.request":
                return message
            body = message.get("body", b"")
            if unpack is not None:
                body = self._unpacked(unpack, body, size, last=not message.get("more_body", False))
            size += len(body)
            if size > self._most:
                raise too_large(self._most)
            return {**message, "body": body}

        await self._app(scope, receiving, send)

    def _unpacked(self, unpack: zlib._Decompress, body: bytes, size: int, *, last: bool) -> bytes:
        try:
            plain = unpack.decompress(body, self._most - size + 1)
        except zlib.error:
            raise RequestError(400, "The body is not packed with gzip, as it says.") from None
        if last and size + len(plain) <= self._most and not unpack.eof and (size or plain or body):
            raise RequestError(400, "The packed body ends too early.")
        return plain


def _forget_packing(scope: Scope) -> None:
    """Take out of the headers what is not so any more once the body is unpacked."""
    packed = (b"content-encoding", b"content-length")
    scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in packed]


def problem_response(error: RequestError) -> JSONResponse:
    """Return a refusal as a problem document."""
    return JSONResponse(error.to_dict(), error.status, dict(error.headers), media_type=PROBLEM_JSON)


class JsonLines(logging.Formatter):
    """A log of one JSON object a line."""

    _FIELDS = (
        "http_request_method",
        "http_route",
        "http_response_status_code",
        "duration_ms",
        "caller",
    )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.casefold(),
            "message": record.getMessage(),
        }
        own: Mapping[str, object] = vars(record)
        line |= {name: own[name] for name in self._FIELDS if own.get(name) not in (None, "")}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_handlers(json_lines: bool) -> Iterable[logging.Handler]:
    """Return what writes the log to standard error."""
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines() if json_lines else plain)
    return [handler]

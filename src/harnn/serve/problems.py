"""What a request cannot be answered for, in the form of RFC 9457 (problem details)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from harnn._display import encodable, whole_signs
from harnn.errors import (
    SHOWN_PROBLEMS,
    BundleError,
    ConflictError,
    DatabaseError,
    HarnnError,
    InputError,
    MissingError,
    problem_lines,
)

PROBLEM_JSON = "application/problem+json"
_MOST_CHARACTERS = 500


@dataclass(eq=False)
class RequestError(Exception):
    """A request that is refused; what the client is told of it.

    What was sent may be megabytes long: what is told is cut, with an ellipsis, and so are problems
    beyond the first 50, with their number.
    """

    status: int
    detail: str
    problems: Sequence[str] = ()
    """One line for each thing that is wrong, where there are several."""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    """For metrics, where a request is refused for what the server can take: ``queue_full`` …"""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Members of the problem document that programs read."""

    def __post_init__(self) -> None:
        """Bound what is told, and write what cannot be encoded in another way."""
        self.detail = _short(self.detail)
        lines = [_short(line) for line in self.problems[: SHOWN_PROBLEMS + 1]]
        more = len(self.problems) - SHOWN_PROBLEMS
        if more > 1:  # one more is as short as the line about it
            lines[SHOWN_PROBLEMS:] = [f"... and {more:,} more."]
        self.problems = lines

    def __str__(self) -> str:
        return self.detail

    def to_dict(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        plain: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.problems:
            plain["problems"] = [*self.problems]
        return {**plain, **self.more}


Respond = Callable[[Scope, RequestError], Response]
"""Makes the answer to a request that is refused, in the form of its interface, and counts it."""


def problem_response(error: RequestError) -> JSONResponse:
    """Return a refusal as a problem document."""
    return JSONResponse(error.to_dict(), error.status, dict(error.headers), media_type=PROBLEM_JSON)


def _short(text: str) -> str:
    if len(text) > _MOST_CHARACTERS:
        text = f"{whole_signs(text, _MOST_CHARACTERS)}\u00a0…"
    return encodable(text)


def refused(error: Exception) -> RequestError:
    """Return what a client is told of an error that what it sent has caused.

    A damaged model is no fault of clients: 500; a database that is not there for now: 503.
    """
    if isinstance(error, RequestError):
        return error
    if isinstance(error, BundleError):
        return RequestError(
            500, "The model is damaged; whoever runs this server finds more in its log."
        )
    if isinstance(error, ConflictError):
        moment = error.moment.isoformat(timespec="seconds")
        more = {"person": error.person, "moment": moment, "item": error.item}
        return RequestError(409, str(error), more=more)
    if isinstance(error, MissingError):
        return RequestError(404, str(error))
    if isinstance(error, DatabaseError):
        detail = "The database does not answer; ask again later."
        return RequestError(503, detail, headers={"Retry-After": "10"}, reason="database")
    if isinstance(error, InputError) and len(error.problems) > 1:
        detail = f"{len(error.problems):,} problems in the {error.noun}."
        return RequestError(422, detail, [*problem_lines(error.problems)])
    if isinstance(error, HarnnError | ValueError):
        return RequestError(422, str(error))
    raise error


def too_large(most: int) -> RequestError:
    """Return the error for a body of more than *most* bytes."""
    detail = f"The body of the request has more than {most:,} bytes, the most that is taken."
    return RequestError(413, detail, reason="body_too_large")


def wrong_kind(headers: Mapping[str, str], expected: str) -> RequestError:
    """Return the error for a body that is said to be something else than *expected*."""
    kind = headers.get("content-type", "").partition(";")[0].strip()
    detail = f"Got a body of {kind!r}, expected {expected} (header Content-Type)."
    return RequestError(415, detail)


def unknown_model(name: str, names: Sequence[str]) -> RequestError:
    """Return the error for a model that is not served."""
    known = ", ".join(names)
    return RequestError(404, f"No model is called {name!r}; there are {known}.")

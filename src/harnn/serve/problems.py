"""What a request cannot be answered for, in the form of RFC 9457 (problem details)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from harnn._display import encodable
from harnn.errors import BundleError, DatabaseError, HarnnError, InputError, problem_lines

PROBLEM_JSON = "application/problem+json"


@dataclass(eq=False)
class RequestError(Exception):
    """A request that is refused; what the client is told of it."""

    status: int
    detail: str
    problems: Sequence[str] = ()
    """One line for each thing that is wrong, where there are several."""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    """For metrics, where a request is refused for what the server can take: ``queue_full`` …"""

    def __str__(self) -> str:
        return self.detail

    def to_dict(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        plain: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": encodable(self.detail),
        }
        if self.problems:
            plain["problems"] = [encodable(line) for line in self.problems]
        return plain


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
    if isinstance(error, DatabaseError):
        detail = "The database of corrections does not answer; ask again later."
        return RequestError(503, detail, headers={"Retry-After": "10"}, reason="database")
    if isinstance(error, InputError) and len(error.problems) > 1:
        return RequestError(422, str(error), [*problem_lines(error.problems)])
    if isinstance(error, HarnnError | ValueError):
        return RequestError(422, str(error))
    raise error


def too_large(most: int) -> RequestError:
    """Return the error for a body of more than *most* bytes."""
    detail = f"The body of the request has more than {most:,} bytes, the most that is taken."
    return RequestError(413, detail, reason="body_too_large")


def unknown_model(name: str, names: Sequence[str]) -> RequestError:
    """Return the error for a model that is not served."""
    known = ", ".join(names)
    return RequestError(404, f"No model is called {name!r}; there are {known}.")

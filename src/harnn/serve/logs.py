"""What is written to standard error: never what a request holds."""

from __future__ import annotations

import json
import logging
import traceback
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from types import TracebackType
from typing import Any

LOG = logging.getLogger("harnn.serve")
_LEVELS = {"harnn.serve": logging.INFO, "uvicorn.error": logging.WARNING, "asyncio": logging.ERROR}
_FIELDS = (
    "http_request_method",
    "http_route",
    "http_response_status_code",
    "duration_ms",
    "caller",
    "client_address",
    "request_id",
)


class Lines(logging.Formatter):
    """A log to be read by people; of errors it says where they arose, and not what they say.

    What an exception says may quote what it could not deal with, which may be a document.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name is logging's)
        """Return the kinds of an error and of those that caused it, and where they arose."""
        return describe_error(ei[1])


class JsonLines(Lines):
    """A log of one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.casefold(),
            "message": record.getMessage(),
        }
        own: Mapping[str, object] = vars(record)
        line |= {name: own[name] for name in _FIELDS if own.get(name) not in (None, "")}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start_log(json_lines: bool) -> None:
    """Write what happens to standard error, whoever says it."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if json_lines else Lines())
    for name, level in _LEVELS.items():
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(level)


def note_lost_error(_: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error that nobody waits for, which asyncio would quote."""
    LOG.error("%s", context["message"], exc_info=context.get("exception"))


def describe_error(error: BaseException | None) -> str:
    """Return the kind of an error and the lines of code in which it arose, causes first."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        parts.append(f"{_places(error.__traceback__)}{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(reversed(parts))


def _places(trace: TracebackType | None) -> str:
    return "".join(traceback.format_tb(trace))

"""A server on this machine that answers as an endpoint for reranking would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from support.http_servers import Handler, serving

Answer = Callable[[dict[str, Any]], Any]
"""From the body of a request to (status, body, headers); a body that is no bytes becomes JSON."""


@dataclass
class Endpoint:
    """What it was asked, and where it is."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def chat(content: str, **usage: Any) -> dict[str, Any]:
    """Return a chat completion."""
    return {"choices": [{"message": {"content": content}}], "usage": usage}


@contextmanager
def endpoint(answer: Answer, path: str = "/v1/chat/completions") -> Iterator[Endpoint]:
    """Serve answers in a thread until the block ends."""
    found = Endpoint("")

    class Asked(Handler):
        def answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.asked.append(body)
            found.headers.append(dict(self.headers))
            status, content, headers = answer(body)
            if not isinstance(content, bytes):
                content = json.dumps(content).encode()
            self.send(status, content, headers)

    with serving(Asked) as address:
        found.url = f"{address}{path}"
        yield found

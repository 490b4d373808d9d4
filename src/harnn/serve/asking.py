"""What routes share: the service, who asks, and documents as JSON gives them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from harnn._display import json_text
from harnn.config import DataConfig
from harnn.data import Document, read_documents
from harnn.serve.access import ANYBODY, Caller, Role, Tokens
from harnn.serve.problems import RequestError
from harnn.serve.service import Service

_FIELDS = ("title", "abstract")
"""What a model reads beside ``text`` where it was told no fields."""
_BEARER = HTTPBearer(auto_error=False, description="A token that harnn token has made.")


async def _service(request: Request) -> Service:  # else a thread is asked for it
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(_service)]
"""The service of the application, for the parameters of routes."""


async def _caller(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> Caller:
    tokens: Tokens | None = request.app.state.tokens
    caller = ANYBODY if tokens is None else _known(tokens, credentials)
    request.state.caller = caller
    return caller


def _known(tokens: Tokens, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    asked = {"WWW-Authenticate": "Bearer"}
    if credentials is None:
        detail = "Expected a token: Authorization: Bearer TOKEN."
        raise RequestError(401, detail, headers=asked, reason="no_token")
    caller = tokens.find(credentials.credentials)
    if caller is None:
        raise RequestError(401, "Nobody has this token.", headers=asked, reason="wrong_token")
    return caller


def needs(role: Role) -> Callable[..., Awaitable[Caller]]:
    """Return what a route depends on that only callers with *role* may use."""

    async def allowed(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        if not caller.may(role):
            detail = f"This needs the role {role}; {caller.name} has the role {caller.role}."
            raise RequestError(403, detail, reason="role")
        return caller

    return allowed


Reader = Annotated[Caller, Depends(needs("read"))]
Reviewer = Annotated[Caller, Depends(needs("review"))]
Admin = Annotated[Caller, Depends(needs("admin"))]


def json_response(value: Any, status: int = 200) -> Response:
    """Return an answer, whatever its texts hold."""
    return Response(json_text(value).encode(), status, media_type="application/json")


def as_documents(items: Sequence[str | Mapping[str, Any]], data: DataConfig) -> list[Document]:
    """Return documents, in their order.

    A string is the whole text, and so is the field ``text`` of an object; other objects have the
    fields that the model was trained on. Documents without an id have their number; labels, where
    an object has some, are not looked at.

    Raises:
        RequestError: documents lack fields that the model reads, or have others; each is named.
        DocumentError: fields hold no texts.
    """
    problems = [
        f"document {number}: {problem}"
        for number, item in enumerate(items, start=1)
        if not isinstance(item, str)
        for problem in _field_problems(item, data)
    ]
    if problems:
        raise RequestError(422, problems[0], problems[1:] and problems)
    return [_document(item, number, data) for number, item in enumerate(items, start=1)]


def _field_problems(item: Mapping[str, Any], data: DataConfig) -> Iterator[str]:
    """Yield what is wrong with the names of the fields of an object."""
    fields = ", ".join(data.text_fields or _FIELDS)
    reads = f"the model reads {fields}, or a whole text from the field 'text'."
    names = item.keys() - {data.id_field, *data.label_columns}
    if _is_whole(item, data):
        known: frozenset[str] = frozenset({"text"})
    else:
        known = frozenset(data.text_fields or _FIELDS)
        if not names & known:
            yield f"has no text; {reads}"
            return
        for name in data.text_fields:
            if name not in names:
                yield f"has no field {name!r}; {reads}"
    for name in sorted(names - known):
        yield f"has a field {name[:100]!r}, which would not be read; {reads}"


def _is_whole(item: Mapping[str, Any], data: DataConfig) -> bool:
    return "text" in item and "text" not in data.text_fields


def _document(item: str | Mapping[str, Any], number: int, data: DataConfig) -> Document:
    if isinstance(item, str):
        return Document(str(number), {"text": item}, None, f"document {number}")
    fields = data.text_fields if not _is_whole(item, data) else ()
    settings = DataConfig(id_field=data.id_field, text_fields=fields)
    given = {name: value for name, value in item.items() if name not in data.label_columns}
    if given.get(data.id_field) is None:
        given[data.id_field] = str(number)
    (document,) = read_documents([given], settings, labelled=False)
    return document

"""What routes share: the service, who asks, and documents as JSON gives them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
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

    A string is the whole text, and so is the only field, ``text``, of an object; other objects
    have the fields that the model was trained on. Documents without an id have their number.

    Raises:
        RequestError: documents have other fields than the model reads; each is named.
        DocumentError: fields hold no texts.
    """
    missing = [
        f"document {number}: has no field {name!r}; the model reads "
        f"{', '.join(data.text_fields)}, or a whole text from the field 'text'."
        for number, item in enumerate(items, start=1)
        if not _is_whole(item, data)
        for name in data.text_fields
        if name not in item
    ]
    if missing:
        raise RequestError(422, missing[0], missing[1:] and missing)
    return [_document(item, number, data) for number, item in enumerate(items, start=1)]


def _is_whole(item: str | Mapping[str, Any], data: DataConfig) -> bool:
    return isinstance(item, str) or item.keys() - {data.id_field} == {"text"}


def _document(item: str | Mapping[str, Any], number: int, data: DataConfig) -> Document:
    if isinstance(item, str):
        return Document(str(number), {"text": item}, None, f"document {number}")
    whole = DataConfig(id_field=data.id_field) if _is_whole(item, data) else data
    numbered = {data.id_field: str(number)} | {k: v for k, v in item.items() if v is not None}
    (document,) = read_documents([numbered], whole, labelled=False)
    return document

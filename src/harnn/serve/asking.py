"""What routes share: the service, who asks, and documents as JSON gives them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)
from starlette.responses import Response

from harnn._display import json_text
from harnn.config import DataConfig
from harnn.data import Document, read_documents
from harnn.errors import DocumentError, Problem
from harnn.serve.access import Caller, Role
from harnn.serve.problems import RequestError
from harnn.serve.service import Service
from harnn.serve.sessions import COOKIE, CSRF_HEADER

_FIELDS = ("title", "abstract")
"""What a model reads beside ``text`` where it was told no fields."""
_BEARER = HTTPBearer(auto_error=False, description="A token that harnn token has made.")
_COOKIE = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description=f"A session, for pages; all but GET, HEAD and OPTIONS need {CSRF_HEADER} too.",
)
MOST_FIELDS = 100
"""Of an object or a form, before each is looked at."""


def _check_text(given: object) -> object:
    """Say in one sentence what pydantic says in one for each form."""
    if not isinstance(given, str | dict):
        raise ValueError("expected a text, a string or an object of fields.")
    return given


Text = Annotated[str | dict[str, JsonValue], BeforeValidator(_check_text)]
"""A document in a request: its text, or its fields."""
T = TypeVar("T")
Many = Annotated[list[T], Field(max_length=10_000)]
"""A list in a request. That of the documents is bounded by the settings; this bounds what is said
of a list whose every value is wrong.
"""


class Asked(BaseModel):
    """What a request of the native interface says: no fields that it does not have."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: Any) -> Any:
        """Refuse a million unknown fields before a million times something is said of them."""
        if isinstance(value, dict) and len(value) > MOST_FIELDS:
            raise ValueError(f"has {len(value):,} fields")
        return value


async def _service(request: Request) -> Service:  # else a thread is asked for it
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(_service)]
"""The service of the application, for the parameters of routes."""
ModelName = Annotated[
    str | None, Query(alias="model", description="Its name; left out: the first one served.")
]
"""The model that is asked, in the query of a request."""


async def _caller(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    __: Annotated[str | None, Security(_COOKIE)],
) -> Caller:
    """Return who asks, which :class:`harnn.serve.admission.Admission` has found out."""
    unknown: RequestError | None = request.state.unknown
    if unknown is not None:
        raise unknown
    caller: Caller = request.state.caller
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
Annotator = Annotated[Caller, Depends(needs("annotate"))]
Reviewer = Annotated[Caller, Depends(needs("review"))]
Admin = Annotated[Caller, Depends(needs("admin"))]


def json_response(value: Any, status: int = 200) -> Response:
    """Return an answer, whatever its texts hold."""
    return Response(json_text(value).encode(), status, media_type="application/json")


def as_documents(items: Sequence[str | Mapping[str, Any]], data: DataConfig) -> list[Document]:
    """Return documents, in their order.

    A string is the whole text, and so is the field ``text`` of an object; other objects have the
    fields that the model was trained on. Their id stands in the field that it had in training, or
    in ``id``; documents without one have their number. Labels, where an object has some, are not
    looked at.

    Raises:
        DocumentError: documents lack fields that the model reads, or have others, or hold no texts
            there; each is named.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    for number, item in enumerate(items, start=1):
        where = f"document {number}"
        if not isinstance(item, str):
            item = _with_id(item, data)
        found = [] if isinstance(item, str) else [*_field_problems(item, data)]
        problems += [Problem(where, what) for what in found]
        if found:
            continue
        try:
            documents.append(_document(item, number, data))
        except DocumentError as error:
            problems += [replace(each, where=where) for each in error.problems]
    if problems:
        raise DocumentError(problems)
    return documents


def _with_id(item: Mapping[str, Any], data: DataConfig) -> Mapping[str, Any]:
    """Return an object with what is called ``id`` in the field that the model takes for that."""
    others = {data.id_field, *data.text_fields, *data.label_columns}
    if "id" not in item or "id" in others or item.get(data.id_field) is not None:
        return item
    return {
        **{name: value for name, value in item.items() if name != "id"},
        data.id_field: item["id"],
    }


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

"""The REST API v1 of Annif, which its clients speak: each model is a project.

Source: annif/openapi/annif.yaml in https://github.com/NatLibFi/Annif.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

import harnn
from harnn import review
from harnn.answers import Prediction
from harnn.data import Document, ReadingLog
from harnn.data.label_checker import LabelChecker
from harnn.errors import DocumentError, MissingExtraError, Problem
from harnn.languages import detect_language as languages_of
from harnn.serve.asking import MOST_FIELDS, Reader, Reviewer, ServiceHere, json_response
from harnn.serve.models import ServedModel
from harnn.serve.problems import RequestError, problem_response, wrong_kind
from harnn.serve.routes.annif_schemas import (
    FORM,
    BatchedOut,
    BatchIn,
    DetectIn,
    DocumentIn,
    IndexedIn,
    InfoOut,
    LanguagesOut,
    Limit,
    ProjectOut,
    ProjectsOut,
    SubjectIn,
    SuggestIn,
    SuggestionsOut,
    Threshold,
    VocabsOut,
    refusals,
)
from harnn.serve.service import Service
from harnn.taxonomy.iris import label_iri

SOURCE = "annif-learn"
"""What corrections are said to come from."""
_VOCAB_DIGITS = 12
_MOST_RESULTS = 100_000
"""Of a request."""
_FORM = "application/x-www-form-urlencoded"
_METADATA = "metadata_"
_UNREAD_METADATA = "The metadata was not read, because there is a text."

router = APIRouter(prefix="/v1", tags=["annif"])


def annif_problem(error: RequestError) -> Response:
    """Return a refusal with the status that Annif has for it: 400 for what is wrong in a request,
    413 for a text that is too long.
    """
    status = {422: 413 if error.reason == "text_too_long" else 400}.get(error.status, error.status)
    return problem_response(replace(error, status=status))


ERROR_FORMS = tuple(
    (f"/v1/{name}", annif_problem) for name in ("projects", "vocabs", "detect-language")
)


@router.get("/", response_model=InfoOut, responses=refusals())
async def info(_: Reader) -> Response:
    """What answers, and its version."""
    return json_response({"title": "Annif REST API of harnn", "version": harnn.__version__})


@router.get("/vocabs", response_model=VocabsOut, responses=refusals())
async def vocabs(service: ServiceHere, _: Reader) -> Response:
    """The taxonomies of all models, each once."""
    found: dict[str, dict[str, Any]] = {}
    for model in service.models:
        vocab = _vocab(model, service)
        known = found.setdefault(vocab["vocab_id"], vocab)
        known["languages"] = list(dict.fromkeys([*known["languages"], *vocab["languages"]]))
    return json_response({"vocabs": list(found.values())})


@router.get("/projects", response_model=ProjectsOut, responses=refusals())
async def projects(service: ServiceHere, _: Reader) -> Response:
    """All models."""
    return json_response({"projects": [_project(model, service) for model in service.models]})


@router.get("/projects/{project_id}", response_model=ProjectOut, responses=refusals(404))
async def project(project_id: str, service: ServiceHere, _: Reader) -> Response:
    """One model."""
    return json_response(_project(service.models[project_id], service))


@router.post(
    "/projects/{project_id}/analyze",
    response_model=SuggestionsOut,
    responses=refusals(404, 413, 415, 503, 504),
    openapi_extra={"requestBody": FORM},
    deprecated=True,
)
@router.post(
    "/projects/{project_id}/suggest",
    response_model=SuggestionsOut,
    responses=refusals(404, 413, 415, 503, 504),
    openapi_extra={"requestBody": FORM},
)
async def suggest(project_id: str, request: Request, service: ServiceHere, _: Reader) -> Response:
    """Suggest labels for a text in a form."""
    served = service.models[project_id]
    form = await _form(request)
    _check_language(form.language, served, service)
    others = form.model_extra or {}
    metadata = {name: value for name, value in others.items() if name.startswith(_METADATA)}
    fields = {name.removeprefix(_METADATA): value for name, value in metadata.items()}
    item = DocumentIn(text=form.text, metadata=fields)
    (found,) = await _suggested(service, project_id, [item], form.limit, form.threshold)
    unread = [repr(name) for name in others if name not in metadata]
    if unread:
        what = f"The form has fields that are not read: {', '.join(unread)}."
        found["notes"] = [*found.get("notes", ()), what]
    return json_response(found)


@router.post(
    "/projects/{project_id}/suggest-batch",
    response_model=list[BatchedOut],
    responses=refusals(404, 413, 503, 504),
)
async def suggest_batch(
    project_id: str,
    body: BatchIn,
    service: ServiceHere,
    _: Reader,
    limit: Annotated[Limit, Query()] = 10,
    threshold: Annotated[Threshold, Query()] = 0.0,
    language: Annotated[
        str | None, Query(description="Of the labels: that of the project.")
    ] = None,
) -> Response:
    """Suggest labels for several documents, in their order."""
    _check_language(language, service.models[project_id], service)
    found = await _suggested(service, project_id, body.documents, limit, threshold)
    return json_response(
        [
            each | {"document_id": item.document_id}
            for each, item in zip(found, body.documents, strict=True)
        ]
    )


@router.post("/projects/{project_id}/learn", status_code=204, responses=refusals(404, 413, 503))
async def learn(
    project_id: str, body: list[IndexedIn], service: ServiceHere, caller: Reviewer
) -> Response:
    """Keep the labels that people gave documents; what answers does not change by it."""
    served, kept = service.models[project_id], service.kept()
    service.check([_document(item, str(at)) for at, item in enumerate(body, start=1)])
    await asyncio.to_thread(_keep, kept, served, body, caller.name)
    return Response(status_code=204)


@router.post("/detect-language", response_model=LanguagesOut, responses=refusals(413, 501))
async def detect_language(body: DetectIn, service: ServiceHere, _: Reader) -> Response:
    """Tell how likely a text is in each of some languages."""
    service.check([Document("text", {"text": body.text})])
    try:
        found = await asyncio.to_thread(languages_of, body.text, body.languages)
    except MissingExtraError:
        detail = "This server tells no languages; whoever runs it can install harnn[languages]."
        raise RequestError(501, detail) from None
    rounded = [{"language": each.language, "score": round(each.score, 6)} for each in found]
    return json_response({"results": rounded})


def _vocab(model: ServedModel, service: Service) -> dict[str, Any]:
    taxonomy = model.predictor.taxonomy
    return {
        "vocab_id": taxonomy.version[:_VOCAB_DIGITS],
        "languages": [service.settings.language_of(model.name)],
        "size": len(taxonomy),
        "loaded": True,
    }


def _project(model: ServedModel, service: Service) -> dict[str, Any]:
    language = service.settings.language_of(model.name)
    return {
        "project_id": model.name,
        "name": model.name,
        "language": language,
        "backend": {"backend_id": "harnn"},
        "vocab": _vocab(model, service),
        "vocab_language": language,
        "is_trained": True,
        "modification_time": model.made.isoformat(timespec="seconds"),
    }


def _check_language(language: str | None, model: ServedModel, service: Service) -> None:
    own = service.settings.language_of(model.name)
    if language and language != own:
        raise RequestError(422, f"The labels have no language {language!r}; theirs is {own!r}.")


async def _form(request: Request) -> SuggestIn:
    """Raises:
    RequestError: the body is no form (415), or not UTF-8 or of too many fields (422).
    RequestValidationError: fields are missing or out of range.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != _FORM:
        raise wrong_kind(request.headers, _FORM)
    body = await request.body()
    try:
        return await asyncio.to_thread(_read_form, body)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from None
    except UnicodeError:
        raise RequestError(422, "The form is not UTF-8.") from None
    except ValueError as error:
        raise RequestError(422, str(error)) from None


def _read_form(body: bytes) -> SuggestIn:
    if body.count(b"&") >= MOST_FIELDS:
        raise ValueError(f"The form has more than {MOST_FIELDS} fields.")
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict")
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("The form has a field twice.")
    return SuggestIn.model_validate(fields)


def _document(item: DocumentIn, name: str) -> Document:
    """Return the text of an item, or its metadata where that is empty, as the fields of a text."""
    fields: Mapping[str, str] = {"text": item.text}
    if not item.text and item.metadata:
        fields = item.metadata
    return Document(item.document_id or name, fields)


async def _suggested(
    service: Service, name: str, items: Sequence[DocumentIn], limit: int, threshold: float
) -> list[dict[str, Any]]:
    """Return the results of documents, in their order.

    Raises:
        RequestError: more results are asked for than a request is given (422), and see
            :meth:`Service.predict`.
    """
    _check_results(min(limit, len(service.models[name].predictor.taxonomy)), len(items))
    documents = [_document(item, str(at)) for at, item in enumerate(items, start=1)]
    answers = await service.predict(name, documents, top_k=max(1, limit))
    return [
        _results(answer, answers.model, limit, threshold)
        | _notes(answer, unread=bool(item.text and item.metadata))
        for answer, item in zip(answers.predictions, items, strict=True)
    ]


def _check_results(each: int, documents: int) -> None:
    if each * documents > _MOST_RESULTS:
        detail = (
            f"Got a limit of {each:,} results for {documents} documents, at most {_MOST_RESULTS:,} "
            "are given in all."
        )
        raise RequestError(422, detail, reason="too_many_results")


def _results(
    answer: Prediction, model: ServedModel, limit: int, threshold: float
) -> dict[str, Any]:
    taxonomy = model.predictor.taxonomy
    results = []
    for label in answer.ranked[:limit]:
        if label.score < threshold:
            break
        column = taxonomy.index[label.label]
        results.append(
            {
                "uri": label_iri(label.label, taxonomy.iris[column]),
                "label": label.name,
                "notation": taxonomy.notations[column] or None,
                "score": round(label.score, 6),
                "code": label.label,
                "level": label.level,
                "path": list(label.path),
            }
        )
    return {"results": results}


def _notes(answer: Prediction, *, unread: bool) -> dict[str, Any]:
    notes = [*answer.notes, *([_UNREAD_METADATA] if unread else [])]
    return {"notes": notes} if notes else {}


def _keep(
    kept: review.Corrections, served: ServedModel, items: Sequence[IndexedIn], sender: str
) -> None:
    """Add corrections, all or none.

    Raises:
        DocumentError: labels that are not in the taxonomy; each is named.
        DatabaseError: see :meth:`harnn.review.Corrections.add`.
    """
    taxonomy = served.predictor.taxonomy
    checker, log, wrong = LabelChecker(taxonomy), ReadingLog(), list[Problem]()
    corrections = []
    for number, item in enumerate(items, start=1):
        found = [_column(each, f"document {number}", checker, log) for each in item.subjects]
        wrong += [each for each in found if isinstance(each, Problem)]
        columns = dict.fromkeys(each for each in found if isinstance(each, int))
        labels = tuple(taxonomy.codes[column] for column in columns)
        corrections.append(
            review.Correction(
                document=replace(_document(item, ""), labels=labels),
                model=served.state,
                source=SOURCE,
                sender=sender,
            )
        )
    if wrong:
        raise DocumentError(wrong)
    kept.add(corrections)


def _column(
    subject: SubjectIn, where: str, checker: LabelChecker, log: ReadingLog
) -> int | Problem:
    """Return the column of a label, or what is wrong with it."""
    written = [name for name in (subject.uri, subject.label) if name]
    if not written:
        return Problem(where, "has a subject with neither uri nor label.")
    return checker.find(written, where, log)

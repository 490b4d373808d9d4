"""An ML backend of Label Studio: it proposes labels, and keeps what people choose.

The address to connect is ``http://…/label-studio``, where the labels of a project tell which model
answers, or ``http://…/label-studio/NAME``: Label Studio asks under paths behind it, and would lose
a ``?model=NAME``, which other clients may use. Of basic authentication, all that it can send, the
password is a token (``BASIC`` in :mod:`harnn.serve.routes`).
Source: Label Studio 1.23, label_studio/ml/api_connector.py, ml/models.py and webhooks/utils.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import Response

from harnn import review
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data import Document
from harnn.errors import DocumentError, HarnnError, Problem
from harnn.serve.access import Caller
from harnn.serve.asking import Reader, Reviewer, ServiceHere, as_documents, json_response
from harnn.serve.labelling import Labelling, read_labelling
from harnn.serve.models import ServedModel
from harnn.serve.routes.errors import error_response, errors
from harnn.serve.routes.schemas import Out
from harnn.serve.service import Service

PREFIX = "/label-studio"
_ONE = PREFIX + "/{model}"
_SOURCE = "label-studio"
T = TypeVar("T")
_KEPT_ACTIONS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED")
ModelName = Annotated[
    str | None, Field(description="Its name; left out: the one that fits the configuration best.")
]


router = APIRouter(tags=["Label Studio"])


class SetupIn(BaseModel):
    """A project; what else is sent, an access token among it, is not read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "project": "1.1700000000",
                    "schema": '<View><Text name="t" value="$text"/><Choices name="c" toName="t">'
                    '<Choice value="food"/><Choice value="home"/></Choices></View>',
                }
            ]
        }
    )

    label_config: str = Field(alias="schema")
    """The labelling configuration."""


class Task(BaseModel):
    """A task: a text to be labelled."""

    id: JsonValue = None
    data: dict[str, JsonValue]


class PredictIn(BaseModel):
    """Tasks, and the labelling configuration of their project; what else is sent is not read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "tasks": [{"id": 1, "data": {"text": "The kitchen tap drips."}}],
                    "label_config": '<View><Text name="t" value="$text"/><Choices name="c" '
                    'toName="t"><Choice value="food"/><Choice value="home"/></Choices></View>',
                }
            ]
        }
    )

    tasks: list[Task]
    label_config: str


class Annotation(BaseModel):
    """What somebody chose."""

    result: list[JsonValue] = []
    completed_by: JsonValue = None
    was_cancelled: bool = False
    task: JsonValue = None


class Project(BaseModel):
    """The project of an annotation."""

    label_config: str = ""


class WebhookIn(BaseModel):
    """What has happened in a project; what else is sent is not read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action": "START_TRAINING"}]})

    action: str
    annotation: Annotation | list[Annotation] | None = None
    task: Task | list[Task] | None = None
    project: Project | None = None


class HealthOut(Out):
    """Whether the server answers, and what it is."""

    status: str
    model_class: str


class SetupOut(Out):
    """Which model answers, and how many of its labels can be chosen."""

    model_version: str
    labels: int
    unknown: list[str]
    """Choices that mean no label of the model."""


class VersionsOut(Out):
    """What answers."""

    versions: list[str]


class Region(Out):
    """What is chosen in one tag: paths (``taxonomy``) or values (``choices``)."""

    from_name: str
    to_name: str
    type: str
    value: dict[str, list[list[str]] | list[str]]


class ResultOut(Out):
    """The answer for one task; score: the mean of those of the labels chosen, 0 without any."""

    result: list[Region]
    score: float
    model_version: str


class ResultsOut(Out):
    """The answers for all tasks, in their order."""

    results: list[ResultOut]


class KeptOut(Out):
    """What became of what was sent."""

    status: str
    kept: int


@router.get(PREFIX + "/health", response_model=HealthOut, responses=errors(404))
@router.get(_ONE + "/health", response_model=HealthOut, responses=errors(404))
async def health(service: ServiceHere, _: Reader, model: ModelName = None) -> Response:
    """Whether the server answers."""
    service.models.get(model)
    return json_response({"status": "UP", "model_class": "harnn"})


@router.post(PREFIX + "/setup", response_model=SetupOut, responses=errors(404, 413, 422))
@router.post(_ONE + "/setup", response_model=SetupOut, responses=errors(404, 413, 422))
async def setup(
    body: SetupIn, service: ServiceHere, _: Reader, model: ModelName = None
) -> Response:
    """Say which model answers a labelling configuration; it is refused where none can."""
    served, labelling = await _find(service, model, body.label_config)
    answer = {"model_version": _version(served), "labels": labelling.label_count}
    return json_response(answer | {"unknown": labelling.unknown})


@router.get(PREFIX + "/versions", response_model=VersionsOut, responses=errors(404))
@router.get(_ONE + "/versions", response_model=VersionsOut, responses=errors(404))
async def versions(service: ServiceHere, _: Reader, model: ModelName = None) -> Response:
    """What answers."""
    served = list(service.models) if model is None else [service.models[model]]
    return json_response({"versions": [_version(each) for each in served]})


@router.post(
    PREFIX + "/predict", response_model=ResultsOut, responses=errors(404, 413, 422, 503, 504)
)
@router.post(
    _ONE + "/predict", response_model=ResultsOut, responses=errors(404, 413, 422, 503, 504)
)
async def predict(
    body: PredictIn, service: ServiceHere, _: Reader, model: ModelName = None
) -> Response:
    """Propose labels for tasks, however many Label Studio sends at once."""
    served, labelling = await _find(service, model, body.label_config)
    documents = _documents(body.tasks, labelling, served.predictor.bundle.config.data)
    results = []
    for start in range(0, len(documents), most := service.settings.limits.documents):
        answers = await service.predict(served.name, documents[start : start + most])
        labelling = await _labelling(body.label_config, answers.model)
        version = {"model_version": _version(answers.model)}
        results += [labelling.results(each) | version for each in answers.predictions]
    return json_response({"results": results})


@router.post(PREFIX + "/webhook", response_model=KeptOut, responses=errors(404, 413, 422, 503))
@router.post(_ONE + "/webhook", response_model=KeptOut, responses=errors(404, 413, 422, 503))
async def webhook(
    body: WebhookIn, service: ServiceHere, caller: Reviewer, model: ModelName = None
) -> Response:
    """Keep new and changed annotations as corrections; models learn nothing of them by themselves.

    Skipped tasks and everything else that happens in a project is ignored.
    """
    kept = body.action in _KEPT_ACTIONS and body.project is not None
    given = [pair for pair in _pairs(body) if not pair[0].was_cancelled] if kept else []
    if body.project is None or not given:
        return json_response({"status": "ignored", "kept": 0})
    database = service.kept()
    served, labelling = await _find(service, model, body.project.label_config)
    corrections = _corrections(given, served, labelling, caller)
    for each in corrections:
        service.check([each.document])
    await asyncio.to_thread(database.add, corrections)
    return json_response({"status": "kept", "kept": len(corrections)})


form = error_response
"""How errors are written."""


def _version(served: ServedModel) -> str:
    return f"{served.name} {served.version}"


async def _find(service: Service, name: str | None, config: str) -> tuple[ServedModel, Labelling]:
    """Return the model that answers a configuration: of that name, else the one of which the most
    labels stand in it, of equal ones the first.

    Raises:
        RequestError: no model is called that (404).
        ConfigError, TaxonomyError: see :func:`harnn.serve.labelling.read_labelling`.
    """
    if name is not None:
        served = service.models[name]
        return served, await _labelling(config, served)
    found, refusals = [], []
    for served in service.models:
        try:
            found.append((served, await _labelling(config, served)))
        except HarnnError as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    return max(found, key=lambda pair: pair[1].label_count)


async def _labelling(config: str, served: ServedModel) -> Labelling:
    return await asyncio.to_thread(read_labelling, config, served.predictor.taxonomy)


def _documents(tasks: Sequence[Task], labelling: Labelling, data: DataConfig) -> list[Document]:
    """Return the texts of tasks: the fields that the model reads, where a task has all of them,
    else what the configuration shows.

    Raises:
        DocumentError: tasks without a text.
    """
    problems = [
        Problem(f"task {number:,}", f"its data have no string {shown(labelling.field)}.")
        for number, task in enumerate(tasks, start=1)
        if not _has(task.data, data.text_fields) and not _has(task.data, (labelling.field,))
    ]
    if problems:
        raise DocumentError(problems)
    return as_documents([_item(task, labelling.field, data) for task in tasks], data)


def _has(content: Mapping[str, Any], fields: Sequence[str]) -> bool:
    return bool(fields) and all(isinstance(content.get(field), str) for field in fields)


def _item(task: Task, field: str, data: DataConfig) -> dict[str, Any]:
    own = task.data.get(data.id_field, task.id)
    named = {data.id_field: str(own)} if isinstance(own, str | int) else {}
    if _has(task.data, data.text_fields):
        return named | {name: task.data[name] for name in data.text_fields}
    return named | {"text": task.data[field]}


def _pairs(body: WebhookIn) -> list[tuple[Annotation, Task]]:
    """Return annotations with their tasks: one, or lists of them.

    Raises:
        DocumentError: tasks do not come with their annotations.
    """
    annotations, tasks = _listed(body.annotation), _listed(body.task)
    if len(annotations) == len(tasks) == 1:
        return [(annotations[0], tasks[0])]
    by_id = {str(task.id): task for task in tasks}
    problems = [
        Problem(f"annotation {number:,}", "its task does not come with it.")
        for number, annotation in enumerate(annotations, start=1)
        if str(annotation.task) not in by_id
    ]
    if problems:
        raise DocumentError(problems)
    return [(annotation, by_id[str(annotation.task)]) for annotation in annotations]


def _listed(given: T | list[T] | None) -> list[T]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def _corrections(
    given: Sequence[tuple[Annotation, Task]],
    served: ServedModel,
    labelling: Labelling,
    caller: Caller,
) -> list[review.Correction]:
    """Raises:
    DocumentError: an annotation chooses what means no label, or a task has no text.
    """
    data = served.predictor.bundle.config.data
    documents = _documents([task for _, task in given], labelling, data)
    return [
        review.Correction(
            document=replace(document, labels=labelling.labels(annotation.result)),
            model=served.state,
            source=_SOURCE,
            sender=caller.name,
            person=_person(annotation.completed_by),
        )
        for (annotation, _), document in zip(given, documents, strict=True)
    ]


def _person(given: Any) -> str:
    """Return the number of a user, which stands in an object where more is said of them."""
    number = given.get("id") if isinstance(given, dict) else given
    return str(number) if isinstance(number, int) else ""

"""The Open Inference Protocol, version 2, which KServe, Triton and MLServer speak.

A model takes BYTES tensors of texts, ``[N]`` or ``[N, 1]``: one for each field that it was trained
on, or ``text`` alone, the whole text. It gives ``labels`` (BYTES ``[N]``: for each document the
JSON object that ``harnn predict`` writes); where a request names them in ``outputs`` also
``scores`` (FP32 ``[N, C]``) and ``codes`` (BYTES ``[C]``: the labels of the columns). Source:
https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from fastapi import APIRouter, Path, Request
from fastapi.routing import APIRoute
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message

import harnn
from harnn._display import counted, json_text
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data import Document
from harnn.errors import DocumentError, Problem
from harnn.serve.asking import Reader, ServiceHere, as_documents, json_response
from harnn.serve.bodies import check_json
from harnn.serve.models import ServedModel
from harnn.serve.problems import RequestError
from harnn.serve.routes.binary_tensors import EXTENSION, HEADER, SIZE, as_plain_json, pack_strings
from harnn.serve.routes.errors import error_response, errors
from harnn.serve.routes.native import Options
from harnn.serve.routes.schemas import Out
from harnn.serve.service import Answers, Service

PREFIX = "/v2"
_WHOLE = "text"
"""The input of a whole text, whatever fields the model was trained on."""
OutputName = Literal["labels", "scores", "codes"]
Version = Annotated[
    str | None, Field(description="The first digits of its hash; left out: what answers now.")
]
NameInPath = Annotated[str, Path(description="The name of a model.")]

_INFERRED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}},  # where tensors stand behind the JSON
    **errors(404, 413, 503, 504),
}


class _PlainRoute(APIRoute):
    """Gives its function plain JSON: clients of this protocol name no type of content, and put
    tensors behind the JSON.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handler = super().get_route_handler()

        async def handling(request: Request) -> Response:
            body, size = await request.body(), request.headers.get(HEADER)
            plain = body if size is None else as_plain_json(body, size)
            check_json(plain)
            MutableHeaders(scope=request.scope)["content-type"] = "application/json"

            async def receiving() -> Message:
                return {"type": "http.request", "body": plain}

            return await handler(Request(request.scope, receiving))

        return handling


router = APIRouter(prefix=PREFIX, tags=["Open Inference Protocol"], route_class=_PlainRoute)


class Parameters(Options):
    """How labels are chosen; what is left out is the model's own."""

    binary_data_output: bool = False
    """Whether outputs that do not say otherwise stand behind the JSON."""


class TensorIn(BaseModel):
    """Texts of one field, a text a document; nested lists are read row by row."""

    name: str
    shape: list[Annotated[int, Field(ge=0)]]
    datatype: str
    parameters: dict[str, JsonValue] = {}
    """Nothing depends on them but what says where the data stand."""
    data: list[JsonValue]


class OutputParameters(BaseModel):
    """What is known of an output's parameters."""

    binary_data: bool | None = None


class OutputIn(BaseModel):
    """An output that is asked for."""

    name: OutputName
    parameters: OutputParameters = OutputParameters()


class InferIn(BaseModel):
    """Documents to file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "42",
                    "inputs": [
                        {
                            "name": "text",
                            "shape": [2],
                            "datatype": "BYTES",
                            "data": ["The kitchen tap drips.", "Bees swarm in May."],
                        }
                    ],
                    "parameters": {"top_k": 3},
                    "outputs": [{"name": "labels"}, {"name": "scores"}, {"name": "codes"}],
                }
            ]
        },
    )

    id: str | None = None
    """Comes back in the answer."""
    parameters: Parameters = Parameters()
    inputs: list[TensorIn]
    outputs: list[OutputIn] = []
    """Without any: ``labels``."""


class LiveOut(Out):
    """Whether it is so."""

    live: bool


class ReadyOut(Out):
    """Whether a model answers."""

    name: str
    ready: bool


class ServerOut(Out):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class TensorKindOut(Out):
    """A tensor that a model takes or gives; -1: any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelOut(Out):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorKindOut]
    outputs: list[TensorKindOut]


class TensorOut(Out):
    """An output; its data stand behind the JSON where the parameter ``binary_data_size`` is."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, int] | None = None
    data: list[str] | list[float] | None = None


class InferOut(Out):
    """An answer."""

    model_name: str
    model_version: str
    id: str = ""
    outputs: list[TensorOut]


@router.get("/health/live", response_model=LiveOut)
async def live() -> Response:
    """Whether the process lives; needs no token."""
    return json_response({"live": True})


@router.get("/health/ready", response_model=LiveOut, responses={503: {"model": LiveOut}})
async def ready(service: ServiceHere) -> Response:
    """Whether requests are taken: not while the server stops. Needs no token."""
    return json_response({"live": not service.closing}, 503 if service.closing else 200)


@router.get("", response_model=ServerOut, responses=errors())
async def server(_: Reader) -> Response:
    """What the server is."""
    extensions = [EXTENSION]
    return json_response({"name": "harnn", "version": harnn.__version__, "extensions": extensions})


@router.get("/models/{name}", response_model=ModelOut, responses=errors(404))
@router.get("/models/{name}/versions/{version}", response_model=ModelOut, responses=errors(404))
async def describe(
    name: NameInPath, service: ServiceHere, _: Reader, version: Version = None
) -> Response:
    """What a model takes and gives."""
    served = _find(service, name, version)
    count, fields = len(served.predictor.taxonomy), _fields(served.predictor.bundle.config.data)
    answer = {
        "name": served.name,
        "versions": [served.version],
        "platform": "harnn",
        "inputs": [_kind(field, "BYTES", -1) for field in fields],
        "outputs": [
            _kind("labels", "BYTES", -1),
            _kind("scores", "FP32", -1, count),
            _kind("codes", "BYTES", count),
        ],
    }
    return json_response(answer)


@router.get("/models/{name}/ready", response_model=ReadyOut, responses=errors(404))
@router.get(
    "/models/{name}/versions/{version}/ready", response_model=ReadyOut, responses=errors(404)
)
async def model_ready(
    name: NameInPath, service: ServiceHere, _: Reader, version: Version = None
) -> Response:
    """Whether a model answers: one that is served always does."""
    return json_response({"name": _find(service, name, version).name, "ready": True})


@router.post("/models/{name}/infer", response_model=InferOut, responses=_INFERRED)
@router.post(
    "/models/{name}/versions/{version}/infer", response_model=InferOut, responses=_INFERRED
)
async def infer(
    body: InferIn, name: NameInPath, service: ServiceHere, _: Reader, version: Version = None
) -> Response:
    """File documents; outputs that are not named are ``labels`` alone."""
    documents = _documents(body.inputs, _find(service, name, version))
    answers = await service.predict(name, documents, **body.parameters.chosen())
    _check_version(answers.model, version)
    asked = {each.name: each.parameters.binary_data for each in body.outputs} or {"labels": None}
    tensors = [_tensor(output, answers) for output in asked]
    head = {"model_name": answers.model.name, "model_version": answers.model.version}
    if body.id is not None:
        head["id"] = body.id
    usual = body.parameters.binary_data_output
    return _written(head, tensors, [usual if own is None else own for own in asked.values()])


def form(error: RequestError) -> Response:
    """Return a refusal as the protocol writes it; what cannot be answered is a bad request."""
    return error_response(replace(error, status=400) if error.status == 422 else error)


def _find(service: Service, name: str, version: str | None) -> ServedModel:
    """Raises:
    RequestError: no model is called that, or it is of another version (404).
    """
    served = service.models[name]
    _check_version(served, version)
    return served


def _check_version(served: ServedModel, version: str | None) -> None:
    if version not in (None, served.version):
        detail = f"Model {served.name!r} has the version {served.version}, got {version!r}."
        raise RequestError(404, detail)


def _kind(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape}


def _documents(inputs: Sequence[TensorIn], served: ServedModel) -> list[Document]:
    """Return the documents of all inputs.

    Raises:
        DocumentError: everything that is wrong with them.
    """
    data = served.predictor.bundle.config.data
    problems = [problem for tensor in inputs for problem in _problems(tensor)]
    names = [tensor.name for tensor in inputs]
    if sorted(names) not in ([_WHOLE], sorted(_fields(data))):
        other = "" if _fields(data) == (_WHOLE,) else f", or {_WHOLE!r} alone"
        what = f"got {shown(names)}, expected {', '.join(map(repr, _fields(data)))}{other}."
        problems.append(Problem("inputs", what))
    columns = [_flat(tensor.data) for tensor in inputs]
    sizes = [len(column) for column in columns]
    if len(set(sizes)) > 1:
        problems.append(Problem("inputs", f"have {shown(sizes)} elements, expected as many."))
    if problems:
        raise DocumentError(problems)
    rows = zip(*columns, strict=True)
    return as_documents([dict(zip(names, row, strict=True)) for row in rows], data)


def _fields(data: DataConfig) -> tuple[str, ...]:
    """Return what the inputs of a model are called."""
    return data.text_fields or (_WHOLE,)


def _problems(tensor: TensorIn) -> Iterator[Problem]:
    where, shape, data = f"input {shown(tensor.name)}", tensor.shape, _flat(tensor.data)
    if tensor.datatype != "BYTES":
        yield Problem(where, f"got the datatype {shown(tensor.datatype)}, expected BYTES.")
    if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
        yield Problem(where, f"got the shape {shown(shape)}, expected [N] or [N, 1].")
    elif shape[0] != len(data):
        what = f"got {counted(len(data), 'element')}, expected {shape[0]:,} by its shape."
        yield Problem(where, what)
    wrong = [number for number, each in enumerate(data, start=1) if not isinstance(each, str)]
    if wrong:
        what = f"element {wrong[0]:,} is no string ({counted(len(wrong), 'such element')})."
        yield Problem(where, what)


def _flat(data: Sequence[Any]) -> list[Any]:
    """Return the elements of a tensor, of which rows may be lists."""
    return list(chain.from_iterable(each if isinstance(each, list) else [each] for each in data))


class _Tensor(NamedTuple):
    """An output."""

    name: str
    values: NDArray[np.float32] | Sequence[str]
    shape: tuple[int, ...]

    @property
    def datatype(self) -> str:
        return "FP32" if isinstance(self.values, np.ndarray) else "BYTES"

    def plain(self) -> list[Any]:
        """Return the data for JSON, numbers with six digits."""
        if isinstance(self.values, np.ndarray):
            return [round(score, 6) for score in self.values.ravel().tolist()]
        return list(self.values)

    def packed(self) -> bytes:
        """Return the data as they stand behind the JSON."""
        if isinstance(self.values, np.ndarray):
            return self.values.astype("<f4").tobytes()
        return pack_strings(self.values)


def _tensor(name: OutputName, answers: Answers) -> _Tensor:
    match name:
        case "labels":
            texts = [json_text(each.to_dict()) for each in answers.predictions]
            return _Tensor(name, texts, (len(texts),))
        case "scores":
            return _Tensor(name, answers.scores, answers.scores.shape)
        case "codes":
            codes = answers.model.predictor.taxonomy.codes
            return _Tensor(name, codes, (len(codes),))


def _written(head: dict[str, Any], tensors: Sequence[_Tensor], binary: Sequence[bool]) -> Response:
    """Return an answer; binary: which tensors stand behind its JSON."""
    outputs, behind = [], b""
    for tensor, is_binary in zip(tensors, binary, strict=True):
        output = _kind(tensor.name, tensor.datatype, *tensor.shape)
        if is_binary:
            packed = tensor.packed()
            output["parameters"] = {SIZE: len(packed)}
            behind += packed
        else:
            output["data"] = tensor.plain()
        outputs.append(output)
    response = json_response(head | {"outputs": outputs})
    if not any(binary):
        return response
    length = {HEADER: str(len(response.body))}
    return Response(
        bytes(response.body) + behind, headers=length, media_type="application/octet-stream"
    )

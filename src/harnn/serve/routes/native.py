"""The interface of harnn itself, under /v1."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from starlette.responses import Response

from harnn.config import Close, Strategy, TopOne
from harnn.decode import DecodeOptions
from harnn.serve.asking import (
    Admin,
    Asked,
    Many,
    ModelName,
    Reader,
    ServiceHere,
    Text,
    as_documents,
    json_response,
)
from harnn.serve.labels import LabelQuery, column_of, describe_served, describe_taken_for
from harnn.serve.models import ServedModel
from harnn.serve.routes.schemas import (
    ExplanationOut,
    LabelPageOut,
    LabelsOut,
    ModelOut,
    ModelsOut,
    PredictionsOut,
    problems,
)

router = APIRouter(prefix="/v1", tags=["native"])


class Options(Asked):
    """How labels are chosen; what is left out is the model's own."""

    strategy: Strategy | None = None
    threshold: Annotated[float | None, Field(ge=0, le=1)] = None
    top_k: Annotated[int | None, Field(ge=1)] = None
    close: Close | None = None
    top_1: TopOne | None = None

    def chosen(self) -> DecodeOptions:
        """Return those that are given."""
        own = self.model_dump(include={*DecodeOptions.__annotations__}, exclude_none=True)
        return cast(DecodeOptions, own)


class PredictIn(Asked):
    """Documents to file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"documents": ["The kitchen tap drips."], "options": {"top_k": 3}},
                {"documents": [{"id": "a1", "text": "Bees swarm in May."}]},
            ]
        },
    )

    documents: Many[Text]
    """Each a text, or an object with ``id`` and ``text``, or with the fields of the model."""
    model: str | None = None
    options: Options = Options()


class ExplainIn(Asked):
    """A document to explain."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"document": "The kitchen tap drips."}]}
    )

    document: Text
    model: str | None = None
    options: Options = Options()


@router.post("/predict", response_model=PredictionsOut, responses=problems(404, 503, 504))
async def predict(body: PredictIn, service: ServiceHere, _: Reader) -> Response:
    """File documents: for each its labels with scores, levels and paths, in the order given."""
    served = service.models.get(body.model)
    documents = as_documents(body.documents, served.predictor.bundle.config.data)
    answers = await service.predict(body.model, documents, **body.options.chosen())
    predictions = [prediction.to_dict() for prediction in answers.predictions]
    return json_response({"model": _named(answers.model), "predictions": predictions})


@router.post("/explain", response_model=ExplanationOut, responses=problems(404, 503, 504))
async def explain(body: ExplainIn, service: ServiceHere, _: Reader) -> Response:
    """Say what spoke for each predicted label of a document, word by word."""
    served = service.models.get(body.model)
    (document,) = as_documents([body.document], served.predictor.bundle.config.data)
    model, explanation = await service.explain(body.model, document, **body.options.chosen())
    return json_response({"model": _named(model), "explanation": explanation.to_dict()})


@router.get("/taxonomy", response_model=LabelsOut, responses=problems(404))
async def taxonomy(
    service: ServiceHere,
    _: Reader,
    model: ModelName = None,
    q: Annotated[
        str, Query(max_length=1_000, description="Words of names, codes and other names.")
    ] = "",
    parent: Annotated[str | None, Query(description="Children of this label alone.")] = None,
    under: Annotated[str | None, Query(description="This label and all below it.")] = None,
    level: Annotated[int | None, Query(ge=1, description="1 is the top.")] = None,
    label: Annotated[
        list[str], Query(max_length=1_000, description="These alone, in this order.")
    ] = [],  # noqa: B006 - FastAPI copies it
    offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """Labels of the taxonomy, searched, of one place or of all, page by page."""
    served = service.models.get(model)
    labels = served.predictor.taxonomy
    query = LabelQuery(words=q, parent=parent, under=under, level=level, labels=label)
    found = query.columns(labels, served.search)
    page = found[offset : offset + limit].tolist()
    shown = describe_served(served, page)
    place = {"total": len(found), "offset": offset}
    return json_response({"model": _named(served)} | place | {"labels": shown})


@router.get("/label", response_model=LabelPageOut, responses=problems(404))
async def label(service: ServiceHere, _: Reader, label: str, model: ModelName = None) -> Response:
    """One label, by its code."""
    served = service.models.get(model)
    column = column_of(served.predictor.taxonomy, label)
    (described,) = describe_served(served, [column])
    return json_response(described | {"taken_for": describe_taken_for(served, column)})


@router.get("/model", response_model=ModelOut, responses=problems(404))
async def describe_model(service: ServiceHere, _: Reader, model: ModelName = None) -> Response:
    """What a model is, how well it did on its validation documents, and how it chooses labels."""
    return json_response(_described(service.models.get(model)))


@router.get("/models", response_model=ModelsOut, responses=problems())
async def models(service: ServiceHere, _: Reader) -> Response:
    """All models served, the first of them answers where no name is given."""
    return json_response({"models": [_described(each) for each in service.models]})


@router.post("/model/reload", response_model=ModelOut, responses=problems(404, 500))
async def reload(service: ServiceHere, _: Admin, model: ModelName = None) -> Response:
    """Load a model directory again, where it holds another model now; other requests go on.

    Of several processes the others follow within seconds, unless the server watches nothing.
    """
    served = await service.reload(service.models.get(model).name)
    return json_response(_described(served[1]))


def _named(model: ServedModel) -> dict[str, str]:
    return {"name": model.name, "version": model.version}


def _described(model: ServedModel) -> dict[str, Any]:
    bundle, labels = model.predictor.bundle, model.predictor.taxonomy
    report = bundle.report
    return {
        "name": model.name,
        "version": model.version,
        "hash": model.hash,
        "taxonomy_hash": labels.version,
        "loaded": model.loaded.isoformat(timespec="seconds"),
        "labels": len(labels),
        "levels": [
            {
                "level": level.level,
                "name": level.name,
                "labels": level.labels,
                "micro_f1": level.micro_f1,
                "macro_f1": level.macro_f1,
            }
            for level in report.levels
        ],
        "branches": [branch.name for branch in bundle.ensemble.branches],
        "left_out": [each.branch for each in bundle.ensemble.left_out],
        "text_fields": list(bundle.config.data.text_fields),
        "decoding": bundle.decoder.describe(),
        "strategies": list(bundle.decoder.strategies),
        "validation": {
            "documents": report.documents,
            "micro_f1": report.micro_f1,
            "macro_f1": report.macro_f1,
            "auprc": report.auprc,
        },
    }

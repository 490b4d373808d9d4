"""The form of Hugging Face's Inference API for text classification.

``huggingface_hub.InferenceClient(model="http://…/models/NAME").text_classification`` speaks it.
Source: https://huggingface.co/docs/inference-providers/tasks/text-classification.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from starlette.responses import Response

from harnn.serve.asking import Reader, ServiceHere, Text, as_documents, json_response
from harnn.serve.problems import RequestError
from harnn.serve.routes.errors import error_response, errors
from harnn.serve.routes.native import Options
from harnn.serve.routes.schemas import PredictedOut

PREFIX = "/models/"
router = APIRouter(tags=["Hugging Face"])


def _check_texts(given: object) -> object:
    """Say in one sentence what pydantic says in one for each form."""
    texts = given if isinstance(given, list) else [given]
    if not all(isinstance(each, str | dict) for each in texts):
        raise ValueError("expected a text or a list of texts, each a string or an object of fields")
    return given


class Parameters(Options):
    """How labels are chosen; what is left out is the model's own."""

    function_to_apply: Literal["sigmoid", "softmax", "none"] | None = None
    """Scores are probabilities as they are, so that ``sigmoid`` alone is taken."""


class ClassifyIn(BaseModel):
    """Texts to classify."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"inputs": "The kitchen tap drips."},
                {"inputs": ["Bees swarm in May.", "A new tap."], "parameters": {"top_k": 3}},
            ]
        },
    )

    inputs: Annotated[Text | list[Text], BeforeValidator(_check_texts)]
    """A text, or several; each may be an object with the fields that the model reads."""
    parameters: Parameters | None = None
    options: dict[str, JsonValue] | None = Field(
        None, description="Of the hosted API, such as wait_for_model; nothing depends on it here."
    )


@router.post(
    PREFIX + "{model}",
    response_model=list[list[PredictedOut]],
    responses=errors(404, 413, 422, 503, 504),
)
async def classify(
    body: ClassifyIn,
    service: ServiceHere,
    _: Reader,
    model: Annotated[str, Path(description="Its name.")],
) -> Response:
    """File texts: for each, also for a single one, its labels, the highest score first."""
    served = service.models[model]
    chosen = body.parameters or Parameters()
    if chosen.function_to_apply not in (None, "sigmoid"):
        detail = (
            f"function_to_apply: got {chosen.function_to_apply}, expected sigmoid; scores are "
            "probabilities as they are."
        )
        raise RequestError(422, detail)
    texts = body.inputs if isinstance(body.inputs, list) else [body.inputs]
    documents = as_documents(texts, served.predictor.bundle.config.data)
    answers = await service.predict(model, documents, **chosen.chosen())
    return json_response([[each.to_dict() for each in one.ranked] for one in answers.predictions])


form = error_response
"""How errors are written."""

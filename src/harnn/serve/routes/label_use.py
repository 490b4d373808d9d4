"""How a label is used, from what came into review."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from harnn.review import Review
from harnn.serve.asking import json_response
from harnn.serve.desk import DeskHere, plain
from harnn.serve.labels import column_of
from harnn.serve.routes.review_schemas import MOST_CODE, Score, State
from harnn.serve.routes.schemas import Out, problems

router = APIRouter(prefix="/v1/review", tags=["review"])


class WeekOut(Out):
    """A week, and the documents of it that were given the label."""

    monday: date
    documents: int


class LabelledOut(Out):
    """A document that was given the label."""

    item: int
    title: str
    score: Score
    state: State
    right: bool | None
    """Whether people said so; null where it is not settled."""


class TellingWordOut(Out):
    """A word that spoke for the label, and the documents in which it did."""

    word: str
    documents: int
    right: int
    """Settled documents that have the label."""
    wrong: int


class LabelUseOut(Out):
    """How the model uses a label; documents whose answer is hidden are left out."""

    documents: int
    weeks: list[WeekOut]
    """Without gaps, the oldest first."""
    recent: list[LabelledOut]
    """The newest first."""
    words: list[TellingWordOut]
    """Those in most documents first."""


@router.get("/use", response_model=LabelUseOut, responses=problems(404, 503))
async def use(
    desk: DeskHere,
    label: Annotated[str, Query(max_length=MOST_CODE)],
    weeks: Annotated[int, Query(ge=1, le=520)] = 26,
) -> Response:
    """How often the model gave a label, to which documents, and for which words."""
    column_of(desk.served.predictor.taxonomy, label)
    found = await desk.do(Review.label_use, label, weeks=weeks)
    listed = [{"monday": str(each.monday), "documents": each.documents} for each in found.weeks]
    return json_response(
        {
            "documents": found.documents,
            "weeks": listed,
            "recent": plain(found.recent),
            "words": plain(found.words),
        }
    )

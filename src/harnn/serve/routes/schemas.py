"""What answers look like, for the OpenAPI document; answers are made by the rooms below."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harnn.serve.problems import PROBLEM_JSON


class Out(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Why a request is refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[str] = []
    """One line for each thing that is wrong, where there are several."""


class Conflict(Problem):
    """Why a decision is not taken: somebody else was quicker. Nothing was written."""

    person: str = ""
    """Who was quicker."""
    moment: str = ""
    """When, in UTC."""
    item: int = 0
    """The document; 0: none of the queue."""


class ModelNamed(Out):
    """Which model answered."""

    name: str
    version: str


class PredictedOut(Out):
    """One label of an answer; the path leads from a root down to it."""

    label: str
    name: str
    score: float
    level: int
    path: list[str]


class CutOut(Out):
    """A branch of the model that read the beginning of a text alone."""

    branch: str
    unit: str
    read: int
    whole: int


class NoteOut(Out):
    """What the reader of an answer should know, for programs; docs/watching.md lists the codes."""

    code: Literal[
        "empty_text",
        "truncated",
        "partly_read",
        "unknown_words",
        "labels_by_name",
        "not_reranked",
    ]
    text: str
    words: int | None = None
    """Of the text, or of the part that is read."""
    read: int | None = None
    """Words that are read."""
    share: float | None = None
    """Of the words that are unknown to the model, 0 to 1."""
    encoder_languages: list[str] | None = None
    """That the encoder of whole texts knows; nothing: there is none, or it does not say."""
    parts: list[CutOut] | None = None
    labels: list[str] | None = None
    """That no training document has."""
    reason: str | None = None
    """Why the answer is the model's own."""


class PredictionOut(Out):
    """The answer for one document."""

    id: str
    labels: list[PredictedOut]
    notes: list[str] = []
    note_codes: list[str] = []
    note_details: list[NoteOut] = []


class PredictionsOut(Out):
    """The answers for all documents of a request, in their order."""

    model: ModelNamed
    predictions: list[PredictionOut]


class WordOut(Out):
    """A word and what it does for a label; start and end count characters of the text."""

    word: str
    start: int
    end: int
    weight: float
    effect: float


class BranchOut(Out):
    """What one branch of the model adds to the log odds of a label."""

    branch: str
    effect: float


class RivalOut(PredictedOut):
    """A sibling that was not chosen."""

    words: list[WordOut]


class ExampleOut(Out):
    """A labelled document that is like this one."""

    id: str
    similarity: float
    text: str


class NameScoreOut(Out):
    """Where the score of a label comes from that is told by its name: parent's score x likely."""

    likely: float
    """The probability of the label given its parents, 0 to 1."""
    siblings: int
    """How many other names its own was compared with."""
    parent: PredictedOut | None = None
    """The parent with the lowest score; nothing: it has no parent."""


class ExplainedOut(PredictedOut):
    """Why one label was predicted."""

    words: list[WordOut]
    branches: list[BranchOut] = []
    through: str = ""
    by_name: bool = False
    """Whether no training document has the label, or that which it stands through, and its name
    alone told it."""
    name_score: NameScoreOut | None = None
    """Where its score comes from then."""
    rivals: list[RivalOut] = []
    examples: list[ExampleOut] = []


class DocumentExplained(Out):
    """Why the labels of a document were predicted."""

    id: str
    text: str
    notes: list[str]
    note_codes: list[str] = []
    note_details: list[NoteOut] = []
    labels: list[ExplainedOut]


class ExplanationOut(Out):
    """An explanation, and which model gave it."""

    model: ModelNamed
    explanation: DocumentExplained


class LabelQualityOut(Out):
    """How good a label was on the validation documents: numbers of them, F1 and its interval."""

    hits: int
    """Given and true."""
    given: int
    true: int
    f1: float
    """0 to 1."""
    low: float
    """Of the 95% interval."""
    high: float


class TakenForOut(Out):
    """A sibling that was given in place of a label."""

    label: str
    name: str
    documents: int


class LabelOut(Out):
    """A label of the taxonomy; children: how many."""

    label: str
    name: str
    level: int
    path: list[str]
    parents: list[str]
    children: int
    description: str = ""
    alternatives: list[str] = []
    notation: str = ""
    iri: str = ""
    documents: int
    """Of training, that have it or one below it."""
    threshold: float | None
    """The score from which it is given, 0 to 1; null: scores alone do not decide."""
    validation: LabelQualityOut | None
    """null: it was neither given nor true, or the model does not say."""


class LabelPageOut(LabelOut):
    """A label, and what it was taken for."""

    taken_for: list[TakenForOut]


class LabelsOut(Out):
    """A page of labels; total: of all pages."""

    model: ModelNamed
    total: int
    offset: int
    labels: list[LabelOut]


class LevelOut(Out):
    """A level; 1 is the top."""

    level: int
    name: str
    labels: int
    micro_f1: float
    """Of its labels, on the validation documents, 0 to 1."""
    macro_f1: float


class ValidationOut(Out):
    """How well a model did on the documents it was tuned on, 0 to 1."""

    documents: int
    micro_f1: float
    macro_f1: float
    auprc: float


class ModelOut(Out):
    """What a model is."""

    name: str
    version: str
    hash: str
    taxonomy_hash: str
    loaded: str
    labels: int
    levels: list[LevelOut]
    branches: list[str]
    left_out: list[str]
    text_fields: list[str]
    decoding: str
    strategies: list[str]
    validation: ValidationOut


class ModelsOut(Out):
    """All models served."""

    models: list[ModelOut]


_COMMON = (400, 401, 403, 413, 415, 421, 422, 429)
_MEANINGS = {
    400: "The body cannot be read.",
    401: "No token, or nobody's.",
    403: "The role of the token does not allow it.",
    404: "No such model, label, document or whatever else is asked for by name or number.",
    415: "The body is of a kind, or packed in a way, that is not read.",
    421: "This server has another name.",
    413: "The body is too large.",
    409: "Somebody else was quicker, or you were in another window; nothing was written.",
    422: "The request cannot be answered; every problem is named.",
    429: "Too many requests; ask again after Retry-After seconds.",
    503: "Too much waits already; ask again after Retry-After seconds.",
    504: "Not answered in time.",
}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return for OpenAPI how a route refuses; how all of them do is added."""

    def content(code: int) -> dict[str, Any]:
        form = Conflict if code == HTTPStatus.CONFLICT else Problem
        return {PROBLEM_JSON: {"schema": form.model_json_schema()}}

    return {
        code: {
            "description": _MEANINGS.get(code, HTTPStatus(code).phrase),
            "content": content(code),
        }
        for code in sorted({*_COMMON, *codes})
    }

"""What clients of Annif send and are answered, for the OpenAPI document and to be checked.

Source of the names: the OpenAPI document of Annif's REST API v1, annif/openapi/annif.yaml in
https://github.com/NatLibFi/Annif. ``code``, ``level``, ``path`` and ``notes`` are ours.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harnn.serve.routes.schemas import Out, problems

MOST_IN_A_BATCH = 32
"""Documents of a suggest-batch."""
_TEXT = "A quick brown fox jumped over the lazy dog."
Limit = Annotated[int, Field(ge=0, le=2**31 - 1, description="Results at most.")]
Threshold = Annotated[float, Field(ge=0, le=1, description="The lowest score of a result.")]
Language = Annotated[str | None, Field(description="Of the labels: that of the project.")]
Name = Annotated[str, Field(max_length=2_000)]


class SuggestIn(BaseModel):
    """A form with a text; fields that begin with ``metadata_`` are read where there is no text."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"text": _TEXT}]})

    text: str
    limit: Limit = 10
    threshold: Threshold = 0.0
    language: Language = None


class DocumentIn(BaseModel):
    """A text; its metadata is read where the text is empty."""

    text: str
    document_id: str | None = None
    metadata: dict[str, str] | None = None


class BatchIn(BaseModel):
    """Documents to be answered together."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"documents": [{"document_id": "1", "text": _TEXT}]}]}
    )

    documents: Annotated[list[DocumentIn], Field(max_length=MOST_IN_A_BATCH)]


class SubjectIn(BaseModel):
    """A label by its URI; where that is unknown, or empty, by its name."""

    uri: Name = ""
    label: Name | None = None


class IndexedIn(DocumentIn):
    """A document with the labels that somebody gave it; none at all says that none fits."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": _TEXT, "subjects": [{"label": "Foxes"}]}]}
    )

    document_id: Annotated[str | None, Field(max_length=255)] = None
    subjects: list[SubjectIn]


class DetectIn(BaseModel):
    """A text, and languages that it may be in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": _TEXT, "languages": ["en", "fi"]}]}
    )

    text: str
    languages: Annotated[
        list[Annotated[str, Field(min_length=2, max_length=3)]], Field(min_length=1, max_length=5)
    ]


class InfoOut(Out):
    """What answers."""

    title: str
    version: str


class BackendOut(Out):
    """What computes a project."""

    backend_id: str


class VocabOut(Out):
    """A taxonomy; its id is the beginning of its hash."""

    vocab_id: str
    languages: list[str]
    size: int
    loaded: bool


class VocabsOut(Out):
    """The taxonomies of all models."""

    vocabs: list[VocabOut]


class ProjectOut(Out):
    """A model."""

    project_id: str
    name: str
    language: str
    backend: BackendOut
    vocab: VocabOut
    vocab_language: str
    is_trained: bool
    modification_time: str


class ProjectsOut(Out):
    """All models."""

    projects: list[ProjectOut]


class SuggestionOut(Out):
    """A label; ``path`` has the codes from a root down to it."""

    uri: str
    label: str
    notation: str | None
    score: float
    code: str
    level: int
    path: list[str]


class SuggestionsOut(Out):
    """The labels of a document, the highest score first."""

    results: list[SuggestionOut]
    notes: list[str] = Field(default_factory=list)
    """What the reader should know, such as that a text was cut."""


class BatchedOut(SuggestionsOut):
    """The labels of one document of several."""

    document_id: str | None


class LanguageOut(Out):
    """How likely it is; null: none of the languages asked for."""

    language: str | None
    score: float


class LanguagesOut(Out):
    """All languages asked for, the likeliest first, and null."""

    results: list[LanguageOut]


FORM = {
    "required": True,
    "content": {"application/x-www-form-urlencoded": {"schema": SuggestIn.model_json_schema()}},
}
"""The body of a request with a form."""


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return for OpenAPI how a route refuses; what is 422 elsewhere is 400 here."""
    found = problems(*codes)
    other = found.pop(422)
    return found | {"4XX": other | {"description": "Refused for another reason."}}

"""What is asked and answered under /v1/review, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from harnn.serve.asking import Asked, Many, Text
from harnn.serve.routes.schemas import ModelNamed, Out

MOST_CODE = 1_000
"""Characters of a label's code."""
MOST_COMMENT = 10_000
Version = Annotated[int, Field(ge=0, lt=1 << 53)]
"""The number of the newest entry of a reading that its reader has seen; 0: of none."""
Number = Annotated[int, Field(ge=1, lt=1 << 53)]
Label = Annotated[str, Field(max_length=MOST_CODE)]
Action = Literal[
    "accept", "reject", "up", "down", "instead", "no_deeper", "add", "none_fits", "clear"
]
Mark = Literal[
    "", "undecided", "accepted", "implied", "rejected", "with_parent", "moved_up", "added"
]
Part = Literal["annotate", "review"]
EntryPart = Literal["annotate", "review", "audit", "system"]
State = Literal["open", "annotated", "disputed", "set_aside", "done"]
Interval = Annotated[list[float], Field(min_length=2, max_length=2)]
Score = Annotated[float, Field(ge=0, le=1)]


class ModelHere(ModelNamed):
    """Whose answers are reviewed."""

    hash: str


class SummaryOut(Out):
    """How far the work is."""

    person: str
    part: Part
    model: ModelHere
    open: int
    """Documents that nobody has submitted."""
    done: int
    total: int
    annotated: int
    """That wait for a second reading."""
    disputed: int
    set_aside: int
    mine: int
    """Readings that the caller has submitted."""
    as_model: int
    """Documents done whose labels are those that the model gave."""
    none_fits: int
    """Documents done that no label fits."""
    median_seconds: float | None
    """That a reading takes; null: there is none yet."""
    median_seconds_blind: float | None
    """The same of documents whose answer is hidden."""
    about_left_seconds: float | None


class QueuedOut(Out):
    """A document that waits."""

    item: int
    id: str
    title: str
    state: State
    blind: bool
    audit: bool
    """It was filed unattended, and is read to see how well; it is blind then."""
    second: bool
    """It is to be read by two people."""
    disputed: bool
    doubt: float | None
    """Expected number of wrong labels; null where the answer of the model is hidden."""
    value: float | None
    """For learning; null where the answer of the model is hidden."""
    hint: str
    """Why it stands here; empty where the answer of the model is hidden."""
    holder: str
    """Who has it open now; empty: nobody else."""


class QueueOut(Out):
    """A page of the queue; next: what ``after`` is for the page behind it, null on the last."""

    items: list[QueuedOut]
    next: int | None


class LabelWaitingOut(Out):
    """A label, and the documents that wait with it."""

    label: str
    name: str
    open: int
    accepted: int
    rejected: int


class LabelsWaitingOut(Out):
    """The labels of all documents that wait."""

    labels: list[LabelWaitingOut]


class EvidenceOut(Out):
    """A word that spoke for a label, in how many documents, and how often that was right."""

    key: str
    word: str
    label: str
    name: str
    documents: int
    """That are not settled."""
    right: int
    wrong: int
    """Settled documents."""


class EvidenceListOut(Out):
    """Words that spoke for labels in several documents that wait."""

    evidence: list[EvidenceOut]


class LineOut(Out):
    """A place where a word stands, with what is around it."""

    item: int
    version: int
    title: str
    before: str
    word: str
    after: str


class NextBestOut(Out):
    """A label that came next."""

    label: str
    name: str
    score: float
    """Mean of the documents that have it."""
    documents: int


class EvidenceGroupOut(Out):
    """Places of a word that have the same words nearby."""

    near: list[str]
    lines: list[LineOut]
    agreed: int
    """Settled documents of the group that have the label."""
    of: int
    """Settled documents of the group."""
    next_best: list[NextBestOut]


class EvidenceGroupsOut(Out):
    """All documents that wait for which a word spoke for a label."""

    key: str
    word: str
    label: str
    name: str
    groups: list[EvidenceGroupOut]
    left_out: int
    """Documents beyond the most that are grouped at once."""


class SpokenWordOut(Out):
    """A word that spoke for a label (effect above 0) or against it; start, end: characters."""

    field: str
    start: int
    end: int
    word: str
    effect: float


class RunnerUpOut(Out):
    """A sibling that came next."""

    label: str
    name: str
    score: Score
    threshold: float | None


class ItemLabelOut(Out):
    """A label of a document in review.

    Where the answer of the model is hidden there are only those that the reader has decided, and
    ``score``, ``threshold``, ``words``, ``runners_up`` and ``through`` say nothing.
    """

    label: str
    name: str
    level: int
    path: list[str]
    parents: list[str]
    mark: Mark
    shown: bool
    """The model gave it; false: a reader added it, or the answer is hidden."""
    score: Score | None
    threshold: float | None
    words: list[SpokenWordOut]
    runners_up: list[RunnerUpOut]
    through: str


class ReadingOut(Out):
    """What a reader has decided."""

    person: str
    part: Part
    submitted: str | None
    """When; null: not yet."""
    marks: dict[str, Mark]
    labels: list[str]
    """Closed upward."""


class EntryOut(Out):
    """A line of the log, as far as it may be told."""

    number: int
    moment: str
    person: str
    part: EntryPart
    item: int | None
    action: str
    label: str
    other: str
    text: str
    undoes: int | None
    group: str
    model_hash: str
    taxonomy_hash: str
    seen: dict[str, float]
    """Scores that were shown; none where the answer was hidden."""
    before: list[str]
    after: list[str]
    """Most specific labels of the reading."""
    previous: str
    hash: str
    withheld: bool = False
    """Labels, scores and words are left out, because the caller has still to read this document
    blind."""


class ItemOut(Out):
    """A document in review, as its reader sees it."""

    item: int
    id: str
    title: str
    text: dict[str, str]
    part: Part
    """What the caller reads it for."""
    state: State
    blind: bool
    audit: bool
    hidden: bool
    """The answer of the model and what others decided are hidden until the caller has submitted."""
    second: bool
    version: int
    holder: str
    labels: list[ItemLabelOut]
    undecided: list[str]
    none_fits: bool
    nothing_deeper: list[str]
    settled: list[str] | None
    """Most specific labels of a document that is done; null: it is not."""
    readings: list[ReadingOut]
    """The caller's, and those of others as far as the caller may see them."""
    entries: list[EntryOut]
    """The newest 100, oldest first."""
    entry_count: int
    notes: list[str]
    """What is to be known of the model's answer: that a text was cut, for one."""
    model: str
    model_hash: str
    taxonomy_hash: str


class SubmittedOut(Out):
    """What became of a document, and the one that is next; null: none waits."""

    item: ItemOut
    next: int | None


class LabelAgreementOut(Out):
    """How often two readers gave a label."""

    label: str
    name: str
    both: int
    first: int
    """Documents that the first reader alone gave it to."""
    second: int
    kappa: float | None


class PeopleOut(Out):
    """How far two readings of the same documents agree."""

    documents: int
    equal: int
    interval: Interval | None
    """Of the share of those that are equal, 95%, 0 to 1."""
    kappa: float | None
    alpha: float | None
    hierarchical_f1: float | None
    labels: list[LabelAgreementOut]
    """The most disputed first."""


class KindOut(Out):
    """Documents whose answer was shown, or those whose answer was hidden."""

    documents: int
    as_model: int
    """That were given exactly the labels of the model."""
    interval: Interval | None
    median_seconds: float | None


class AnchoringOut(Out):
    """How far readers are swayed by an answer that they see."""

    shown: KindOut
    blind: KindOut
    difference: float | None
    """Of the shares, -1 to 1."""
    interval: Interval | None
    sentence: str


class AgreementOut(Out):
    """How far readers agree with each other, and with the model where they see it."""

    agreement: PeopleOut
    anchoring: AnchoringOut


class RetiredOut(Out):
    """What another taxonomy did to the review."""

    labels: list[str]
    """In use, and not in the taxonomy of the model."""
    queued: list[int]
    """Documents that are queued again."""


class LogOut(Out):
    """A part of the log; next: what ``after`` is for the part behind it, null at the end."""

    entries: list[EntryOut]
    next: int | None


class RefusedOut(Out):
    """A document of several that could not be decided."""

    item: int
    why: str


class GroupOut(Out):
    """What became of a decision on several documents."""

    group: str
    """By which all of it is taken back; empty where nothing was decided."""
    decided: list[int]
    refused: list[RefusedOut]


class QueuedDocumentsOut(Out):
    """What became of documents."""

    added: int
    """They wait for people now."""
    known: int
    """They were there before, with this model."""
    filed: int
    """The policy in force has filed them, down to some level; what lies deeper waits for people."""
    left: int
    """The last ones, which were not reached in time: send them again."""


class DecisionIn(Asked):
    """A decision on a label of a document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"version": 0, "action": "accept", "label": "beekeeping"},
                {"version": 1, "action": "instead", "label": "trees", "other": "soil"},
                {"version": 2, "action": "none_fits"},
            ]
        }
    )

    version: Version
    action: Action
    label: Label = ""
    other: Label = ""
    """The label that is taken in its place, where one is."""


class VersionIn(Asked):
    """What a reader has seen of a document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 0}]})

    version: Version


class CommentIn(Asked):
    """A comment on a document."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "The second half is about cider."}]}
    )

    text: Annotated[str, Field(min_length=1, max_length=MOST_COMMENT)]


class SeenIn(VersionIn):
    """A document of several, and what its reader has seen of it."""

    item: Number


class GroupIn(Asked):
    """One decision on the label of several documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "reject", "items": [{"item": 1, "version": 0}]}]}
    )

    action: Literal["accept", "reject", "instead"]
    items: Annotated[list[SeenIn], Field(min_length=1, max_length=1_000)]
    other: Label = ""
    """The label that is taken in its place, with ``instead``."""


class SettleIn(VersionIn):
    """How a document is settled that two have read differently."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 0, "take": "kim"}]})

    take: Annotated[str, Field(max_length=255)] = ""
    """Whose reading holds; empty: the caller's own."""
    alone: bool = False
    """One of both readers settles it, because nobody else may; the log says so."""


class DocumentsIn(Asked):
    """Documents to be reviewed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"documents": [{"id": "a1", "text": "Bees swarm."}]}]}
    )

    documents: Many[Text]
    """As ``POST /v1/predict`` takes them."""

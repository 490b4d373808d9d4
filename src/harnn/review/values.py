"""What the review shows of documents, queues and progress: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from harnn.data import Document
from harnn.review.corrections import ModelState
from harnn.review.entries import Entry

State = Literal["open", "annotated", "disputed", "set_aside", "done"]
"""``open``: nobody has submitted it. ``annotated``: it waits for a second reading. ``disputed``:
two readings differ. ``set_aside``: for later. ``done``: its labels are settled."""
Part = Literal["annotate", "review"]
"""``annotate``: first readings alone. ``review``: second readings and settling too."""
Order = Literal["doubt", "value", "newest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOptions:
    """How documents are put into review."""

    blind_share: float = 0.1
    """Of the documents, 0 to 1, that are read without the model's answer."""
    second_share: float = 0.1
    """Of the documents, 0 to 1, that two people read."""
    audit: bool = False
    """Whether they were filed by themselves and are read to see how well: all are blind then."""
    second_doubt: float | None = None
    """Expected number of wrong labels from which on two people read a document; None: never."""
    seed: str | None = None
    """Key of the draw of both shares; None: a secret of the database."""
    evidence: bool = True
    """Whether the words that spoke for each label are kept; without them it is faster."""
    title_field: str | None = None
    """Field of the text that titles are taken from; None: ``title`` or the like, else the first."""


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word that spoke for a label, or against it."""

    field: str
    start: int
    end: int
    """Characters start to end of that field."""
    word: str
    effect: float
    """How much higher the log odds of the label are with the word than without it."""


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """A sibling that was not given."""

    label: str
    name: str
    score: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class PreparedLabel:
    """What the model says of a label that it gave."""

    label: str
    score: float
    threshold: float | None
    """None where scores alone do not decide."""
    words: tuple[ShownWord, ...] = ()
    """Those that did most for it and against it, in the order of the text."""
    runners_up: tuple[RunnerUp, ...] = ()
    through: str = ""
    """The label below it whose evidence this is; empty where it stands by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document with its answer, ready to be put into review."""

    document: Document
    model: ModelState
    title: str
    shown: Mapping[str, float]
    """Codes and scores of the labels that the model gave, closed upward."""
    labels: tuple[PreparedLabel, ...]
    """The same with their evidence, level-major."""
    notes: tuple[str, ...]
    doubt: float
    """Expected number of wrong labels."""
    value: float
    """For learning."""
    hint: str
    """The labels in doubt with their scores."""


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of documents that were to be reviewed."""

    added: tuple[int, ...]
    """Numbers of the new items."""
    known: int
    """Documents that were in review before, which stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """A document in the queue."""

    item: int
    id: str
    """As its sender calls it; may be empty."""
    title: str
    state: State
    blind: bool
    audit: bool
    """Whether it was filed by itself and is read to see how well; it is blind then."""
    second: bool
    """Whether it is to be read by two people."""
    disputed: bool
    doubt: float | None
    """Expected number of wrong labels; None where the model's answer is hidden."""
    value: float | None
    """For learning; None where the model's answer is hidden."""
    hint: str
    """The labels in doubt with their scores; empty where the model's answer is hidden."""
    holder: str
    """Who has it open at this moment; may be empty."""


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How often the model gave a label, and what people said of it; blind items left out."""

    label: str
    name: str
    open: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class EvidenceCount:
    """A word that spoke for a label in several documents; blind items left out."""

    key: str
    word: str
    label: str
    name: str
    documents: int
    """That are not settled."""
    right: int
    """Settled documents that have the label."""
    wrong: int


@dataclass(frozen=True, slots=True)
class ConcordanceLine:
    """A word with what stands before and after it in one document."""

    item: int
    version: int
    """Of the reading of who asks."""
    before: str
    word: str
    after: str
    title: str


@dataclass(frozen=True, slots=True)
class NextBest:
    """A label that may fit instead."""

    label: str
    name: str
    score: float
    """Mean of the documents that have it as a runner-up."""
    documents: int


@dataclass(frozen=True, slots=True)
class EvidenceGroup:
    """Documents in which the same words stand near the one that spoke for a label."""

    near: tuple[str, ...]
    lines: tuple[ConcordanceLine, ...]
    """Documents that are still to be decided."""
    agreed: int
    """Settled documents of the group that have the label."""
    of: int
    """Settled documents of the group."""
    next_best: tuple[NextBest, ...]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """All documents in which a word spoke for a label."""

    key: str
    word: str
    label: str
    name: str
    groups: tuple[EvidenceGroup, ...]
    left_out: int = 0
    """Documents beyond the first thousand, which are not looked at."""


@dataclass(frozen=True, slots=True)
class GroupDecision:
    """What became of a decision on several documents."""

    group: str
    """By which all of it can be undone; empty where nothing was decided."""
    decided: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]
    """Items, and why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelView:
    """A label of a document in review; without the model's part where that is hidden."""

    label: str
    name: str
    path: tuple[str, ...]
    """Codes from a root down to this one."""
    level: int
    parents: tuple[str, ...]
    mark: str
    """See :data:`harnn.review.Mark`."""
    shown: bool
    """Whether the model gave it; False where that is hidden."""
    score: float | None = None
    threshold: float | None = None
    """None where scores alone do not decide, or the answer is hidden."""
    words: tuple[ShownWord, ...] = ()
    runners_up: tuple[RunnerUp, ...] = ()
    through: str = ""
    """The label below it whose evidence this is."""


@dataclass(frozen=True, slots=True)
class ReadingView:
    """What one reader has decided."""

    person: str
    part: Part
    submitted: datetime | None
    marks: Mapping[str, str]
    labels: tuple[str, ...]
    """Closed upward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """A document in review as one person may see it."""

    item: int
    id: str
    text: Mapping[str, str]
    title: str
    part: Part
    """Of this person: the first reading, or a second one (or settling)."""
    blind: bool
    audit: bool
    hidden: bool
    """Whether the model's answer, and what others decided, is hidden now."""
    second: bool
    """Whether it is to be read by two people."""
    state: State
    version: int
    """Number of the newest entry of this person's reading; 0: there is none."""
    holder: str
    labels: tuple[LabelView, ...]
    """Level-major."""
    readings: tuple[ReadingView, ...]
    """Own and those of others that may be seen."""
    undecided: tuple[str, ...]
    none_fits: bool
    nothing_deeper: tuple[str, ...]
    settled: tuple[str, ...] | None
    """Most specific labels of a document that is done; else None."""
    entries: tuple[Entry, ...]
    """The newest 100, oldest first."""
    entry_count: int
    """Of all that this person may see."""
    notes: tuple[str, ...]
    """Of the prediction; none where its answer is hidden."""
    model: str
    model_hash: str
    taxonomy_hash: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a reading that was submitted."""

    view: ItemView
    next: int | None
    """Number of the item that comes next in the queue by doubt; None: nothing waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How far the review is, and one person's part of it."""

    total: int
    open: int
    annotated: int
    disputed: int
    set_aside: int
    done: int
    mine: int
    """Readings that this person has submitted."""
    as_model: int
    """Documents done whose labels are those that the model gave."""
    none_fits: int
    """Documents done that no label fits."""
    median_seconds: float | None
    """Of a reading that saw the model's answer, from opening to submission; None: no reading."""
    median_seconds_blind: float | None
    """The same of readings that did not."""
    about_left_seconds: float | None
    """Readings that are left times their median; None: no reading yet."""


@dataclass(frozen=True, slots=True)
class Retired:
    """What a new taxonomy did to the review."""

    labels: tuple[str, ...]
    """Labels in use that the new taxonomy does not have."""
    queued: tuple[int, ...]
    """Items that are queued again."""

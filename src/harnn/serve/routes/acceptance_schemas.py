"""What is asked and answered under /v1/acceptance, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from harnn.serve.asking import Asked
from harnn.serve.routes.review_schemas import Version
from harnn.serve.routes.schemas import ModelNamed, Out

MOST_LEVELS = 1_000
State = Literal["open", "no target", "too few documents", "out of reach", "closed above", "paused"]
AuditState = Literal["not audited", "kept", "below target", "paused"]
Verdict = Literal["right", "wrong", "not sure", "waiting"]
Target = Annotated[float, Field(gt=0, lt=1)]


class IntervalOut(Out):
    """A share that was counted, with its 95% Wilson interval, all 0 to 1."""

    right: int
    count: int
    share: float
    low: float
    high: float


class PointOut(Out):
    """What accepting all validation documents that are at least so sure would do."""

    cut: float
    """The least confidence that is accepted, 0 to 1."""
    share: float
    """Of all validation documents, 0 to 1."""
    precision: IntervalOut
    """Of those that are accepted, how many are right."""


class AcceptedLevelOut(Out):
    """What is accepted on a level; 1 is the top."""

    level: int
    name: str
    labels: int
    target: float | None
    """The least precision, 0 to 1; null: nothing is accepted to this level."""
    state: State
    needed: int | None
    """Accepted validation documents that the target takes at least; null: there is none."""
    in_question: int
    """Validation documents that could be accepted."""
    accepted: PointOut | None
    """The cut that accepts most and keeps the target; null: none does."""
    sentence: str
    """What is promised, or why nothing is."""
    curve: list[PointOut]
    """All that could be chosen, of documents that the levels above accept; the highest cut first,
    some 100 points at most."""


class OutcomeOut(Out):
    """What becomes of 1,000 documents like those of validation."""

    filed: list[int]
    """To each level, from the top, and no deeper."""
    waiting: int
    """They wait for a person from the top."""
    wrong: int
    """Of those that are filed, with a wrong label."""
    audited: int
    """Of those that are filed, drawn for the audit."""


class CourseOut(Out):
    """All audits of a level until the end of a day."""

    day: str
    precision: IntervalOut


class AuditedLevelOut(Out):
    """What the audit of a level has found, since its cut is what it is."""

    level: int
    accepted: int
    """Documents that were filed to it or deeper."""
    drawn: int
    waiting: int
    right: int
    wrong: int
    not_sure: int
    precision: IntervalOut | None
    """null: no document is read yet."""
    verdict: AuditState
    sentence: str
    warning: str
    """Why it may be, or is, below its target; empty where it is not."""
    since: str | None
    """When the first of them was filed; null: none was."""
    course: list[CourseOut]
    accepted_a_week: float
    audits_for_half: int | None
    """Audits that narrow the interval to half its width; null: there is none yet."""


class InForceOut(Out):
    """The policy that holds."""

    number: int
    """What ``version`` is for those who change it."""
    moment: str
    person: str
    """Who put it in force; empty: it changed by itself."""
    paused: list[int]
    """Levels that the audit has paused."""


class TermsOut(Out):
    """What a policy asks for."""

    targets: dict[int, float]
    audit_share: float
    blind_share: float
    pause: bool


class AcceptanceOut(Out):
    """What is accepted unattended: the curves, the policy in force, and its audit."""

    model: ModelNamed
    why: str
    """Why nothing can be accepted; empty: it can."""
    may_change: bool
    """The caller may put another policy in force."""
    documents: int
    """Of validation, from which the curves are."""
    unanswered: int
    least_training: int
    """Labels with fewer training documents are never accepted; 0: all may be."""
    terms: TermsOut
    in_force: InForceOut | None
    levels: list[AcceptedLevelOut]
    outcome: OutcomeOut | None
    audit: list[AuditedLevelOut]
    blind_seconds: float | None
    """That a document takes whose answer is hidden; null: not known yet."""
    seconds: float | None
    """The same of one whose answer is shown."""


class TriedOut(Out):
    """What other targets would do."""

    levels: list[AcceptedLevelOut]
    outcome: OutcomeOut


class AuditedOut(Out):
    """A document that was drawn for the audit.

    Until it is read nobody is told what was accepted, because whoever asks may read it.
    """

    item: int
    title: str
    filed: str
    level: int | None
    labels: list[str]
    """Names of the most specific labels accepted on the level that is looked at."""
    score: float | None
    """The least of theirs."""
    verdict: Verdict
    found: list[str]
    """Names of the labels that the auditor gave instead, where it is wrong."""


class AuditedListOut(Out):
    """Documents that were drawn; total: of all pages."""

    total: int
    audited: list[AuditedOut]


class FiledOut(Out):
    """A document that was filed unattended."""

    entry: int
    """Of the log, by which ``after`` goes on."""
    id: str
    moment: str
    model_hash: str
    level: int
    """The deepest one that it was filed to; labels that lie deeper wait for people."""
    labels: dict[str, float]
    """With their scores, closed upward."""


class FiledListOut(Out):
    """Documents that were filed; next: what ``after`` is for those behind, null at the end."""

    filed: list[FiledOut]
    next: int | None


class TargetsIn(Asked):
    """Targets of levels."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"targets": {"1": 0.95, "2": 0.9}, "audit_share": 0.05}]}
    )

    targets: Annotated[dict[int, Target], Field(max_length=MOST_LEVELS)]
    """The least precision by level, 1 being the top; levels that are not named have none."""
    audit_share: Annotated[float, Field(ge=0.01, le=1)] = 0.05
    """Of what is accepted."""
    resume: Annotated[list[int], Field(max_length=MOST_LEVELS, default_factory=list)]
    """Levels that are paused and are to accept again; their audit begins anew."""


class PolicyIn(TargetsIn):
    """A policy."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"version": 0, "targets": {"1": 0.95}, "audit_share": 0.05}]
        }
    )

    version: Version
    """The number of the policy in force that the caller has seen; 0: there was none."""
    blind_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Of the documents that are queued for people: the model's answer is hidden."""
    pause: bool = True
    """Pause a level by itself when the upper end of its interval falls below its target."""

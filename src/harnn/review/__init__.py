"""What people say of answers, kept in a database. Needs the extra ``review``.

:class:`Review` is where people read documents and decide label by label; its log can only be added
to. :class:`Corrections` holds the labels that other programs sent. A training set is made of both.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn._optional import require

if TYPE_CHECKING:
    from harnn.review.agreement import Agreement, Anchoring
    from harnn.review.audits import Audited, AuditedLevel
    from harnn.review.chain import Note, append
    from harnn.review.corrections import (
        Correction,
        Corrections,
        ModelState,
        named,
        training_documents,
    )
    from harnn.review.database import Database
    from harnn.review.entries import Entry
    from harnn.review.exporting import models_in_review, with_corrections
    from harnn.review.label_use import LabelUse
    from harnn.review.policy import Filed, FiledDocument, InForce, Policies, Terms
    from harnn.review.preparing import prepare
    from harnn.review.reading import Mark, Reading
    from harnn.review.store import Review
    from harnn.review.telling import told
    from harnn.review.values import (
        ConcordanceLine,
        Enqueued,
        EnqueueOptions,
        EvidenceCount,
        EvidenceGroup,
        EvidenceView,
        GroupDecision,
        ItemView,
        LabelCount,
        LabelView,
        NextBest,
        Order,
        Part,
        Prepared,
        PreparedLabel,
        QueueItem,
        ReadingView,
        Retired,
        RunnerUp,
        ShownWord,
        State,
        Submitted,
        Summary,
    )


def _check() -> None:
    for module in ("sqlalchemy", "alembic"):
        require(module, purpose="A database of corrections", extra="review")


on_demand(
    __name__,
    {
        "corrections": "Correction Corrections ModelState named training_documents",
        "chain": "Note append",
        "database": "Database",
        "entries": "Entry",
        "label_use": "LabelUse",
        "exporting": "models_in_review with_corrections",
        "agreement": "Agreement Anchoring",
        "reading": "Mark Reading",
        "audits": "Audited AuditedLevel",
        "policy": "Filed FiledDocument InForce Policies Terms",
        "preparing": "prepare",
        "store": "Review",
        "telling": "told",
        "values": "ConcordanceLine Enqueued EnqueueOptions EvidenceCount EvidenceGroup "
        "EvidenceView GroupDecision ItemView LabelCount LabelView NextBest Order Part Prepared "
        "PreparedLabel QueueItem ReadingView Retired RunnerUp ShownWord State Submitted Summary",
    },
    check=_check,
)


__all__ = [
    "Agreement",
    "Anchoring",
    "Audited",
    "AuditedLevel",
    "ConcordanceLine",
    "Correction",
    "Corrections",
    "Database",
    "EnqueueOptions",
    "Enqueued",
    "Entry",
    "EvidenceCount",
    "EvidenceGroup",
    "EvidenceView",
    "Filed",
    "FiledDocument",
    "GroupDecision",
    "InForce",
    "ItemView",
    "LabelCount",
    "LabelUse",
    "LabelView",
    "Mark",
    "ModelState",
    "NextBest",
    "Note",
    "Order",
    "Part",
    "Policies",
    "Prepared",
    "PreparedLabel",
    "QueueItem",
    "Reading",
    "ReadingView",
    "Retired",
    "Review",
    "RunnerUp",
    "ShownWord",
    "State",
    "Submitted",
    "Summary",
    "Terms",
    "append",
    "models_in_review",
    "named",
    "prepare",
    "told",
    "training_documents",
    "with_corrections",
]

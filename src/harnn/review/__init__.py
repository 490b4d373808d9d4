"""What people say of answers, kept in a database. Needs the extra ``review``.

:class:`Corrections` holds the labels that people gave documents, and with which model they were
answered; a training set is made of them.
"""

from typing import TYPE_CHECKING, Any

from harnn._lazy import on_demand
from harnn._optional import require

if TYPE_CHECKING:
    from harnn.review.audits import Audited, AuditedLevel
    from harnn.review.chain import Note, append
    from harnn.review.corrections import (
        Correction,
        Corrections,
        ModelState,
        training_documents,
    )
    from harnn.review.database import Database
    from harnn.review.entries import Entry
    from harnn.review.policy import Filed, InForce, Policies, Terms
    from harnn.review.preparing import prepare
    from harnn.review.store import Review
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

_get, __dir__ = on_demand(
    __name__,
    {
        "corrections": "Correction Corrections ModelState training_documents",
        "audits": "Audited AuditedLevel",
        "chain": "Note append",
        "database": "Database",
        "entries": "Entry",
        "policy": "Filed InForce Policies Terms",
        "preparing": "prepare",
        "store": "Review",
        "values": "ConcordanceLine Enqueued EnqueueOptions EvidenceCount EvidenceGroup "
        "EvidenceView GroupDecision ItemView LabelCount LabelView NextBest Order Part Prepared "
        "PreparedLabel QueueItem ReadingView Retired RunnerUp ShownWord State Submitted Summary",
    },
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in ("sqlalchemy", "alembic"):
            require(module, purpose="A database of corrections", extra="review")
    return _get(name)


__all__ = [
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
    "GroupDecision",
    "InForce",
    "ItemView",
    "LabelCount",
    "LabelView",
    "ModelState",
    "NextBest",
    "Note",
    "Order",
    "Part",
    "Policies",
    "Prepared",
    "PreparedLabel",
    "QueueItem",
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
    "prepare",
    "training_documents",
]

"""A promise that can be checked: what is accepted unattended, and how often that is right.

From scores of labelled documents to an :class:`Acceptance`: to each level documents are accepted
from that confidence on from which their precision keeps a target. :func:`file_answers` files
answers by it, :func:`is_drawn` draws a sample of what was accepted, and :func:`judge_audits` tells
from what an auditor found whether a level keeps its promise. :class:`LabelSets` are for those who
would rather know that the true labels are among some. Numbers in, values out: no database, and no
model.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.acceptance.acceptance import (
        Acceptance,
        LevelAcceptance,
        Outcome,
        State,
        make_acceptance,
    )
    from harnn.acceptance.audit import (
        LEAST_AUDITS,
        AuditCount,
        LevelAudit,
        Verdict,
        audit_marks,
        audits_for_spread,
        audits_to_exclude,
        course,
        judge_audits,
    )
    from harnn.acceptance.confidence import Judged, are_right, confidences, filed_levels, judge
    from harnn.acceptance.curve import READINGS, Curve, CurvePoint, Reading, documents_needed
    from harnn.acceptance.filing import Filing, file_answers
    from harnn.acceptance.interval import Interval, as_asked, wilson
    from harnn.acceptance.label_sets import (
        LabelSets,
        LevelSets,
        SetMetrics,
        SetSizes,
        documents_needed_for_sets,
        make_label_sets,
        measure_label_sets,
    )
    from harnn.acceptance.sampling import draw, is_drawn
    from harnn.acceptance.stored import from_json, load_acceptance, save_acceptance, to_json
    from harnn.acceptance.trial import LevelTrial, Trial, try_acceptance

on_demand(
    __name__,
    {
        "acceptance": "Acceptance LevelAcceptance Outcome State make_acceptance",
        "audit": "LEAST_AUDITS AuditCount LevelAudit Verdict audit_marks "
        "audits_for_spread audits_to_exclude course judge_audits",
        "confidence": "Judged are_right confidences filed_levels judge",
        "curve": "READINGS Curve CurvePoint Reading documents_needed",
        "filing": "Filing file_answers",
        "interval": "Interval as_asked wilson",
        "label_sets": "LabelSets LevelSets SetMetrics SetSizes documents_needed_for_sets "
        "make_label_sets measure_label_sets",
        "sampling": "draw is_drawn",
        "stored": "from_json load_acceptance save_acceptance to_json",
        "trial": "LevelTrial Trial try_acceptance",
    },
)

__all__ = [
    "LEAST_AUDITS",
    "READINGS",
    "Acceptance",
    "AuditCount",
    "Curve",
    "CurvePoint",
    "Filing",
    "Interval",
    "Judged",
    "LabelSets",
    "LevelAcceptance",
    "LevelAudit",
    "LevelSets",
    "LevelTrial",
    "Outcome",
    "Reading",
    "SetMetrics",
    "SetSizes",
    "State",
    "Trial",
    "Verdict",
    "are_right",
    "as_asked",
    "audit_marks",
    "audits_for_spread",
    "audits_to_exclude",
    "confidences",
    "course",
    "documents_needed",
    "documents_needed_for_sets",
    "draw",
    "file_answers",
    "filed_levels",
    "from_json",
    "is_drawn",
    "judge",
    "judge_audits",
    "load_acceptance",
    "make_acceptance",
    "make_label_sets",
    "measure_label_sets",
    "save_acceptance",
    "to_json",
    "try_acceptance",
    "wilson",
]

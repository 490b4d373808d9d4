"""Automatic acceptance over HTTP: its curves, the policy in force, and the audit."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from harnn import review
from harnn.acceptance import (
    Acceptance,
    AuditCount,
    audits_for_spread,
    judge_audits,
)
from harnn.serve.asking import Admin, json_response
from harnn.serve.desk import Desk, DeskHere, plain
from harnn.serve.labels import check_level
from harnn.serve.problems import RequestError
from harnn.serve.routes.acceptance_schemas import (
    AcceptanceOut,
    AuditedListOut,
    FiledListOut,
    PolicyIn,
    TargetsIn,
    TriedOut,
    Verdict,
)
from harnn.serve.routes.schemas import problems
from harnn.taxonomy import Taxonomy

router = APIRouter(prefix="/v1/acceptance", tags=["acceptance"])
_READS = problems(404, 409, 503)
_POINTS = 100
_OF = 1_000


@router.get("", response_model=AcceptanceOut, responses=problems(404, 503))
async def show(desk: DeskHere) -> Response:
    """What is accepted unattended, how right that is by validation and by audit."""
    try:
        policies = desk.service.policies_of(desk.served)
    except RequestError as error:
        return json_response(_nothing(desk, error.detail))
    return json_response(await _described(desk, policies))


@router.put("", response_model=AcceptanceOut, responses=_READS)
async def put(desk: DeskHere, _: Admin, body: PolicyIn) -> Response:
    """Put a policy in force; it stands in the log, with who did it."""
    policies = desk.service.policies_of(desk.served)
    terms = review.Terms(
        targets=body.targets,
        audit_share=body.audit_share,
        blind_share=body.blind_share,
        pause=body.pause,
    )
    await asyncio.to_thread(
        policies.put,
        terms,
        person=desk.person,
        version=body.version,
        resume=frozenset(body.resume),
    )
    return json_response(await _described(desk, policies))


@router.post("/preview", response_model=TriedOut, responses=_READS)
async def preview(desk: DeskHere, body: TargetsIn) -> Response:
    """What other targets would do; nothing changes."""
    policies = desk.service.policies_of(desk.served)
    now = await asyncio.to_thread(policies.in_force)
    paused = (now.paused if now else frozenset()) - {*body.resume}
    wanted = policies.applied(None).with_targets(body.targets)
    wanted = wanted.with_paused(paused & body.targets.keys())
    levels = [each.to_dict(most=_POINTS) for each in wanted.levels]
    return json_response({"levels": levels, "outcome": _outcome(wanted, body.audit_share)})


@router.get("/audit", response_model=AuditedListOut, responses=_READS)
async def audited(
    desk: DeskHere,
    level: Annotated[
        int | None, Query(ge=1, le=1_000, description="Filed to it or deeper; judged there.")
    ] = None,
    verdict: Verdict | None = None,
    offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Documents that were drawn for the audit: those that were read last, then those that wait."""
    policies = desk.service.policies_of(desk.served)
    if level is not None:
        check_level(desk.served.predictor.taxonomy, level)
    found = await asyncio.to_thread(policies.audited)
    chosen = [
        each
        for each in sorted(found, key=_when_read, reverse=True)
        if (level is None or each.level >= level)
        and verdict in (None, each.verdict(level or each.level))
    ]
    page = chosen[offset : offset + limit]
    taxonomy = desk.served.predictor.taxonomy
    rows = [_audited(each, level or each.level, taxonomy) for each in page]
    return json_response({"total": len(chosen), "audited": rows})


@router.get("/filed", response_model=FiledListOut, responses=_READS)
async def filed(
    desk: DeskHere,
    after: Annotated[int, Query(ge=0, lt=1 << 31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """Documents that were filed unattended, in the order in which they were.

    Those that were drawn for the audit are left out: their labels are what people say, and come
    with ``/v1/review/export``.
    """
    policies = desk.service.policies_of(desk.served)
    found = await asyncio.to_thread(policies.filed, after, limit)
    following = found[-1].entry if len(found) == limit else None
    return json_response({"filed": plain(found), "next": following})


async def _described(desk: Desk, policies: review.Policies) -> dict[str, Any]:
    now, levels = await asyncio.to_thread(policies.audit)
    summary = await desk.do(review.Review.summary, desk.person)
    terms = now.terms if now else review.Terms()
    applied = policies.applied(now)
    return _frame(desk) | {
        "documents": applied.documents,
        "unanswered": applied.judged.unanswered,
        "least_training": applied.least_training,
        "terms": _terms(terms),
        "in_force": None if now is None else _in_force(now),
        "levels": [each.to_dict(most=_POINTS) for each in applied.levels],
        "outcome": _outcome(applied, terms.audit_share),
        "audit": [_audit(each, terms.targets.get(each.level)) for each in levels],
        "blind_seconds": summary.median_seconds_blind,
        "seconds": summary.median_seconds,
    }


def _nothing(desk: Desk, why: str) -> dict[str, Any]:
    return _frame(desk, why) | {
        "documents": 0,
        "unanswered": 0,
        "least_training": 0,
        "terms": _terms(review.Terms()),
        "in_force": None,
        "levels": [],
        "outcome": None,
        "audit": [],
        "blind_seconds": None,
        "seconds": None,
    }


def _frame(desk: Desk, why: str = "") -> dict[str, Any]:
    model = {"name": desk.served.name, "version": desk.served.version}
    return {"model": model, "why": why, "may_change": desk.caller.may("admin")}


def _terms(terms: review.Terms) -> dict[str, Any]:
    return {
        "targets": dict(terms.targets),
        "audit_share": terms.audit_share,
        "blind_share": terms.blind_share,
        "pause": terms.pause,
    }


def _in_force(now: review.InForce) -> dict[str, Any]:
    return {
        "number": now.number,
        "moment": now.moment.isoformat(),
        "person": now.person,
        "paused": sorted(now.paused),
    }


def _outcome(acceptance: Acceptance, audit_share: float) -> dict[str, Any]:
    found = acceptance.outcome(_OF)
    filed = sum(found.filed)
    return found._asdict() | {"audited": round(audit_share * filed)}


def _audit(each: review.AuditedLevel, target: float | None) -> dict[str, Any]:
    count = each.count
    judged = None if target is None else judge_audits(count, target)
    interval = count.interval
    half = None if interval is None else audits_for_spread(interval.share, interval.spread / 2)
    return {
        "level": each.level,
        "accepted": each.accepted,
        "drawn": each.drawn,
        "waiting": each.waiting,
        "right": count.right,
        "wrong": count.wrong,
        "not_sure": count.not_sure,
        "precision": None if interval is None else interval.to_dict(),
        "verdict": "not audited" if judged is None else judged.verdict,
        "sentence": "" if judged is None else judged.sentence(),
        "warning": "" if judged is None else judged.warning(each.level),
        "since": None if each.since is None else each.since.isoformat(),
        "course": [_day(day.isoformat(), so_far) for day, so_far in each.course if so_far.judged],
        "accepted_a_week": each.accepted_a_week,
        "audits_for_half": half,
    }


def _day(day: str, so_far: AuditCount) -> dict[str, Any]:
    interval = so_far.interval
    assert interval is not None
    return {"day": day, "precision": interval.to_dict()}


def _when_read(each: review.Audited) -> float:
    return 0.0 if each.judged is None else each.judged.timestamp()


def _audited(each: review.Audited, level: int, taxonomy: Taxonomy) -> dict[str, Any]:
    verdict = each.verdict(level)
    plain = {
        "item": each.item,
        "title": each.title,
        "filed": each.filed.isoformat(),
        "level": None,
        "labels": [],
        "score": None,
        "verdict": verdict,
        "found": [],
    }
    if verdict not in ("right", "wrong"):
        return plain
    index = taxonomy.index
    to_level = [c for c in each.accepted if taxonomy.levels[index[c]] <= level]
    labels = taxonomy.most_specific(taxonomy.columns(tuple(to_level))).tolist()
    codes = [taxonomy.codes[column] for column in labels]
    found = () if verdict == "right" else each.found
    return plain | {
        "level": each.level,
        "labels": [taxonomy.names[column] for column in labels],
        "score": min(each.accepted[code] for code in codes),
        "found": [taxonomy.names[taxonomy.index[code]] for code in found],
    }

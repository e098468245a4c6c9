"""What everyone may see of draws (抽取公示): commitments at once, results when no seal withholds
them, attempts that were abandoned, for ever."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Draw, DrawWitness, InspectionObject, Officer, Organisation, Plan
from server.services.drawing.finding import without_heavy
from server.services.drawing.giving_out import teams_of
from server.services.drawing.rolling import is_sealed
from server.services.planning.plans import revision_of
from server.services.scope import in_earnest

PUBLIC_STATES = ("committed", "drawn", "abandoned")


def public_draws(session: Session, *, after: str | None = None, limit: int) -> dict[str, Any]:
    """One page of the draws that are public, the newest first, without their results; `after` is
    the last one of the page before. Raises `not_found` for a draw that is not public."""
    query = (
        select(Draw, Organisation)
        .join(Organisation, Organisation.id == Draw.organisation_id)
        .where(Draw.state.in_(PUBLIC_STATES), in_earnest())
        .options(*without_heavy)
        .order_by(Draw.frozen_at.desc(), Draw.id)
    )
    if after is not None:
        last = find_public(session, after)
        earlier = Draw.frozen_at < last.frozen_at
        query = query.where(earlier | ((Draw.frozen_at == last.frozen_at) & (Draw.id > last.id)))
    rows = session.execute(query.limit(limit + 1)).all()
    page = rows[:limit]
    return {
        "items": [_heading(draw, body) for draw, body in page],
        "next": page[-1].Draw.id if len(rows) > limit else None,
    }


def public_draw(session: Session, *, draw_id: str, now: datetime) -> dict[str, Any]:
    """One draw: what it was made of and what came out, as far as no seal withholds it.

    Raises `not_found`.
    """
    drawing = find_public(session, draw_id)
    body = session.get_one(Organisation, drawing.organisation_id)
    plan = session.get_one(Plan, drawing.plan_id)
    content = revision_of(session, plan, drawing.plan_revision).content
    shown = drawing.state == "drawn" and not is_sealed(drawing, now)
    return {
        **_heading(drawing, body),
        "plan_name": content["name"],
        "pool_root": drawing.pool_root,
        "counts": drawing.pool_counts,
        "strata": _strata(drawing),
        "witnesses": _witness_kinds(session, drawing),
        "sealed": drawing.state == "drawn" and not shown,
        "dice": drawing.dice if shown else None,
        "seed": drawing.seed if shown else None,
        "checks": _checks(session, drawing) if shown else [],
        "events": _events(session, drawing) if shown else [],
        "entries": drawing.entries,
    }


def find_public(session: Session, draw_id: str) -> Draw:
    """A draw that is public in some part. Raises `not_found`."""
    query = select(Draw).join(Organisation, Organisation.id == Draw.organisation_id)
    drawing = session.scalars(
        query.where(Draw.id == draw_id, Draw.state.in_(PUBLIC_STATES), in_earnest())
    ).one_or_none()
    if drawing is None:
        raise DomainError("not_found")
    return drawing


def find_replayable(session: Session, draw_id: str, *, now: datetime) -> Draw:
    """A draw whose bundle and pool are public. Raises `not_found`, also while a seal holds: who has
    seed and pool can compute the draw."""
    drawing = find_public(session, draw_id)
    if drawing.state != "drawn" or is_sealed(drawing, now):
        raise DomainError("not_found")
    return drawing


def _heading(drawing: Draw, body: Organisation) -> dict[str, Any]:
    return {
        "id": drawing.id,
        "slot": drawing.slot,
        "organisation": body,
        "state": drawing.state,
        "from_day": drawing.from_day,
        "to_day": drawing.to_day,
        "sealed_until": drawing.sealed_until,
        "commitment": drawing.commitment,
        "committed_at": drawing.committed_at,
        "drawn_at": drawing.drawn_at,
        "abandoned_at": drawing.abandoned_at,
        "abandon_reason": drawing.abandon_reason,
    }


def _strata(drawing: Draw) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "label": rule["label"],
            "quota": rule["quota"],
            "reserve": rule["reserve"],
            "forced": rule["forced"],
            **drawing.pool_counts.get(code, {"all": 0, "eligible": 0}),
        }
        for code, rule in drawing.rules["strata"].items()
    ]


def _witness_kinds(session: Session, drawing: Draw) -> list[dict[str, Any]]:
    query = select(DrawWitness).where(DrawWitness.draw_id == drawing.id)
    return [
        {"code": each.code, "kind": each.kind, "signed": each.signed_at is not None}
        for each in session.scalars(query.order_by(DrawWitness.number))
    ]


def _checks(session: Session, drawing: Draw) -> list[dict[str, Any]]:
    """Who is checked by whom, by name, as the notice has it published ahead (N24)."""
    teams = teams_of(drawing)
    sites = _by_id(session, InspectionObject, list(teams))
    officers = _by_id(
        session, Officer, {post.officer_id for team in teams.values() for post in team}
    )
    drawn = {each["id"]: each for each in [*(drawing.objects or ()), *(drawing.reserve or ())]}
    return [
        {
            "object_id": object_id,
            "name": sites[object_id].name,
            "stratum": drawn[object_id]["stratum"],
            "rank": drawn[object_id]["rank"],
            "officers": [
                {"name": officers[post.officer_id].name, "role": post.role} for post in team
            ],
        }
        for object_id, team in teams.items()
    ]


def _events(session: Session, drawing: Draw) -> list[dict[str, Any]]:
    """What happened since, told with names; a recusal's private ground is nowhere."""
    named = [each.get("object") for each in drawing.events]
    named += [result.get("replacement") for result in drawing.after]
    sites = _by_id(session, InspectionObject, [each for each in named if each])
    ids = {event["officer"] for event in drawing.events if "officer" in event}
    officers = _by_id(session, Officer, ids)
    return [
        {
            "kind": event["kind"],
            "object": _name(sites, event.get("object")),
            "replacement": _name(sites, result.get("replacement")),
            "officer": _name(officers, event.get("officer")),
        }
        for event, result in zip(drawing.events, drawing.after, strict=True)
    ]


def _name(known: Mapping[str, Any], id_: str | None) -> str | None:
    return known[id_].name if id_ else None


def _by_id(session: Session, model: Any, ids: Sequence[str] | set[str]) -> dict[str, Any]:
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(ids)))}

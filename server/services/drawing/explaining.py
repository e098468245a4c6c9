"""Explain (说明): why an object was drawn or not, and an officer, told from what is published."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from draw.tickets import key_of
from server.models import Draw, DrawPoolRow, Organisation
from server.models.organisations import line_of
from server.services.drawing.giving_out import teams_of
from server.services.drawing.rolling import is_sealed
from server.services.registers.objects import object_in_scope
from server.services.registers.officers import officer_in_scope
from server.services.scope import Actor
from server.services.tasks.frequency import FrequencyRules, add_months, checks_of_objects

NEWEST = 24
"""So many draws are told: two years of months."""


def explain_object(
    session: Session, *, actor: Actor, object_id: str, rules: FrequencyRules, now: datetime
) -> dict[str, Any]:
    """For each draw that an object was in the pool of: its weight and why, whether it could be
    drawn, its key beside the last that was drawn, what came of it; its checks; and when it may be
    drawn again. Raises `not_found`."""
    site = object_in_scope(session, actor=actor, object_id=object_id)
    rows = session.execute(
        select(Draw, DrawPoolRow.row)
        .join(DrawPoolRow, DrawPoolRow.draw_id == Draw.id)
        .where(DrawPoolRow.object_id == object_id)
        .order_by(Draw.frozen_at.desc(), Draw.id)
        .limit(NEWEST)
    ).all()
    checks = sorted(checks_of_objects(session, [object_id])[object_id], key=lambda each: each.day)
    return {
        "object_id": object_id,
        "checks": [vars(each) for each in checks],
        "free_from": _free_from([each.day for each in checks if each.origin != "recheck"], rules),
        "active": site.active,
        "draws": [_of_object(draw, json.loads(row), now) for draw, row in rows],
    }


def explain_officer(
    session: Session, *, actor: Actor, officer_id: str, now: datetime
) -> dict[str, Any]:
    """For each draw of an officer's part of the tree: their balls or why they were left out, each
    pick with its exact chance, how often and why they were passed over. Raises `not_found`."""
    officer = officer_in_scope(session, actor=actor, officer_id=officer_id)
    home = session.get_one(Organisation, officer.organisation_id)
    draws = session.scalars(
        select(Draw)
        .where(Draw.organisation_id.in_(line_of(home.path)))
        .order_by(Draw.frozen_at.desc(), Draw.id)
        .limit(NEWEST)
    )
    told = [_of_officer(draw, officer_id, now) for draw in draws]
    return {"officer_id": officer_id, "draws": [each for each in told if each]}


def _free_from(days: Sequence[date], rules: FrequencyRules) -> date | None:
    return add_months(max(days), rules.interval_months) if days else None


def _of_object(drawing: Draw, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    told = {
        "draw_id": drawing.id,
        "slot": drawing.slot,
        "state": drawing.state,
        "stratum": row["stratum"],
        "eligible": row["eligible"],
        "reason": row["reason"],
        "weight": row["weight"],
        "why": _words(drawing, row["why"]),
        "outcome": None,
        "rank": None,
        "key": None,
        "last_key_drawn": None,
    }
    if drawing.state != "drawn" or is_sealed(drawing, now):
        return told
    return told | _outcome(drawing, row)


def _outcome(drawing: Draw, row: Mapping[str, Any]) -> dict[str, Any]:
    """Drawn, a substitute, or neither: then its key is above the last that was drawn."""
    drawn = {each["id"]: each for each in drawing.objects or ()}
    reserve = {each["id"]: each for each in drawing.reserve or ()}
    found = drawn.get(row["id"]) or reserve.get(row["id"])
    keys = [each["key"] for each in drawn.values() if each["stratum"] == row["stratum"]]
    stands = row["id"] in teams_of(drawing)
    outcome = "drawn" if row["id"] in drawn else "substitute" if found else "not_drawn"
    if outcome == "drawn" and not stands:
        outcome = "replaced"
    elif outcome == "substitute" and stands:
        outcome = "moved_up"
    key = None
    if row["eligible"]:
        key = key_of(bytes.fromhex(drawing.seed or ""), row["id"], row["weight"]).hex()
    return {
        "outcome": outcome,
        "rank": found["rank"] if found else None,
        "key": key,
        "last_key_drawn": max(keys, default=None),
    }


def _words(drawing: Draw, codes: Sequence[str]) -> list[dict[str, Any]]:
    factors = {each["code"]: each for each in drawing.rules["weights"]["factors"]}
    return [{name: factors[code][name] for name in ("code", "label", "points")} for code in codes]


def _of_officer(drawing: Draw, officer_id: str, now: datetime) -> dict[str, Any] | None:
    row = next((each for each in drawing.officers if each["id"] == officer_id), None)
    left = next((each for each in drawing.left_out if each["officer_id"] == officer_id), None)
    if row is None and left is None:
        return None
    shown = drawing.state == "drawn" and not is_sealed(drawing, now)
    assignments = _all_assignments(drawing) if shown else []
    passed = Counter(
        over["reason"]
        for each in assignments
        for over in each["passed_over"]
        if over["officer"] == officer_id
    )
    return {
        "draw_id": drawing.id,
        "slot": drawing.slot,
        "state": drawing.state,
        "left_out": left["reason"] if left else None,
        "balls": row["balls"] if row else 0,
        "picks": [
            {
                "object": each["object"],
                "role": each["role"],
                "own_balls": each["own_balls"],
                "admissible_balls": each["admissible_balls"],
            }
            for each in assignments
            if each["officer"] == officer_id
        ],
        "passed_over": dict(passed),
    }


def _all_assignments(drawing: Draw) -> list[dict[str, Any]]:
    """Those of the draw, and those of every event since."""
    late = [each for result in drawing.after for each in result["assignments"]]
    return [*(drawing.assignments or ()), *late]

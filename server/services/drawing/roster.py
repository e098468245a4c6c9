"""The officers of a draw (执法检查人员): who is in the drum, who is left out and why (N17, N18)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import Officer, Organisation
from server.services.drawing.codes import in_nfc, specialty_code
from server.services.planning.weight_rules import balls_of
from server.services.scope import below


class Roster(NamedTuple):
    """Rows for the bundle, and who is left out: `{officer_id, reason}` each. `specialties` are all
    that the drum's officers have, in words."""

    rows: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    specialties: set[str]


def roster_of(
    session: Session,
    *,
    organisation: Organisation,
    weights: Mapping[str, Any],
    last_day: date,
    pooled: bool,
    jurisdictions: Sequence[str],
) -> Roster:
    """The drum's officers within an organisation's part of the tree.

    An officer acts for the body they belong to and those below it; where a plan pools officers
    (N20), for every jurisdiction of the pool. Left out are those without a certificate that lasts
    to the last day of the period, and posts that the weight table gives no ball.
    """
    found = session.execute(
        select(Officer, Organisation)
        .join(Organisation, Organisation.id == Officer.organisation_id)
        .where(below(organisation.path))
        .order_by(Officer.id)
    ).all()
    codes = _codes_below(session, organisation)
    roster = Roster([], [], set())
    for officer, home in found:
        balls = balls_of(weights, officer.post)
        reason = _left_out(officer, balls, last_day)
        if reason:
            roster.left_out.append({"officer_id": officer.id, "reason": reason})
            continue
        own = [code for path, code in codes if path.startswith(home.path)]
        acts = jurisdictions if pooled else [code for code in jurisdictions if code in own]
        roster.specialties.update(officer.specialties)
        roster.rows.append(
            {
                "id": officer.id,
                "post": in_nfc(officer.post),
                "balls": balls,
                "lead": officer.lead_qualified,
                "jurisdictions": sorted(acts),
                "specialties": sorted({specialty_code(words) for words in officer.specialties}),
            }
        )
    return roster


def _codes_below(session: Session, organisation: Organisation) -> list[tuple[str, str]]:
    bodies = session.scalars(select(Organisation).where(below(organisation.path)))
    return [(body.path, body.division_code) for body in bodies]


def _left_out(officer: Officer, balls: int, last_day: date) -> str | None:
    if not officer.active:
        return "inactive"
    if not officer.certificate_number or officer.certificate_expires_on is None:
        return "certificate_missing"
    if officer.certificate_expires_on < last_day:
        return "certificate_expires"
    return None if balls else "no_ball"

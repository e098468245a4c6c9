"""Certificates (执法证件) that keep officers from being sent, or soon will (N17)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from server.models import Officer, Organisation
from server.services.scope import Actor, in_scope


def drawable(day: date) -> ColumnElement[bool]:
    """A condition on Officer: on duty, with a certificate that holds on that day."""
    return and_(
        Officer.active,
        Officer.certificate_number.is_not(None),
        Officer.certificate_expires_on >= day,
    )


def ending_certificates(
    session: Session, *, actor: Actor, today: date, within_days: int
) -> Sequence[dict[str, Any]]:
    """Officers on duty whose certificate is missing, has expired, or expires within so many days:
    the most urgent first, with `state` missing | expired | expiring and the days that are left."""
    rows = session.scalars(
        select(Officer)
        .join(Organisation, Organisation.id == Officer.organisation_id)
        .where(in_scope(actor), Officer.active)
        .where(
            or_(
                Officer.certificate_number.is_(None),
                Officer.certificate_expires_on.is_(None),
                Officer.certificate_expires_on <= today + timedelta(days=within_days),
            )
        )
        .order_by(Officer.certificate_expires_on.nulls_first(), Officer.id)
    )
    return [_told(officer, today) for officer in rows]


def _told(officer: Officer, today: date) -> dict[str, Any]:
    expires_on = officer.certificate_expires_on
    if officer.certificate_number is None or expires_on is None:
        state, days_left = "missing", None
    else:
        days_left = (expires_on - today).days
        state = "expired" if days_left < 0 else "expiring"
    return {"officer": officer, "state": state, "days_left": days_left}

"""The audit trail's head goes into the ledger daily (链头入账): a rewritten trail shows."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.models import AuditSeal, LedgerEntry
from server.services.ledger.appending import append_body
from server.signing import Signer

KIND = "heads"


def anchor_audit(session: Session, *, signer: Signer, now: datetime) -> bool:
    """Append the newest seal of the audit trail, once a Chinese day; gives whether it did."""
    name = f"audit/{china_date(now).isoformat()}"
    told = select(LedgerEntry.position).where(LedgerEntry.kind == KIND, LedgerEntry.name == name)
    if session.scalar(told.limit(1)) is not None:
        return False
    seal = session.scalar(select(AuditSeal).order_by(AuditSeal.position.desc()).limit(1))
    if seal is None:
        return False
    body = {"audit": {"position": seal.position, "digest": seal.digest}}
    append_body(session, signer=signer, kind=KIND, name=name, body=body, now=now)
    return True

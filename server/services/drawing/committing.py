"""Commit (承诺): from here nothing may change. Abandon (放弃): only before the dice, openly."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from draw.ceremony import commitment
from draw.faults import Refused
from server.errors import DomainError
from server.models import Draw, Organisation
from server.services.audit.acts import record_act
from server.services.drawing.finding import find_draw, frozen_of, require_state
from server.services.drawing.refusals import as_domain_error
from server.services.ledger.appending import append_body
from server.services.scope import Actor
from server.signing import Signer

REVEAL_MINUTES = 10
"""How long witnesses may take to open their shares; nobody waits longer."""


def commit_draw(
    session: Session, *, actor: Actor, draw_id: str, signer: Signer | None, now: datetime
) -> Draw:
    """Commit to all that is frozen and to the witnesses' commitments; it goes into the ledger and
    is public at once. Raises `not_found`, `draw_state` for a second commitment,
    `ledger_key_missing`, `draw_refused`."""
    drawing = find_draw(session, actor=actor, draw_id=draw_id, lock=True)
    require_state(drawing, "frozen")
    try:
        frozen = frozen_of(session, drawing)
        drawing.commitment = commitment(frozen, drawing.shares).hex()
    except Refused as refused:
        raise as_domain_error(refused) from None
    if frozen.pool.root.hex() != drawing.pool_root:  # somebody changed the frozen rows by hand
        raise DomainError("draw_refused", details={"faults": [{"code": "commitment_differs"}]})
    drawing.state, drawing.committed_at = "committed", now
    drawing.reveal_until = now + timedelta(minutes=REVEAL_MINUTES) if drawing.shares else now
    said = {
        "slot": drawing.slot, "commitment": drawing.commitment, "pool_root": drawing.pool_root,
        "counts": drawing.pool_counts, "witnesses": len(drawing.shares),
    }  # fmt: skip
    note_in_ledger(session, drawing, kind="draw_commitment", body=said, signer=signer, now=now)
    record_act(
        session, actor=actor, action="draw.commit", target_type="draw", target_id=draw_id,
        after=said, now=now,
    )  # fmt: skip
    return drawing


def abandon_draw(
    session: Session, *, actor: Actor, draw_id: str, reason: str, signer: Signer | None,
    now: datetime,
) -> Draw:  # fmt: skip
    """Give a draw up before the dice; what is committed to stays public with the reason.

    Raises `not_found`, `draw_state` once it is drawn, `ledger_key_missing`.
    """
    drawing = find_draw(session, actor=actor, draw_id=draw_id, lock=True)
    require_state(drawing, "frozen", "committed")
    drawing.state, drawing.abandoned_at = "abandoned", now
    drawing.abandoned_by, drawing.abandon_reason = actor.user_id, reason
    said = {"slot": drawing.slot, "commitment": drawing.commitment, "reason": reason}
    note_in_ledger(session, drawing, kind="draw_abandoned", body=said, signer=signer, now=now)
    record_act(
        session, actor=actor, action="draw.abandon", target_type="draw", target_id=draw_id,
        after=said, now=now,
    )  # fmt: skip
    return drawing


def note_in_ledger(
    session: Session, drawing: Draw, *, kind: str, body: object, signer: Signer | None,
    now: datetime, mark: str = "",
) -> None:  # fmt: skip
    """Put what happened into the ledger under the slot's name, and remember where it stands. Of a
    draw for practice (N7) nothing goes there."""
    if session.get_one(Organisation, drawing.organisation_id).practice:
        return
    name = f"{drawing.slot}{mark}"
    position = append_body(session, signer=signer, kind=kind, name=name, body=body, now=now)
    drawing.entries = {**drawing.entries, f"{kind}{mark}": position}

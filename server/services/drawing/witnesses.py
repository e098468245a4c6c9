"""Witnesses (见证人, N32): signed in by name, known in public by a code.

A witness holds a token, shown once and kept as a hash. With it they hand in their commitment before
the draw is committed to, open their share after, and sign the record at the end.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from draw.entropy import reveal_share
from draw.faults import Refused
from draw.shapes import is_hex
from server.errors import DomainError
from server.ids import new_id
from server.models import Draw, DrawWitness
from server.services.audit.acts import record_act
from server.services.drawing.finding import find_draw, require_state
from server.services.drawing.refusals import as_domain_error
from server.services.drawing.rolling import is_sealed
from server.services.scope import Actor

MAX_WITNESSES = 50
TOKEN_BYTES = 24


def sign_in_witness(
    session: Session, *, actor: Actor, draw_id: str, kind: str, name: str, body: str, now: datetime
) -> tuple[DrawWitness, str]:
    """Sign a witness in while the draw is frozen and not yet committed to; gives them and their
    token. Raises `not_found`, `draw_state`, `draw_refused` beyond `MAX_WITNESSES`."""
    drawing = find_draw(session, actor=actor, draw_id=draw_id, lock=True)
    require_state(drawing, "frozen")
    present = session.scalar(
        select(func.count()).select_from(DrawWitness).where(DrawWitness.draw_id == draw_id)
    )
    number = (present or 0) + 1
    if number > MAX_WITNESSES:
        raise DomainError("draw_state", details={"witnesses": MAX_WITNESSES})
    token = secrets.token_urlsafe(TOKEN_BYTES)
    witness = DrawWitness(
        id=new_id(), draw_id=draw_id, number=number, code=f"w{number}", kind=kind, name=name,
        body=body, token_hash=_hashed(token), signed_in_at=now,
    )  # fmt: skip
    session.add(witness)
    record_act(
        session, actor=actor, action="draw.witness", target_type="draw", target_id=draw_id,
        after={"code": witness.code, "kind": kind}, now=now,
    )  # fmt: skip
    return witness, token


def witness_of(session: Session, token: str, *, lock: bool = True) -> tuple[DrawWitness, Draw]:
    """Who holds a token, and their draw. Raises `witness_token_wrong`."""
    draw_id = session.scalar(
        select(DrawWitness.draw_id).where(DrawWitness.token_hash == _hashed(token))
    )
    if draw_id is None:
        raise DomainError("witness_token_wrong")
    drawing = session.get_one(Draw, draw_id, with_for_update=lock, populate_existing=lock)
    query = select(DrawWitness).where(DrawWitness.token_hash == _hashed(token))
    return session.scalars(query).one(), drawing


def hand_in_commitment(
    session: Session, *, token: str, commitment: str, now: datetime
) -> DrawWitness:
    """Take a witness's commitment; they may replace it until the draw is committed to.

    Raises `witness_token_wrong`, `draw_state`.
    """
    witness, drawing = witness_of(session, token)
    require_state(drawing, "frozen")
    if not is_hex(commitment):
        raise DomainError("draw_refused", details={"faults": [{"code": "not_hex"}]})
    share = {"witness": witness.code, "commitment": commitment, "reveal": None}
    others = [each for each in drawing.shares if each["witness"] != witness.code]
    drawing.shares = sorted([*others, share], key=lambda each: int(each["witness"][1:]))
    witness.committed_at = now
    return witness


def reveal(session: Session, *, token: str, value: str, now: datetime) -> DrawWitness:
    """Open a witness's share, until the deadline.

    Raises `witness_token_wrong`, `draw_state`, and `draw_refused` for what does not match its
    commitment.
    """
    witness, drawing = witness_of(session, token)
    require_state(drawing, "committed")
    if drawing.reveal_until is not None and now > drawing.reveal_until:
        raise DomainError("draw_state", details={"reveal_until": drawing.reveal_until.isoformat()})
    try:
        drawing.shares = reveal_share(drawing.shares, witness.code, value)
    except Refused as refused:
        raise as_domain_error(refused) from None
    witness.revealed_at = now
    return witness


def sign_record(session: Session, *, token: str, now: datetime) -> DrawWitness:
    """The witness signs that they saw it. Raises `witness_token_wrong`, `draw_state`."""
    witness, drawing = witness_of(session, token)
    require_state(drawing, "drawn", "abandoned")
    witness.signed_at = witness.signed_at or now
    return witness


def shares_for(drawing: Draw, who: DrawWitness, *, now: datetime) -> list[dict[str, Any]]:
    """The shares as a witness sees them, each with whether it is `open`. Under a seal only their
    own is told: who has all of them and saw the dice has the seed."""
    sealed = is_sealed(drawing, now)
    return [
        {
            **share,
            "open": share["reveal"] is not None,
            "reveal": None if sealed and share["witness"] != who.code else share["reveal"],
        }
        for share in drawing.shares
    ]


def witnesses_of(session: Session, draw_id: str) -> Sequence[DrawWitness]:
    """The witnesses of a draw, in the order in which they came."""
    query = select(DrawWitness).where(DrawWitness.draw_id == draw_id)
    return session.scalars(query.order_by(DrawWitness.number)).all()


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

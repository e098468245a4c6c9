"""The dice, last (掷骰): they fix the seed, and the seed fixes everything."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from draw import bundle as bundles
from draw.ceremony import Drawn, draw
from draw.faults import Refused
from server.clock import china_date
from server.errors import DomainError
from server.models import Draw
from server.services.audit.acts import record_act
from server.services.drawing.committing import note_in_ledger
from server.services.drawing.finding import find_draw, frozen_of, lines_of, require_state
from server.services.drawing.refusals import as_domain_error
from server.services.scope import Actor
from server.signing import Signer


def roll_dice(
    session: Session,
    *,
    actor: Actor,
    draw_id: str,
    dice: str,
    signer: Signer | None,
    now: datetime,
) -> Draw:
    """Draw with the dice that the witnesses rolled, as text of digits. The result goes into the
    ledger and stands from then on; giving it out comes after, in a transaction of its own
    (`opening.py`), so that nothing that keeps a task from being made takes the dice back.

    Raises `not_found`, `draw_state`, `shares_waited_for` before the deadline while a share is
    closed, `ledger_key_missing`, and `draw_refused` for dice that are none.
    """
    drawing = find_draw(session, actor=actor, draw_id=draw_id, lock=True)
    require_state(drawing, "committed")
    _require_shares(drawing, now)
    drawn = _draw(session, drawing, dice)
    published = drawn.objects_drawn.published()
    if published["commitment"] != drawing.commitment:  # somebody changed the frozen rows by hand
        raise DomainError("draw_refused", details={"faults": [{"code": "commitment_differs"}]})
    drawing.dice, drawing.seed = dice, published["seed"]
    drawing.objects, drawing.reserve = published["objects"], published["reserve"]
    drawing.assignments = list(drawn.assignments)
    drawing.state, drawing.drawn_at, drawing.drawn_by = "drawn", now, actor.user_id
    session.flush()
    said = result_of(session, drawing)
    note_in_ledger(session, drawing, kind="draw_result", body=said, signer=signer, now=now)
    record_act(
        session, actor=actor, action="draw.roll", target_type="draw", target_id=draw_id,
        after={**said, "dice": dice}, now=now,
    )  # fmt: skip
    return drawing


def is_sealed(drawing: Draw, now: datetime) -> bool:
    """Whether names and seed are still withheld."""
    return drawing.sealed_until is not None and china_date(now) < drawing.sealed_until


def result_of(session: Session, drawing: Draw) -> dict[str, Any]:
    """What the ledger says of a drawn draw: digests and counts. Who has seed and pool can compute
    the draw, so a seal's secret is in neither."""
    return {
        "slot": drawing.slot,
        "commitment": drawing.commitment,
        "bundle_sha256": sha256(bundles.write(bundle_of(drawing))).hexdigest(),
        "pool_sha256": _pool_digest(session, drawing),
        "objects": len(drawing.objects or ()),
        "reserve": len(drawing.reserve or ()),
    }


def bundle_of(drawing: Draw, *, late: bool = False) -> dict[str, Any]:
    """The bundle without its pool, which lies beside it; `late` with the events since."""
    return {
        "format": bundles.FORMAT,
        "slot": drawing.slot,
        "officers": drawing.officers,
        "rules": drawing.rules,
        "entropy": entropy_of(drawing, drawing.dice or ""),
        "events": drawing.events if late else [],
        "commitment": drawing.commitment,
        "seed": drawing.seed,
        "objects": drawing.objects,
        "reserve": drawing.reserve,
        "assignments": drawing.assignments,
        "after": drawing.after if late else [],
    }


def entropy_of(drawing: Draw, dice: str) -> dict[str, Any]:
    """Where the luck came from."""
    return {"dice": dice, "beacon": None, "shares": list(drawing.shares)}


def redrawn(session: Session, drawing: Draw) -> Drawn:
    """A drawn draw, computed again from what was frozen."""
    return _draw(session, drawing, drawing.dice or "")


def _draw(session: Session, drawing: Draw, dice: str) -> Drawn:
    try:
        return draw(frozen_of(session, drawing), entropy_of(drawing, dice))
    except Refused as refused:
        raise as_domain_error(refused) from None


def _require_shares(drawing: Draw, now: datetime) -> None:
    closed = [share["witness"] for share in drawing.shares if share["reveal"] is None]
    if closed and drawing.reveal_until is not None and now < drawing.reveal_until:
        details: Mapping[str, Any] = {
            "witnesses": closed, "reveal_until": drawing.reveal_until.isoformat(),
        }  # fmt: skip
        raise DomainError("shares_waited_for", details=details)


def _pool_digest(session: Session, drawing: Draw) -> str:
    whole = sha256()
    for line in lines_of(session, drawing.id):
        whole.update(line.encode() + b"\n")
    return whole.hexdigest()

"""The organisations (机构) of a whole region, made from the table of divisions where missing."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.ids import new_id
from server.models import Organisation
from server.services.audit.acts import record_act
from server.services.registers.concurrency import hold_registers
from server.services.registers.divisions import REGION_CODE, Division, all_divisions
from server.services.registers.jurisdiction import move_objects_down
from server.services.scope import Actor, in_earnest

KIND_OF_LEVEL = {"region": "corps", "league": "detachment", "banner": "brigade", "zone": "brigade"}
BODY_NAMES = {"corps": "消防救援总队", "detachment": "消防救援支队", "brigade": "消防救援大队"}


def ensure_region(session: Session, *, actor: Actor | None = None, now: datetime) -> Counter[str]:
    """Make the corps, a detachment for each league and a brigade for each banner and zone, where
    the tree has none of that kind for that division. Safe to repeat; gives how many of each kind
    were made. Objects move down to the new bodies that now cover them most closely.
    """
    hold_registers(session)
    standing = session.scalars(select(Organisation).where(in_earnest()))
    bodies = {(body.kind, body.division_code): body for body in standing}
    made: Counter[str] = Counter()
    for division in all_divisions().values():  # the table names parents before children
        kind = KIND_OF_LEVEL[division.level]
        if (kind, division.code) not in bodies:
            parent = bodies.get((_kind_of(division.parent_code), division.parent_code))
            bodies[kind, division.code] = _add(session, division, kind, parent)
            made[kind] += 1
    if made:
        move_objects_down(session)
        record_act(
            session, actor=actor, action="organisations_seeded", target_type="organisation",
            target_id=bodies["corps", REGION_CODE].id, after=dict(made), now=now,
        )  # fmt: skip
    return made


def _kind_of(code: str) -> str:
    return KIND_OF_LEVEL[all_divisions()[code].level] if code else ""


def _add(
    session: Session, division: Division, kind: str, parent: Organisation | None
) -> Organisation:
    id_ = new_id()
    body = Organisation(
        id=id_, name=f"{division.name}{BODY_NAMES[kind]}", kind=kind, division_code=division.code,
        parent_id=parent.id if parent else None, path=f"{parent.path if parent else '/'}{id_}/",
    )  # fmt: skip
    session.add(body)
    session.flush()
    return body

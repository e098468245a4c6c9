"""Writing on the device: each edit changes mirror and outbox in the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from client import mirror, outbox
from client.accounts import Account
from client.clock import next_hlc
from client.errors import ClientError
from client.folding import GROWING_FIELDS, changed
from client.outbox import REJECTED, Op
from client.store import get_meta, set_meta

LAST_HLC = "last_hlc"
PARENT_REFUSED = "dependency_rejected"
"""The server's reason for refusing an op whose parent it has refused."""
IMPLIED_TYPES = frozenset({"record", "answer"})

Json = dict[str, Any]


@dataclass(frozen=True)
class Pen:
    """Who writes, when by their device's clock, and in which open transaction."""

    db: sqlite3.Connection
    account: Account
    now: datetime


def write(
    pen: Pen, type_: str, id_: str, changes: Json, *, depends_on: tuple[str, ...] = ()
) -> Op | None:
    """Create or patch an entity. Answers the op, or None when nothing would change.

    Whether it is a create or a patch follows from what the device knows; two offline devices may
    well both create the same answer, and meet in one entity on the server.
    """
    entity = mirror.find(pen.db, pen.account.user_id, type_, id_)
    patch = changed(entity.data, changes) if entity else changes
    if entity and not patch:
        return None
    op = _draft(pen, type_, id_, "patch" if entity else "create", patch)
    return _put(pen, replace(op, depends_on=(*op.depends_on, *depends_on)))


def delete(pen: Pen, type_: str, id_: str) -> Op:
    """Take an entity back. If somebody else edited it meanwhile, a person will decide."""
    mirror.get(pen.db, pen.account.user_id, type_, id_)
    return _put(pen, _draft(pen, type_, id_, "delete", {}))


def settle(pen: Pen, conflict_id: str, choice: Json) -> Op:
    """Settle a conflict, having seen of it what the mirror holds. Null is a choice too."""
    mirror.get(pen.db, pen.account.user_id, "conflict", conflict_id)
    return _put(pen, _draft(pen, "conflict", conflict_id, "patch", choice))


def mend(pen: Pen, op_id: str, changes: Json) -> Op:
    """Write a refused op anew, with corrections, under a fresh op id; the refused one goes.

    It keeps its `base_rev`: a correction of a typing error has not seen more than the original.
    Ops that were refused only because this one was, are written anew after it.
    """
    user_id = pen.account.user_id
    mended = _write_anew(pen, _refused(pen, op_id), changes)
    renewed = {mended.op_id}
    for written in outbox.of_user(pen.db, user_id):  # in their order: parents before children
        op = outbox.get(pen.db, user_id, written.op_id)
        if renewed.intersection(op.depends_on) and _fell_with_parent(op):
            renewed.add(_write_anew(pen, op, {}).op_id)
    return mended


def dismiss(pen: Pen, op_id: str) -> None:
    """Drop a refused op: a decision of the person who wrote it, never of the program."""
    refused = _refused(pen, op_id)
    outbox.remove(pen.db, op_id)
    mirror.refold(pen.db, pen.account, refused.type, refused.id)


def births(pen: Pen, type_: str, id_: str) -> tuple[str, ...]:
    """The create that is not settled yet, without which the server cannot know the entity.

    A record or an answer needs none: their ids say what they belong to.
    """
    if type_ in IMPLIED_TYPES:
        return ()
    ops = outbox.of_entity(pen.db, pen.account.user_id, type_, id_)
    open_ops = [op for op in ops if op.live or op.state == REJECTED]
    return tuple(op.op_id for op in open_ops if op.action == "create")


def _write_anew(pen: Pen, refused: Op, changes: Json) -> Op:
    anew = replace(
        refused,
        op_id=outbox.new_op_id(),
        patch=refused.patch | changes,
        hlc=_tick(pen),
        state=outbox.WAITING,
        attempts=0,
        reason=None,
        mends=refused.op_id if refused.state == REJECTED else None,
    )
    outbox.remove(pen.db, refused.op_id)
    outbox.point_elsewhere(pen.db, refused.user_id, refused.op_id, anew.op_id)
    return _put(pen, anew)


def _fell_with_parent(op: Op) -> bool:
    return op.refused and (op.reason or {}).get("code") == PARENT_REFUSED


def _draft(pen: Pen, type_: str, id_: str, action: str, patch: Json) -> Op:
    user_id = pen.account.user_id
    return Op(
        op_id=outbox.new_op_id(),
        user_id=user_id,
        type=type_,
        id=id_,
        action=action,
        base_rev=_seen_rev(pen, type_, id_, patch),
        patch=patch,
        hlc=_tick(pen),
        depends_on=births(pen, type_, id_),
    )


def _put(pen: Pen, op: Op) -> Op:
    outbox.append(pen.db, op)
    mirror.ensure(pen.db, op.user_id, op.type, op.id)
    mirror.refold(pen.db, pen.account, op.type, op.id)
    return op


def _seen_rev(pen: Pen, type_: str, id_: str, patch: Json) -> int | None:
    """The version the writer had before their eyes, for the fields of this patch.

    That is the mirror's `rev`, unless an op of their own still hides one of these fields: then
    they never saw what the server has had there since, and the older base is the honest one.
    """
    user_id = pen.account.user_id
    fields = patch.keys() - GROWING_FIELDS
    for op in outbox.of_entity(pen.db, user_id, type_, id_):
        if not op.refused and fields & op.patch.keys():
            return op.base_rev
    return mirror.rev_of(pen.db, user_id, type_, id_)


def _refused(pen: Pen, op_id: str) -> Op:
    op = outbox.get(pen.db, pen.account.user_id, op_id)
    if op.live:
        raise ClientError(f"op {op_id} is {op.state}: only a refused op is mended or dismissed")
    return op


def _tick(pen: Pen) -> str:
    hlc = next_hlc(get_meta(pen.db, LAST_HLC), pen.now)
    set_meta(pen.db, LAST_HLC, hlc)
    return hlc

"""What foreign clients say is pushed as any device's ops are, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import is_id
from server.services.scope import Actor
from server.services.sync.compat.seen import SHOWN, Key, last_own_writes, seen_documents
from server.services.sync.compat.translation import Statement, Writable, translate
from server.services.sync.documents import StoredDocument
from server.services.sync.push import push_ops
from sync.ops import CheckOp

#: as many statements make one push, of up to three ops each
MAX_STATEMENTS = 150


class Rules(NamedTuple):
    """What the wire allows: how an op is checked, and which fields devices may write."""

    check_op: CheckOp
    writable: Writable


def device_of(actor: Actor) -> str:
    """The device that foreign clients sync as. Raises `forbidden` where there is none."""
    if actor.officer_id is None or actor.device_id is None:
        raise DomainError("forbidden", details={"needs": ["officer", "device"]})
    return actor.device_id


def documents_named(
    session: Session, *, actor: Actor, keys: Sequence[Key], among: str = SHOWN
) -> dict[Key, StoredDocument]:
    """The documents of these keys that the officer holds; what can be no key names none."""
    named = [key for key in keys if is_id(key[1])]
    return seen_documents(session, actor=actor, keys=named, among=among)


def push_statements(
    session: Session,
    *,
    actor: Actor,
    statements: Sequence[Statement],
    seen: dict[Key, StoredDocument],
    rules: Rules,
    now: datetime,
) -> set[Key]:
    """Push what a foreign client says; gives the keys of what was rejected.

    `seen` are the documents that it is about, as far as the officer holds them.
    """
    own = last_own_writes(session, device_id=device_of(actor), keys=list(seen))
    bodies: list[dict[str, Any]] = []
    essential: dict[str, Key] = {}
    for said in statements:
        ops = translate(
            said, seen=seen.get(said.key), last=own.get(said.key), writable=rules.writable
        )
        essential |= {body["op_id"]: said.key for body in ops.essential}
        bodies += [*ops.essential, *ops.others]
    if not bodies:
        return set()
    results = push_ops(
        session, actor=actor, device_time_ms=None, ops=[rules.check_op(body) for body in bodies],
        check_op=rules.check_op, now=now,
    )  # fmt: skip
    rejected = [result["op_id"] for result in results if result["status"] == "rejected"]
    return {essential[op_id] for op_id in rejected if op_id in essential}

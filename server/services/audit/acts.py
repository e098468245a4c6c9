"""The audit trail: every act leaves who, when, on which device, before and after (N5)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.services.bulk import WORD, Insert, insert_rows
from server.services.scope import Actor

COLUMNS = {
    "at_ms": "bigint", "user_id": WORD, "device_id": WORD, "organisation_id": WORD,
    "request_id": WORD, "action": WORD, "target_type": WORD, "target_id": "text",
    "before": "jsonb", "after": "jsonb",
}  # fmt: skip


def record_act(
    session: Session,
    *,
    actor: Actor | None,
    action: str,
    target_type: str,
    target_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Add one entry in the caller's transaction, so that act and trace stand or fall together."""
    entry = act(
        actor=actor, action=action, target_type=target_type, target_id=target_id, before=before,
        after=after, now=now,
    )  # fmt: skip
    insert_rows(session, entry)


def act(
    *,
    actor: Actor | None,
    action: str,
    target_type: str,
    target_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> Insert:
    """The entry of `record_act`, to be inserted in one statement with what was done."""
    entry = {
        "at_ms": to_ms(now),
        "user_id": actor.user_id if actor else None,
        "device_id": actor.device_id if actor else None,
        "organisation_id": actor.organisation_id if actor else None,
        "request_id": actor.request_id if actor else None,
        "action": action,
        "target_type": target_type,
        "target_id": target_id,
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
    }
    return entries([entry])


def entries(said: Iterable[Mapping[str, Any]]) -> Insert:
    """Entries for the audit, each with the columns that it knows, `at_ms` and what was done to what
    among them; for acts that are written by the set."""
    return Insert("audit", COLUMNS, [dict.fromkeys(COLUMNS) | dict(each) for each in said])

"""The audit trail: every act leaves who, when, on which device, before and after (N5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.models import AuditEntry
from server.services.scope import Actor


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
    session.add(
        AuditEntry(
            at_ms=to_ms(now),
            user_id=actor.user_id if actor else None,
            device_id=actor.device_id if actor else None,
            organisation_id=actor.organisation_id if actor else None,
            request_id=actor.request_id if actor else None,
            action=action,
            target_type=target_type,
            target_id=target_id,
            before=dict(before) if before is not None else None,
            after=dict(after) if after is not None else None,
        )
    )

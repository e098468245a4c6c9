"""A person changes their own password (修改口令)."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import User
from server.services.accounts import throttle
from server.services.accounts.passwords import Verdict
from server.services.accounts.refresh_tokens import revoke_families_of_user
from server.services.accounts.sessions import LoginAttempt, begin_login, lock_user
from server.services.audit.acts import record_act
from server.services.scope import Actor


def begin_password_change(
    session: Session, *, actor: Actor, address: str, now: datetime
) -> LoginAttempt:
    """Find the present hash; whoever holds a stolen token guesses no faster than at the login."""
    user = session.get_one(User, actor.user_id)
    return begin_login(
        session, username=user.username, device_id=actor.device_id, address=address, now=now
    )


def finish_password_change(
    session: Session,
    *,
    actor: Actor,
    attempt: LoginAttempt,
    verdict: Verdict,
    password_hash: str,
    now: datetime,
) -> DomainError | None:
    """Keep the new hash and end every session of the account, this one's too; or count the
    failure and return `credentials_wrong`, to be raised after the commit."""
    user = lock_user(session, actor.user_id)
    if not verdict.right:
        throttle.count_failure(session, origin=attempt.origin, now=now)
    if not verdict.right or user is None or user.password_set_at != attempt.password_set_at:
        return DomainError("credentials_wrong")
    user.password_hash, user.password_set_at = password_hash, now
    session.flush()
    revoke_families_of_user(session, user_id=user.id, now=now)
    record_act(
        session, actor=actor, action="password_changed", target_type="user", target_id=user.id,
        now=now,
    )  # fmt: skip
    return None

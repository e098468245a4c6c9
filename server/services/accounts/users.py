"""Who may log in (账号管理): administrators create and change accounts in their part of the tree.

Nobody grants more than they have: accounts are made and moved only inside the administrator's own
part, and officers' accounts only for officers of that part. `actor=None` is the operator at the
command line, who holds the whole tree.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Officer, Organisation, User
from server.services.accounts import throttle
from server.services.accounts.refresh_tokens import revoke_families_of_user
from server.services.accounts.sessions import lock_user, normal_username
from server.services.audit.acts import record_act
from server.services.scope import Actor, in_scope, organisation_in_scope

CHANGEABLE = ("name", "role", "organisation_id", "officer_id", "active")
POWERS = ("role", "organisation_id", "active")  # what nobody changes of their own account


def create_user(
    session: Session,
    *,
    actor: Actor | None,
    username: str,
    password_hash: str,
    name: str,
    role: str,
    organisation_id: str,
    officer_id: str | None,
    now: datetime,
) -> User:
    """Make an account. Raises `not_found` for an organisation or officer outside the actor's part
    of the tree, `username_taken`, `officer_taken`."""
    user = User(
        id=new_id(), username=normal_username(username), password_hash=password_hash, name=name,
        role=role, organisation_id=organisation_id, officer_id=officer_id, active=True,
        password_set_at=now, created_at=now,
    )  # fmt: skip
    _require_free(session, username=user.username)
    _require_coherent(session, actor=actor, user=user)
    session.add(user)
    _flush(session)
    record_act(
        session, actor=actor, action="user_created", target_type="user", target_id=user.id,
        after={"username": user.username, **_facts(user)}, now=now,
    )  # fmt: skip
    return user


def change_user(
    session: Session, *, actor: Actor, user_id: str, patch: Mapping[str, Any], now: datetime
) -> User:
    """Change what the patch names (absent: unchanged); `active: false` ends every session."""
    user = _user_to_change(session, actor=actor, user_id=user_id)
    if user.id == actor.user_id and any(name in patch for name in POWERS):
        raise DomainError("forbidden", details={"reason": "own_account"})
    before = _facts(user)
    for name in CHANGEABLE:
        if name in patch:
            setattr(user, name, patch[name])
    if _facts(user) == before:
        return user
    with session.no_autoflush:
        _require_coherent(session, actor=actor, user=user)
    _flush(session)
    if not user.active:
        revoke_families_of_user(session, user_id=user.id, now=now)
    record_act(
        session, actor=actor, action="user_changed", target_type="user", target_id=user.id,
        before=before, after=_facts(user), now=now,
    )  # fmt: skip
    return user


def reset_password(
    session: Session, *, actor: Actor, user_id: str, password_hash: str, now: datetime
) -> None:
    """Give an account a new password; its sessions end, and its next login need not wait."""
    user = _user_to_change(session, actor=actor, user_id=user_id)
    user.password_hash, user.password_set_at = password_hash, now
    session.flush()
    revoke_families_of_user(session, user_id=user.id, now=now)
    throttle.clear_account(session, username=user.username)
    record_act(
        session, actor=actor, action="password_reset", target_type="user", target_id=user.id,
        now=now,
    )  # fmt: skip


def list_users(session: Session, *, actor: Actor, after: str | None, limit: int) -> Sequence[User]:
    """The accounts in the actor's part of the tree, by id; one more than `limit`."""
    query = (
        select(User)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(in_scope(actor))
        .order_by(User.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(User.id > after)
    return session.scalars(query).all()


def user_in_scope(session: Session, *, actor: Actor, user_id: str) -> User:
    """The account, or `not_found` when it lies outside the actor's part of the tree."""
    user = session.get(User, user_id)
    if user is None:
        raise DomainError("not_found")
    organisation_in_scope(session, actor=actor, organisation_id=user.organisation_id)
    return user


def _user_to_change(session: Session, *, actor: Actor, user_id: str) -> User:
    lock_user(session, user_id)
    return user_in_scope(session, actor=actor, user_id=user_id)


def _require_free(session: Session, *, username: str) -> None:
    if session.scalar(select(User.id).where(User.username == username)) is not None:
        raise DomainError("username_taken")


def _require_coherent(session: Session, *, actor: Actor | None, user: User) -> None:
    """Organisation and officer exist and are the actor's to give; the officer is still free."""
    _require_held(session, actor=actor, organisation_id=user.organisation_id)
    if user.officer_id is None:
        if user.role == "officer":
            fields = {"officer_id": ["Required for the role officer."]}
            raise DomainError("invalid_request", details={"fields": {"json": fields}})
        return
    officer = session.get(Officer, user.officer_id)
    if officer is None:
        raise DomainError("not_found", details={"officer_id": user.officer_id})
    _require_held(session, actor=actor, organisation_id=officer.organisation_id)
    holder = session.scalar(select(User.id).where(User.officer_id == user.officer_id))
    if holder not in (None, user.id):
        raise DomainError("officer_taken")


def _require_held(session: Session, *, actor: Actor | None, organisation_id: str) -> None:
    if actor is not None:
        organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    elif session.get(Organisation, organisation_id) is None:
        raise DomainError("not_found", details={"organisation_id": organisation_id})


def _flush(session: Session) -> None:
    """Write now; what another administrator wrote at the same moment is a conflict."""
    try:
        session.flush()
    except IntegrityError:
        raise DomainError("conflict") from None


def _facts(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in CHANGEABLE}

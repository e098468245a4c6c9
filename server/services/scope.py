"""Who is asking, and what part of the tree (辖区) is theirs."""

from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from server.db import Glance
from server.errors import DomainError
from server.models import Organisation
from server.models.organisations import is_practice, line_of, practice_path
from server.services.sql import run

#: `helper`: a partner in cleaning the registers (文员、市场监管员、民警); sees nothing else
Role = Literal["officer", "supervisor", "admin", "auditor", "helper"]


#: asked on every request
ACTOR = (
    "SELECT u.name, u.role, u.active, u.officer_id, u.scope_version, o.id, o.path, d.state "
    "FROM users u JOIN organisations o ON o.id = u.organisation_id "
    "LEFT JOIN devices d ON d.id = :device_id AND d.user_id = u.id WHERE u.id = :user_id"
)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person behind a request, the device it came from, and their part of the tree."""

    user_id: str
    name: str
    role: Role
    organisation_id: str
    path: str
    officer_id: str | None = None
    device_id: str | None = None
    scope_version: int = 1
    request_id: str | None = None
    draining: bool = False  # the device may only send what it still holds

    @property
    def practice(self) -> bool:
        """Whether they see practice organisations (演练, N7); never those and real ones at once."""
        return is_practice(self.path)

    def holds(self, path: str) -> bool:
        """Whether an organisation's path lies in this person's part of the tree."""
        return path.startswith(self.path) and is_practice(path) == self.practice


def load_actor(
    session: Session | Glance, *, user_id: str, device_id: str | None, request_id: str | None
) -> Actor:
    """The actor behind a valid token, as the database knows them now.

    Raises `token_invalid`, `device_revoked` or `device_wipe`: a token outlives neither its
    account nor its device.
    """
    found = run(session, ACTOR, {"user_id": user_id, "device_id": device_id})
    row = found[0] if found else None
    if row is None or not row.active or (device_id and row.state is None):
        raise DomainError("token_invalid")
    if row.state == "wipe":
        raise DomainError("device_wipe", details={"action": "wipe"})
    if row.state == "revoked":
        raise DomainError("device_revoked")
    return Actor(
        user_id=user_id, name=row.name, role=row.role, organisation_id=row.id, path=row.path,
        officer_id=row.officer_id, device_id=device_id, scope_version=row.scope_version,
        request_id=request_id, draining=row.state == "draining",
    )  # fmt: skip


def in_practice(actor: Actor) -> Actor:
    """The same person as they see the practice organisations below their part of the tree, and
    nothing else. Raises `forbidden` for who has no part of the tree to look after."""
    require_role(actor, "supervisor", "admin", "auditor")
    return replace(actor, path=practice_path(actor.path))


def require_role(actor: Actor, *roles: Role) -> None:
    """Raise `forbidden` unless the actor has one of the roles."""
    if actor.role not in roles:
        raise DomainError("forbidden", details={"needs": list(roles)})


def in_scope(actor: Actor) -> ColumnElement[bool]:
    """A condition on Organisation: only the actor's part of the tree."""
    return below(actor.path)


def below(path: str) -> ColumnElement[bool]:
    """A condition on Organisation: the body of this path, and all below it."""
    within: ColumnElement[bool] = Organisation.path.startswith(path, autoescape=True)
    return within if is_practice(path) else within & in_earnest()


def in_earnest() -> ColumnElement[bool]:
    """A condition on Organisation: not for practice (N7). Whatever the public reads, and whatever
    is searched across the whole tree, has it."""
    return Organisation.practice.is_(False)


def at_or_above(path: str) -> ColumnElement[bool]:
    """A condition on Organisation: the body of this path, and all above it, which are real ones
    above a practice body, too."""
    return Organisation.id.in_(line_of(path))


def organisation_in_scope(session: Session, *, actor: Actor, organisation_id: str) -> Organisation:
    """The organisation, or `not_found`: what lies outside one's scope is not shown to exist."""
    found = session.get(Organisation, organisation_id)
    if found is None or not actor.holds(found.path):
        raise DomainError("not_found")
    return found


def own_organisation(session: Session, actor: Actor) -> Organisation:
    """The actor's own organisation, for acts that belong to it. Raises `not_found` to who looks at
    practice organisations from a real one: whoever practises such an act has an account there."""
    return organisation_in_scope(session, actor=actor, organisation_id=actor.organisation_id)

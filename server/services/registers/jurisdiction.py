"""Which organisation (机构) holds an object (管辖): the one whose division covers it most closely.

While only the league is known that is the league's detachment (支队); once a person has settled
the banner, its brigade (大队). Where the tree has no closer one, it is the one above.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import InspectionObject, Organisation
from server.models.organisations import PRACTICE, is_practice
from server.services.registers.divisions import covering_prefix
from server.services.scope import below

#: whether for practice → where that whole tree begins
WHOLE = {False: "/", True: f"{PRACTICE}/"}


class Body(NamedTuple):
    """An organisation as far as jurisdiction is concerned."""

    id: str
    path: str
    division_code: str


class Jurisdiction:
    """Finds the holder of a division among organisations."""

    def __init__(self, bodies: Iterable[Body]) -> None:
        self._by_prefix: dict[str, Body] = {}
        for body in sorted(bodies, key=lambda body: (body.path.count("/"), body.id)):
            # of two with the same division the one that stands higher answers for all of it
            self._by_prefix.setdefault(covering_prefix(body.division_code), body)

    def holder(self, division_code: str) -> Body | None:
        """The organisation that covers a division most closely, or None."""
        for length in range(len(division_code), 1, -1):
            if body := self._by_prefix.get(division_code[:length]):
                return body
        return None


def load_jurisdiction(session: Session, *, path: str = "/") -> Jurisdiction:
    """The jurisdiction of the part of the tree under `path`; practice bodies (N7) hold nothing
    but what is for practice, so theirs is one of its own."""
    rows = session.execute(
        select(Organisation.id, Organisation.path, Organisation.division_code).where(below(path))
    )
    return Jurisdiction([Body(*row) for row in rows])


def root_organisation(session: Session) -> Organisation:
    """The body at the top of the tree (总队). Raises `organisations_missing`."""
    root = session.scalars(
        select(Organisation)
        .where(Organisation.parent_id.is_(None))
        .order_by(Organisation.division_code, Organisation.id)
        .limit(1)
    ).first()
    if root is None:
        raise DomainError("organisations_missing")
    return root


def move_objects_down(session: Session) -> int:
    """Give objects to organisations that were added below their holders and cover them more
    closely; gives how many moved. Never moves one sideways or up."""
    apart = {practice: load_jurisdiction(session, path=path) for practice, path in WHOLE.items()}
    held = session.execute(
        select(InspectionObject.organisation_id, Organisation.path, InspectionObject.division_code)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .distinct()
    ).all()
    moved = 0
    for organisation_id, path, code in held:
        body = apart[is_practice(path)].holder(code)
        if body and body.id != organisation_id and body.path.startswith(path):
            moved += _move(session, organisation_id, code, body.id)
    return moved


def _move(session: Session, organisation_id: str, division_code: str, to: str) -> int:
    result = session.execute(
        update(InspectionObject)
        .where(
            InspectionObject.organisation_id == organisation_id,
            InspectionObject.division_code == division_code,
        )
        .values(organisation_id=to)
        .execution_options(synchronize_session=False)
    )
    return int(cast("CursorResult[Any]", result).rowcount)

"""Seats (席位): a role on an object, and who is able to take it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from draw.board import Seat
from draw.officers import Officers, Roster
from draw.rows import Kind
from draw.rules import Rules


class Inspected(Protocol):
    """What the drum needs to know of an object."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def kind(self) -> Kind:
        """Its stratum, jurisdiction and needed specialty."""


class Opening(NamedTuple):
    """A seat that is to be drawn."""

    object: Inspected
    role: str


def openings_of(objects: Iterable[Inspected], roles: Sequence[str]) -> list[Opening]:
    """The seats of some objects, in the order in which they are drawn."""
    return [Opening(object_, role) for object_ in objects for role in roles]


def seat_of(
    opening: Opening,
    roster: Roster,
    rules: Rules,
    barred: Mapping[str, Officers],
    present: Officers = 0,
) -> Seat:
    """The seat with those who are able: jurisdiction, recusal, not yet on the object, lead,
    specialty."""
    id_, kind = opening.object.id, opening.object.kind
    able = (
        roster.of_jurisdiction.get(kind.jurisdiction, 0)
        & ~barred.get(id_, 0)
        & ~present
        & roster.fit_role(opening.role)
        & roster.fit_specialty(rules, opening.role, kind.needs)
    )
    return Seat(id_, opening.role, able)


def recused(roster: Roster, rules: Rules) -> dict[str, Officers]:
    """Who is barred from which object by a declared recusal (回避)."""
    barred: dict[str, Officers] = {}
    for officer, object_ in rules.recusals:
        if officer in roster.number:
            barred[object_] = barred.get(object_, 0) | 1 << roster.number[officer]
    return barred

"""What is missing where not everything can be staffed (N20, N21)."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from draw.board import Seat
from draw.officers import Roster, members
from draw.seats import Opening


class Shortage(NamedTuple):
    """Seats of one sort for which officers are missing (缺员): a role in a jurisdiction, with the
    specialty that it needs or None; the objects that stay without; who is able at all, and how
    many balls they hold together."""

    role: str
    jurisdiction: str
    specialty: str | None
    objects: tuple[str, ...]
    officers: tuple[str, ...]
    balls: int

    def published(self) -> dict[str, Any]:
        """For reports and answers."""
        return self._asdict()


class Shortfall(ValueError):
    """Officers are missing; `shortages` names where."""

    def __init__(self, shortages: Iterable[Shortage]) -> None:
        self.shortages = tuple(shortages)
        super().__init__("; ".join(map(str, self.shortages)))


def shortages(
    openings: Sequence[Opening],
    seats: Sequence[Seat],
    empty: Iterable[int],
    *,
    roster: Roster,
    balls: Sequence[int],
    needs_role: str | None,
) -> list[Shortage]:
    """The empty seats, put together by role, jurisdiction and needed specialty."""
    sorts: dict[tuple[str, str, str | None], list[int]] = {}
    for number in empty:
        role, kind = openings[number].role, openings[number].object.kind
        specialty = kind.needs if role == needs_role else None
        sorts.setdefault((role, kind.jurisdiction, specialty), []).append(number)
    found = []
    for sort, numbers in sorts.items():
        able = list(members(_union(seats[number].able for number in numbers)))
        objects = tuple(seats[number].object for number in numbers)
        officers = tuple(roster.ids[officer] for officer in able)
        found.append(Shortage(*sort, objects, officers, sum(balls[officer] for officer in able)))
    return found


def _union(sets: Iterable[int]) -> int:
    united = 0
    for each in sets:
        united |= each
    return united

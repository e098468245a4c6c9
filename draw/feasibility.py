"""Can it be staffed? Asked before the ceremony begins (N20, N21)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from draw.faults import refuse_any
from draw.officers import Roster
from draw.rows import Kind, kind_of, row_faults
from draw.rules import read_rules
from draw.seats import openings_of, recused, seat_of
from draw.shortage import Shortage, shortages
from draw.staffing import Staffing


class Feasibility(NamedTuple):
    """Whether all objects can be staffed (可行性), what is missing, and a part that can be."""

    shortages: list[Shortage]
    staffed_seats: int
    seats: int
    staffable: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.shortages


class _Row(NamedTuple):
    id: str
    kind: Kind


def feasibility(
    officers: Sequence[dict[str, Any]], objects: Sequence[dict[str, Any]], rules: dict[str, Any]
) -> Feasibility:
    """Whether officers can staff all of these rows of a pool, in every role of the rules.

    `staffed_seats` is exact: no way to staff fills more. `staffable` takes the objects in their
    order, each only if all its roles can be filled beside those before; none can be added to it.
    Raises Refused for rows or rules that no draw allows.
    """
    roster, known = Roster(officers), read_rules(rules)
    refuse_any(
        fault for index, row in enumerate(objects) for fault in row_faults(row, f"pool[{index}]")
    )
    openings = openings_of([_Row(row["id"], kind_of(row)) for row in objects], known.roles)
    barred = recused(roster, known)
    seats = [seat_of(opening, roster, known, barred) for opening in openings]
    empty = Staffing(seats, roster.balls).fill()
    found = shortages(
        openings, seats, empty,
        roster=roster, balls=roster.balls, needs_role=known.needs_role,
    )  # fmt: skip
    part = Staffing(seats, roster.balls)
    width = len(known.roles)
    staffable = [
        row["id"]
        for index, row in enumerate(objects)
        if _fits(part, range(index * width, (index + 1) * width))
    ]
    return Feasibility(found, len(seats) - len(empty), len(seats), staffable)


def _fits(staffing: Staffing, seats: range) -> bool:
    """Whether all seats of an object can be filled; if not, all of them are left empty."""
    if all(staffing.fill_seat(seat) for seat in seats):
        return True
    for seat in seats:
        staffing.release(seat)
    return False

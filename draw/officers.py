"""The officers (执法检查人员): balls, lead, jurisdictions, specialties, each as a set of officers.

Sets of officers are integers here, a bit an officer in the order of their ids: two sets meet in
one operation, however many officers there are.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from draw.canonical import canonical
from draw.faults import Fault, refuse_any
from draw.merkle import root
from draw.rules import Rules
from draw.shapes import CODE, CODES, FLAG, TEXT, Field, misshapen, repeated, whole

MAX_BALLS = 1000
LEAD = "lead"

_FIELDS = {
    "id": CODE,
    "post": TEXT,
    "balls": Field(
        lambda value: whole(value, 0, MAX_BALLS), "balls_out_of_range", f"0 to {MAX_BALLS}"
    ),
    "lead": FLAG,
    "jurisdictions": CODES,
    "specialties": CODES,
}

Officers = int
"""A set of officers, one bit each."""


def officer_faults(officers: Sequence[Any]) -> Iterator[Fault]:
    """What is wrong with the officers. Further keys may stand in a row and are hashed with it."""
    faults = [
        fault
        for index, row in enumerate(officers)
        for fault in misshapen(row, f"officers[{index}]", _FIELDS, further=True)
    ]
    yield from faults
    if not faults:
        yield from repeated([row["id"] for row in officers], "repeated_id", "officers", ".id")


class Roster:
    """Frozen officers, in the order of the bytes of their ids."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        written = [canonical(row, f"officers[{index}]") for index, row in enumerate(rows)]
        refuse_any(officer_faults(rows))
        order = sorted(range(len(rows)), key=lambda index: rows[index]["id"])
        self.root = root(written[index] for index in order)
        self.ids = [str(rows[index]["id"]) for index in order]
        self.balls = [int(rows[index]["balls"]) for index in order]
        self.number = {id_: bit for bit, id_ in enumerate(self.ids)}
        self.everyone: Officers = (1 << len(rows)) - 1
        self.leads: Officers = 0
        self.of_jurisdiction: dict[str, Officers] = {}
        self.of_specialty: dict[str, Officers] = {}
        for bit, index in enumerate(order):
            self._enter(1 << bit, rows[index])

    def _enter(self, officer: Officers, row: dict[str, Any]) -> None:
        if row["lead"]:
            self.leads |= officer
        for names, sets in (
            (row["jurisdictions"], self.of_jurisdiction),
            (row["specialties"], self.of_specialty),
        ):
            for name in names:
                sets[name] = sets.get(name, 0) | officer

    def fit_role(self, role: str) -> Officers:
        """Who may take a role, as far as the lead goes."""
        return self.leads if role == LEAD else self.everyone

    def fit_specialty(self, rules: Rules, role: str, needs: str | None) -> Officers:
        """Who has the specialty that an object needs in this role."""
        if needs is None or role != rules.needs_role:
            return self.everyone
        return self.of_specialty.get(needs, 0)


def members(officers: Officers) -> Iterator[int]:
    """The officers of a set, by number, in the order of their ids."""
    while officers:
        lowest = officers & -officers
        yield lowest.bit_length() - 1
        officers ^= lowest

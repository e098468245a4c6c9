"""The officers' drum (人员抽取) with look-ahead: every ball of every admissible officer has a
ticket, the smallest picks, and its officer loses a ball."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from typing import Any

from draw.hashing import label, lp, u32
from draw.officers import MAX_BALLS, Officers, Roster, members
from draw.rules import Rules
from draw.seats import Opening, recused, seat_of
from draw.shortage import Shortfall, shortages
from draw.staffing import Staffing

Assignment = dict[str, Any]  # as the bundle lists it
_BALLS = [lp(u32(ball)) for ball in range(MAX_BALLS)]


@dataclass
class Drum:
    """Officers with the balls they have left, who sits where, who is barred from what."""

    seed: bytes
    rules: Rules
    roster: Roster
    balls: list[int]
    seated: dict[str, dict[str, int]] = field(default_factory=dict)  # object → role → officer
    barred: dict[str, Officers] = field(default_factory=dict)  # object → officers, 回避
    unavailable: Officers = 0

    @classmethod
    def full(cls, seed: bytes, rules: Rules, roster: Roster) -> "Drum":
        """As the ceremony begins: every ball in it, declared recusals barred."""
        return cls(seed, rules, roster, list(roster.balls), barred=recused(roster, rules))

    def copy(self) -> "Drum":
        """A drum of its own that stands as this one does."""
        seated = {object_: dict(roles) for object_, roles in self.seated.items()}
        return Drum(
            self.seed, self.rules, self.roster, list(self.balls), seated, dict(self.barred),
            self.unavailable,
        )  # fmt: skip

    def draw(self, openings: Sequence[Opening]) -> list[Assignment]:
        """Draw an officer for each opening in turn, looking ahead over all of them. Raises
        Shortfall where they can't all be staffed; then this drum is of no further use."""
        seats = [
            seat_of(each, self.roster, self.rules, self.barred, self.present(each.object.id))
            for each in openings
        ]
        staffing = Staffing(seats, self.balls)
        if empty := staffing.fill():
            missing = shortages(
                openings, seats, empty,
                roster=self.roster, balls=self.balls, needs_role=self.rules.needs_role,
            )  # fmt: skip
            raise Shortfall(missing)
        return [self._pick(opening, number, staffing) for number, opening in enumerate(openings)]

    def present(self, object_: str) -> Officers:
        """Who is on an object."""
        return sum(1 << officer for officer in self.seated.get(object_, {}).values())

    def give_back(self, officer: int) -> None:
        """A ball comes back, the highest that was lost; to who is unavailable nothing does."""
        if not self.unavailable >> officer & 1:
            self.balls[officer] += 1

    def _pick(self, opening: Opening, number: int, staffing: Staffing) -> Assignment:
        admissible = staffing.admissible(number)
        passed_over = self._passed_over(opening, admissible)
        officer = self._first_ball(opening, admissible)
        assignment = {
            "object": opening.object.id,
            "role": opening.role,
            "officer": self.roster.ids[officer],
            "own_balls": self.balls[officer],
            "admissible_balls": sum(self.balls[each] for each in members(admissible)),
            "passed_over": passed_over,
        }
        staffing.settle(number, officer)
        self.balls[officer] -= 1
        self.seated.setdefault(opening.object.id, {})[opening.role] = officer
        return assignment

    def _first_ball(self, opening: Opening, admissible: Officers) -> int:
        """Whose ball has the smallest ticket; equal ones go by the officer's id."""
        id_, role = opening.object.id.encode(), opening.role.encode()
        head = lp(label("officer"), self.seed, id_, role)
        return min(
            (_smallest(head + lp(self.roster.ids[each].encode()), self.balls[each]), each)
            for each in members(admissible)
        )[1]

    def _passed_over(self, opening: Opening, admissible: Officers) -> list[dict[str, str]]:
        """Every officer who is not admissible, with the first reason that holds."""
        roster, kind = self.roster, opening.object.kind
        none_left = sum(1 << officer for officer, left in enumerate(self.balls) if not left)
        in_order = {
            "jurisdiction": ~roster.of_jurisdiction.get(kind.jurisdiction, 0),
            "recusal": self.barred.get(opening.object.id, 0),
            "on_object": self.present(opening.object.id),
            "lead": ~roster.fit_role(opening.role),
            "specialty": ~roster.fit_specialty(self.rules, opening.role, kind.needs),
            "no_ball": none_left,
            "look_ahead": roster.everyone,
        }
        reasons: dict[int, str] = {}
        left = roster.everyone & ~admissible
        for reason, whom in in_order.items():
            reasons.update(dict.fromkeys(members(left & whom), reason))
            left &= ~whom
        return [
            {"officer": roster.ids[officer], "reason": reasons[officer]}
            for officer in sorted(reasons)
        ]


def _smallest(stem: bytes, balls: int) -> bytes:
    return min([sha256(stem + ball).digest() for ball in _BALLS[:balls]])


def odds(assignment: Assignment) -> Fraction:
    """The exact chance that a pick had (概率): own balls of all admissible balls."""
    return Fraction(assignment["own_balls"], assignment["admissible_balls"])

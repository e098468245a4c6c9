"""The board behind a staffing: who sits where, and who could, as sets of objects, a bit each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from draw.officers import Officers, members

Objects = int
"""A set of objects, one bit each."""


class Seat(NamedTuple):
    """A role on an object, with the officers who are able."""

    object: str
    role: str
    able: Officers


class Board:
    """Open seats, with the officers who hold them for now."""

    def __init__(self, seats: Sequence[Seat], officers: int) -> None:
        roles = {role: number for number, role in enumerate(dict.fromkeys(s.role for s in seats))}
        bits: dict[str, Objects] = {}
        for seat in seats:
            bits.setdefault(seat.object, 1 << len(bits))
        self.able = [seat.able for seat in seats]
        self.officer: list[int | None] = [None] * len(seats)
        self._role = [roles[seat.role] for seat in seats]
        self._bit = [bits[seat.object] for seat in seats]
        self._together: dict[Objects, list[int]] = {bit: [] for bit in bits.values()}
        for number, bit in enumerate(self._bit):
            self._together[bit].append(number)
        self._could = [[0] * officers for _ in roles]  # role → officer → objects
        self._holds = [[0] * officers for _ in roles]
        self._filled = [0] * len(roles)
        self.holding: Officers = 0  # who holds a seat at all
        self._on = [0] * officers  # officer → objects on which they hold a seat
        #: (one role, other) → objects where the holder of the other seat is able for the one
        self._swaps = {(one, other): 0 for one in range(len(roles)) for other in range(one)}
        self._swaps |= {(other, one): 0 for one, other in self._swaps}
        self._enter_able()

    def _enter_able(self) -> None:
        alike: dict[tuple[int, Officers], Objects] = {}
        for seat, role in enumerate(self._role):
            sort = role, self.able[seat]
            alike[sort] = alike.get(sort, 0) | self._bit[seat]
        for (role, able), objects in alike.items():
            for officer in members(able):
                self._could[role][officer] |= objects

    def beside(self, seat: int) -> list[int]:
        """The other seats of the same object that are still open."""
        return [other for other in self._together[self._bit[seat]] if other != seat]

    def held_by(self, officer: int) -> Iterator[int]:
        """The seats that an officer holds."""
        for bit in _bits(self._on[officer]):
            yield from (seat for seat in self._together[bit] if self.officer[seat] == officer)

    def sit(self, seat: int, officer: int) -> None:
        """An officer takes a seat."""
        role, bit = self._role[seat], self._bit[seat]
        self.officer[seat] = officer
        self._holds[role][officer] |= bit
        self._filled[role] |= bit
        self._on[officer] |= bit
        self.holding |= 1 << officer
        self._note_swaps(seat)

    def rise(self, seat: int) -> None:
        """The officer of a seat leaves it."""
        role, bit, officer = self._role[seat], self._bit[seat], self.officer[seat]
        if officer is None:
            return
        self.officer[seat] = None
        self._holds[role][officer] &= ~bit
        self._filled[role] &= ~bit
        if all(self.officer[other] != officer for other in self._together[bit]):
            self._on[officer] &= ~bit
            if not self._on[officer]:
                self.holding &= ~(1 << officer)
        self._note_swaps(seat)

    def close(self, seat: int, officer: int) -> None:
        """An empty seat is the officer's for good; they can't take another on this object."""
        bit = self._bit[seat]
        self._together[bit].remove(seat)
        for other in self._together[bit]:
            self.able[other] &= ~(1 << officer)
            self._could[self._role[other]][officer] &= ~bit
            self._note_swaps(other)

    def _note_swaps(self, seat: int) -> None:
        bit = self._bit[seat]
        for other in self.beside(seat):
            for one, two in ((seat, other), (other, seat)):
                roles, officer = (self._role[one], self._role[two]), self.officer[two]
                if officer is not None and self.able[one] >> officer & 1:
                    self._swaps[roles] |= bit
                else:
                    self._swaps[roles] &= ~bit

    def no_moves(self) -> list[Objects]:
        """No seat can be given away: by role, the objects where one can."""
        return [0] * len(self._filled)

    def wave(self, movable: list[Objects], newly: Officers, reached: Officers) -> Officers:
        """Add to `movable` what can be given to those newly reached; answers the officers who are
        reached thereby."""
        for role, could in enumerate(self._could):
            gained = 0
            for officer in members(newly):
                gained |= could[officer] & ~self._on[officer]
            movable[role] |= gained & self._filled[role]
        self._pass_on(movable)
        return self._holders(movable, reached)

    def _pass_on(self, movable: list[Objects]) -> None:
        """A seat can also go to the officer of another seat of the object that can be given on."""
        grows = True
        while grows:
            grows = False
            for (one, other), able in self._swaps.items():
                more = movable[other] & able & self._filled[one] & ~movable[one]
                if more:
                    movable[one] |= more
                    grows = True

    def _holders(self, movable: Sequence[Objects], reached: Officers) -> Officers:
        found = 0
        for officer in members(self.holding & ~reached):
            if any(
                holds[officer] & objects
                for holds, objects in zip(self._holds, movable, strict=True)
            ):
                found |= 1 << officer
        return found


def _bits(objects: Objects) -> Iterator[Objects]:
    while objects:
        lowest = objects & -objects
        yield lowest
        objects ^= lowest

"""Staffing (派员): one way to fill every open seat, kept up to date while seats are drawn.

A seat is a role on an object. The flow behind it: officer → balls left, officer-and-object → 1,
seat → 1, over the able. One search in its residual graph tells for all officers at once whether
they may take a seat: an officer may if the one who holds it now can let it go, seat by seat, until
somebody has a ball to spare (the look-ahead).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from draw.officers import Officers, members


class Seat(NamedTuple):
    """A role on an object, with the officers who are able, as far as it does not depend on who
    else is on the object."""

    object: str
    role: str
    able: Officers


class Move(NamedTuple):
    """How a seat gets rid of its officer: to whom it goes, and which other seat of the same object
    that one leaves for it."""

    officer: int
    leaves: int | None


class Search:
    """What was found on the way back from the free balls."""

    def __init__(self, free: Officers) -> None:
        self.reached = free
        self.exits: dict[int, int] = {}  # officer → the seat that they can leave
        self.moves: dict[int, Move] = {}  # seat → how


class Staffing:
    """Who could sit where: every open seat has an officer, as far as there are any."""

    def __init__(
        self, seats: Sequence[Seat], balls: Sequence[int], present: Mapping[str, Officers]
    ) -> None:
        self._able = [seat.able & ~present.get(seat.object, 0) for seat in seats]
        self._object = [seat.object for seat in seats]
        self._spare = list(balls)
        self._free = self._left = sum(1 << officer for officer, left in enumerate(balls) if left)
        self._officer: list[int | None] = [None] * len(seats)
        self._sits: list[set[int]] = [set() for _ in balls]
        self._together: dict[str, list[int]] = {}
        for number, seat in enumerate(seats):
            self._together.setdefault(seat.object, []).append(number)

    def fill(self) -> list[int]:
        """Seat somebody everywhere. The seats that stay empty: a maximum flow leaves no fewer,
        for whoever could not be seated once can't be later."""
        return [number for number in range(len(self._officer)) if not self.fill_seat(number)]

    def admissible(self, seat: int) -> Officers:
        """The officers with whom this seat and all that are still open can be filled."""
        self.release(seat)
        self._found = self._search(seat)
        return self._takers(seat, self._found)

    def settle(self, seat: int, officer: int) -> None:
        """The seat was drawn: it is this officer's, who must be admissible, and open no longer."""
        self._give(seat, officer, self._found)
        self._sits[officer].remove(seat)
        if not self._sits[officer] and not self._spare[officer]:
            self._left &= ~(1 << officer)
        self._together[self._object[seat]].remove(seat)
        for other in self._together[self._object[seat]]:
            self._able[other] &= ~(1 << officer)

    def fill_seat(self, seat: int) -> bool:
        """Whether somebody could be seated here, with everybody else staying seated somewhere."""
        found = self._search(seat)
        takers = self._takers(seat, found)
        if takers:
            self._give(seat, next(members(takers)), found)
        return takers != 0

    def release(self, seat: int) -> None:
        """Leave a seat empty."""
        officer = self._officer[seat]
        if officer is not None:
            self._officer[seat] = None
            self._sits[officer].remove(seat)
            self._spare[officer] += 1
            self._free |= 1 << officer

    def _takers(self, seat: int, found: Search) -> Officers:
        """Who of the able can take a seat: from elsewhere whoever reaches a free ball, from another
        seat of the object whoever can leave that one."""
        here = self._sitting(self._object[seat])
        takers = self._able[seat] & found.reached & ~here
        for other in self._together[self._object[seat]]:
            officer = self._officer[other]
            if officer is not None and other in found.moves:
                takers |= self._able[seat] & 1 << officer
        return takers

    def _sitting(self, object_: str) -> Officers:
        here = 0
        for seat in self._together[object_]:
            officer = self._officer[seat]
            if officer is not None:
                here |= 1 << officer
        return here

    def _search(self, seat: int) -> Search:
        """Go back from the free balls, until all who are able and have a ball left are reached, or
        nobody more is."""
        found = Search(self._free)
        object_, hoped = self._object[seat], self._able[seat] & self._left
        waiting = [officer for officer, seats in enumerate(self._sits) if seats]
        grows = True
        while grows:
            self._find_moves(object_, found)
            if self._takers(seat, found) == hoped:
                break
            reached = found.reached
            for officer in waiting:
                if not reached >> officer & 1:
                    self._find_exit(officer, found)
            grows = found.reached != reached
        return found

    def _find_exit(self, officer: int, found: Search) -> None:
        for seat in self._sits[officer]:
            if seat not in found.moves:
                self._find_moves(self._object[seat], found)
            if seat in found.moves:
                found.exits[officer] = seat
                found.reached |= 1 << officer
                return

    def _find_moves(self, object_: str, found: Search) -> None:
        """Which seats of an object can be given to somebody who is reached, and is not on it; or
        to the officer of another of its seats, where that one can be given on."""
        here = self._sitting(object_)
        held = [seat for seat in self._together[object_] if self._officer[seat] is not None]
        grows = True
        while grows:
            grows = False
            for seat in held:
                if seat not in found.moves and (move := self._move(seat, held, here, found)):
                    found.moves[seat] = move
                    grows = True

    def _move(self, seat: int, held: Sequence[int], here: Officers, found: Search) -> Move | None:
        able = self._able[seat]
        if outside := able & found.reached & ~here:
            return Move(next(members(outside)), None)
        for other in held:
            officer = self._officer[other]
            if other in found.moves and officer is not None and able >> officer & 1:
                return Move(officer, other)
        return None

    def _give(self, seat: int, officer: int, found: Search) -> None:
        """Seat an officer, and let everybody on the way move on, until a free ball is spent."""
        leaves = next(
            (
                other
                for other in self._together[self._object[seat]]
                if self._officer[other] == officer
            ),
            None,
        )
        while True:
            if leaves is None and not self._spare[officer]:
                leaves = found.exits[officer]
            self._officer[seat] = officer
            self._sits[officer].add(seat)
            if leaves is None:
                break
            self._sits[officer].remove(leaves)
            seat = leaves
            officer, leaves = found.moves[seat]
        self._spare[officer] -= 1
        if not self._spare[officer]:
            self._free &= ~(1 << officer)

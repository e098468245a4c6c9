"""Staffing (派员): one way to fill every open seat, kept up to date while seats are drawn.

A seat is a role on an object. The flow behind it: officer → balls left, officer-and-object → 1,
seat → 1, over the able. One search in its residual graph tells for all officers at once whether
they may take a seat: an officer may if the seats they hold can be given on, one by one, until
somebody has a ball to spare (the look-ahead). It goes in waves, back from the free balls: seats
that can be given to somebody reached, the officers who hold them, and so on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from draw.board import Board, Seat
from draw.officers import Officers, members


class Move(NamedTuple):
    """How a seat is given on: to whom, and which other seat of the object they leave for it."""

    officer: int
    leaves: int | None


class Staffing:
    """Who could sit where: every open seat has an officer, as far as there are any."""

    def __init__(self, seats: Sequence[Seat], balls: Sequence[int]) -> None:
        self._board = Board(seats, len(balls))
        self._size = len(seats)
        self._spare = list(balls)
        self._free = sum(1 << officer for officer, left in enumerate(balls) if left)
        self._waves: list[Officers] = []

    def fill(self) -> list[int]:
        """Seat somebody everywhere. The seats that stay empty: a maximum flow leaves no fewer,
        for whoever could not be seated once can't be later."""
        return [seat for seat in range(self._size) if not self.fill_seat(seat)]

    def fill_seat(self, seat: int) -> bool:
        """Whether somebody could be seated here, with everybody else staying seated somewhere."""
        takers = self._search(seat)
        if takers:
            self._give(seat, next(members(takers)))
        return takers != 0

    def release(self, seat: int) -> None:
        """Leave a seat empty."""
        officer = self._board.officer[seat]
        if officer is not None:
            self._board.rise(seat)
            self._spare[officer] += 1
            self._free |= 1 << officer

    def admissible(self, seat: int) -> Officers:
        """The officers with whom this seat and all that are still open can be filled."""
        self.release(seat)
        return self._search(seat)

    def settle(self, seat: int, officer: int) -> None:
        """The seat just asked for was drawn: it is this admissible officer's, and open no more."""
        self._give(seat, officer)
        self._board.rise(seat)
        self._board.close(seat, officer)

    def _search(self, seat: int) -> Officers:
        """Who of the able can take a seat. It ends when all of them can who have a ball at all, or
        when nobody more is reached."""
        hoped = self._board.able[seat] & self._with_balls()
        self._waves = [newly := self._free]
        movable = self._board.no_moves()
        while (takers := self._takers(seat)) != hoped and newly:
            newly = self._board.wave(movable, newly, self._waves[-1])
            self._waves.append(self._waves[-1] | newly)
        return takers

    def _with_balls(self) -> Officers:
        return self._free | self._board.holding

    def _takers(self, seat: int) -> Officers:
        """Who is reached elsewhere; from another seat of the object whoever can leave it."""
        able, beside = self._board.able[seat], self._board.beside(seat)
        takers = able & self._waves[-1] & ~self._here(beside)
        for other in self._moves(beside, self._waves[-1:]):
            takers |= able & self._here([other])
        return takers

    def _moves(self, together: Sequence[int], waves: Sequence[Officers]) -> dict[int, Move]:
        """Which seats of one object can be given on, each in the earliest of the waves that allows
        it: so no seat is needed twice on the way back to a free ball."""
        here = self._here(together)
        moves: dict[int, Move] = {}
        for reached in waves:
            left = None
            while left != (left := len(moves)):
                for seat in together:
                    if seat not in moves and (move := self._move(seat, reached & ~here, moves)):
                        moves[seat] = move
        return moves

    def _move(self, seat: int, outside: Officers, moves: Mapping[int, Move]) -> Move | None:
        able = self._board.able[seat]
        if self._board.officer[seat] is None:
            return None
        if able & outside:
            return Move(next(members(able & outside)), None)
        for other in moves:
            officer = self._board.officer[other]
            if officer is not None and able >> officer & 1:
                return Move(officer, other)
        return None

    def _here(self, seats: Sequence[int]) -> Officers:
        here = 0
        for seat in seats:
            officer = self._board.officer[seat]
            if officer is not None:
                here |= 1 << officer
        return here

    def _give(self, seat: int, officer: int) -> None:
        """Seat an officer, and let everybody on the way move on, until a free ball is spent."""
        asked, beside = seat, self._board.beside(seat)
        leaves = next((other for other in beside if self._board.officer[other] == officer), None)
        moves = self._moves(beside, self._waves)
        while True:
            if leaves is None and not self._spare[officer]:
                leaves, moves = self._exit(officer, asked)
            if leaves is not None:
                self._board.rise(leaves)
            self._board.sit(seat, officer)
            if leaves is None:
                break
            seat = leaves
            officer, leaves = moves[seat]
        self._spare[officer] -= 1
        if not self._spare[officer]:
            self._free &= ~(1 << officer)

    def _exit(self, officer: int, asked: int) -> tuple[int, dict[int, Move]]:
        """A seat that an officer without a spare ball can leave, and how it is given on; the seat
        that is asked for is not, though somebody sits there already."""
        reached = next(n for n, wave in enumerate(self._waves) if wave >> officer & 1)
        for seat in self._board.held_by(officer):
            together = [seat, *self._board.beside(seat)]
            moves = self._moves([s for s in together if s != asked], self._waves[:reached])
            if seat in moves:
                return seat, moves
        raise AssertionError("who was reached can leave a seat")

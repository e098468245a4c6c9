"""What is done to the servers: a deck of cards, shuffled by the seed and played one by one."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from server.failpoints import POINTS
from tests.chaos.disk import Disk
from tests.chaos.orders import CUT, FAIL, HOLD, KILL, KILL_DATABASE, Order, Orders
from tests.chaos.services import Keeper

FILL_DISK = "fill the disk"
OPEN_FATAL = 12  # deadly orders that wait for somebody to come by
VISITS_BETWEEN_FATAL = 80  # to points, so that something goes on between two deaths
WAIT_SECONDS = 25.0  # then an order is withdrawn, and its card played again later
HOLD_SECONDS = (0.05, 1.5)
HOLDS = 3  # at each point: most of what overtakes something does so while it is held
FULL_SECONDS = 1.5
FULL_DISKS = 4
TICK_SECONDS = 0.02
FATAL = (KILL, KILL_DATABASE)
JOBS = ("job.", "derivatives.", "sweep.", "seal.", "custody.")


@dataclass(frozen=True)
class Card:
    """Something to go wrong, at a point."""

    action: str
    point: str


@dataclass
class Played:
    """What became of the deck."""

    counts: Counter[str] = field(default_factory=Counter)
    untried: list[Card] = field(default_factory=list)


def new_deck(chance: random.Random, *, kills_database: bool) -> list[Card]:
    """Every action at every point, in the seed's order; a full disk now and then."""
    actions = [KILL, FAIL, CUT, *[HOLD] * HOLDS, *([KILL_DATABASE] if kills_database else [])]
    cards = [
        Card(action, point)
        for point in POINTS
        for action in actions
        if not (action == CUT and point.startswith(JOBS))
    ]
    cards += [Card(FILL_DISK, "") for _ in range(FULL_DISKS)]
    chance.shuffle(cards)
    return cards


class Dealer(threading.Thread):
    """Plays the deck until it is through, or the time is over."""

    def __init__(
        self,
        orders: Orders,
        keepers: Sequence[Keeper],
        disk: Disk,
        cards: list[Card],
        *,
        chance: random.Random,
        seconds: float,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(name="dealer", daemon=True)
        self.orders, self.keepers, self.disk = orders, keepers, disk
        self.played = Played()
        self._cards, self._chance, self._seconds, self._say = cards, chance, seconds, say
        self._open: dict[str, tuple[Order, Card, float]] = {}
        self._releases: list[tuple[float, Order]] = []
        self._visits_at_fatal = 0

    def run(self) -> None:
        """Card after card."""
        dealt = len(self._cards)
        until = time.monotonic() + self._seconds
        while (self._cards or self._open) and time.monotonic() < until:
            time.sleep(TICK_SECONDS)
            self._look_after_open()
            self._play_next()
            if dealt - len(self._cards) >= 25:
                dealt = len(self._cards)
                self._say(f"{sum(self.played.counts.values())} faults, {dealt} cards to go")
        self._tidy()

    def _play_next(self) -> None:
        for place, card in enumerate(self._cards):
            if card.point not in self._open and not self._must_wait(card):
                self._play(self._cards.pop(place))
                return

    def _must_wait(self, card: Card) -> bool:
        """A deadly card waits while others do, while more than one process is on its way back, and
        until enough has gone on since the last: somebody has to come by."""
        if card.action not in FATAL:
            return False
        fatal = sum(card.action in FATAL for _, card, _ in self._open.values())
        down = sum(not keeper.is_up() for keeper in self.keepers)
        went_on = self.orders.number_of_visits() - self._visits_at_fatal
        return fatal >= OPEN_FATAL or down > 1 or went_on < VISITS_BETWEEN_FATAL

    def _play(self, card: Card) -> None:
        if card.action == FILL_DISK:
            self.disk.fill()
            time.sleep(FULL_SECONDS)
            self.disk.make_room()
            self.played.counts[FILL_DISK] += 1
            return
        if card.action in FATAL:
            self._visits_at_fatal = self.orders.number_of_visits()
        order = self.orders.give(card.point, card.action)
        self._open[card.point] = (order, card, time.monotonic() + WAIT_SECONDS)

    def _look_after_open(self) -> None:
        now = time.monotonic()
        for order, card, until in list(self._open.values()):
            if self.orders.is_taken(order):
                self._note_taken(order, card, now)
            elif now > until and self.orders.withdraw(order):
                del self._open[card.point]
                self._cards.append(card)
        for due, order in list(self._releases):
            if now > due:
                self.orders.release(order)
                self._releases.remove((due, order))

    def _note_taken(self, order: Order, card: Card, now: float) -> None:
        del self._open[card.point]
        self.played.counts[card.action] += 1
        if card.action == HOLD:
            self._releases.append((now + self._chance.uniform(*HOLD_SECONDS), order))

    def _tidy(self) -> None:
        for order, card, _ in self._open.values():
            if self.orders.withdraw(order):
                self._cards.append(card)
        for _, order in self._releases:
            self.orders.release(order)
        self.disk.make_room()
        self.played.untried = list(self._cards)

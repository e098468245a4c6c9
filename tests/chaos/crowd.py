"""All devices at once, in threads: each thread has some, and walks with one after the other."""

import json
import queue
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from client import Patience
from tests.chaos.city import City
from tests.chaos.verdict import Typed, Witness
from tests.chaos.walkers import Walker

THREADS = 16
CALM_ROUNDS = 12
CALM_TRIES = 40


class Crowd:
    """Everybody with a device. `work` until told to `finish`; `between` is called before each round
    in which they come to rest."""

    def __init__(
        self, city: City, *, devices: int, server: str, folder: Path, seed: str,
        between: Callable[[], None],
    ) -> None:  # fmt: skip
        self.faults: queue.Queue[str] = queue.Queue()
        self.witnesses: list[Witness] = []
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self._over = threading.Event()
        self._news = threading.Event()
        self._between = between
        self._devices, self._signed_in = devices, 0
        patience = Patience(attempts=2, first_seconds=0.05, longest_seconds=0.3)

        def walker(n: int) -> Walker:
            return Walker(
                f"device-{n}", city.person(n), server=server, folder=folder, seed=seed,
                patience=patience,
            )  # fmt: skip

        threads = min(THREADS, devices)
        shares = [range(first, devices, threads) for first in range(threads)]
        self._barrier = threading.Barrier(threads)
        self._threads = [
            threading.Thread(target=self._guarded, args=(share, walker), daemon=True)
            for share in shares
        ]

    def work(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wait_until_signed_in(self, seconds: float) -> None:
        """Until all have once, or the time is over: some go on trying while things go wrong."""
        deadline = time.monotonic() + seconds
        while self._signed_in < self._devices and time.monotonic() < deadline:
            time.sleep(0.05)

    def finish(self) -> None:
        """Stop writing, sync until nobody hears anything new, and say what is held."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, numbers: Sequence[int], make: Callable[[int], Walker]) -> None:
        try:
            self._live(numbers, make)
        except Exception:
            self.faults.put(traceback.format_exc())
            self._barrier.abort()

    def _live(self, numbers: Sequence[int], make: Callable[[int], Walker]) -> None:
        walkers = [make(number) for number in numbers]
        for walker in walkers:
            self._signed_in += walker.is_signed_in()  # roughly: only to wait by
        while not self._over.is_set():
            for walker in walkers:
                walker.visit()
                if self._over.is_set():
                    break
        for _ in range(CALM_ROUNDS):
            if not self._rest(walkers):
                break
        else:
            self.faults.put("the devices never come to rest")
        for walker in walkers:
            self._keep(walker)

    def _rest(self, walkers: list[Walker]) -> bool:
        """One round in which everybody syncs; whether anybody heard anything new."""
        if self._barrier.wait() == 0:
            self._between()
            self._news.clear()
        self._barrier.wait()
        for walker in walkers:
            if self._sync_at_last(walker):
                self._news.set()
        self._barrier.wait()
        return self._news.is_set()

    def _sync_at_last(self, walker: Walker) -> bool:
        """Sync until it gets through; whether that brought or settled anything."""
        for _ in range(CALM_TRIES):
            before = walker.waiting()
            report = walker.sync()
            if report is not None:
                return bool(report.pulled) or walker.waiting() != before
        self.faults.put(f"{walker.name} cannot sync, though all is calm: {walker.counts}")
        return False

    def _keep(self, walker: Walker) -> None:
        account = walker.device.account
        pending = walker.device.pending()
        typed = [
            Typed(account.device_id, row["op_id"], row["type"], row["id"], row["action"],
                  json.loads(row["patch"]))
            for row in walker.typed()
        ]  # fmt: skip
        waiting = [f"op {op.op_id} {op.state}" for op in pending.ops if op.state == "waiting"]
        waiting += [f"photo {p.photo_id} {p.reason}" for p in pending.photos if p.state != "sent"]
        self.witnesses.append(
            Witness(
                walker.name,
                account.device_id,
                walker.person.officer_id,
                typed,
                walker.ear.heard,
                walker.ear.pages,
                walker.mirror(),
                waiting,
            )
        )
        self.counts += walker.counts
        self.statuses += walker.ear.statuses
        for fault in [*walker.unforeseen, *walker.ear.no_envelope]:
            self.faults.put(fault)
        walker.close()

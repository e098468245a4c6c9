"""All devices at once, driven by one loop; what happened, second by second."""

import heapq
import itertools
import selectors
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.load import WrongAnswer
from bench.soak.devices import POLL_SECONDS, Device

TICK_SECONDS = 0.02


@dataclass
class Seen:
    """What one second brought."""

    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waiting: int = 0
    memory_bytes: int = 0
    pauses_asked: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Crowd:
    """Devices on a port. A poller comes every ten seconds by the clock, whatever the server does:
    one that is still waiting for its last answer then is counted, and comes late."""

    def __init__(self, port: int, devices: Iterable[Device], memory: Callable[[], int]) -> None:
        self._port, self._memory = port, memory
        self._devices = list(devices)
        self._turns: list[tuple[float, int, Device]] = []
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()

    def run(self, seconds: int, tell: Callable[[str], None]) -> list[Seen]:
        """Let them act; gives what each second brought."""
        began = time.perf_counter()
        for number, device in enumerate(self._devices):
            self._connect(device)
            spread = POLL_SECONDS * number / len(self._devices) if device.kind == "pull" else 0.0
            self._at(began + spread, device)
        history = [Seen() for _ in range(seconds)]
        current = -1
        while (elapsed := time.perf_counter() - began) < seconds:
            seen = history[int(elapsed)]
            if int(elapsed) != current:
                current = int(elapsed)
                self._look(seen)
                tell(f"second {current} of {seconds}: {seen.waiting} requests waiting")
            self._act(seen)
        for device in self._devices:
            device.link.close()
        return history

    def _look(self, seen: Seen) -> None:
        seen.waiting = sum(device.sent_at is not None for device in self._devices)
        seen.memory_bytes = self._memory()

    def _act(self, seen: Seen) -> None:
        now = time.perf_counter()
        while self._turns and self._turns[0][0] <= now:
            device = heapq.heappop(self._turns)[2]
            device.send(now)
        for key, _ in self._selector.select(TICK_SECONDS):
            self._hear(key.data, seen)

    def _hear(self, device: Device, seen: Seen) -> None:
        try:
            answer = device.receive()
            if answer is None:
                return
            pause_seconds = device.heard(answer)
        except (WrongAnswer, OSError) as error:
            seen.errors[str(error)] += 1
            self._reconnect(device)
            return
        now = time.perf_counter()
        asked_at, device.sent_at = device.sent_at or now, None
        seen.latencies_ms[device.kind].append((now - asked_at) * 1000)
        seen.pauses_asked += b"\r\nbackoff:" in answer[:1000].lower()
        # by the clock: a slow answer does not make the next question later
        device.due = max(now, device.due + pause_seconds)
        self._at(device.due, device)

    def _at(self, moment: float, device: Device) -> None:
        device.due = moment
        heapq.heappush(self._turns, (moment, next(self._numbers), device))

    def _connect(self, device: Device) -> None:
        device.link = socket.create_connection(("127.0.0.1", self._port))
        device.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(device.link, selectors.EVENT_READ, device)

    def _reconnect(self, device: Device) -> None:
        self._selector.unregister(device.link)
        device.link.close()
        device.received.clear()
        device.sent_at = None
        self._connect(device)
        self._at(time.perf_counter() + 1, device)

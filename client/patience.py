"""How often, and how slowly, a device asks again: bounded, growing, spread by chance."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Patience:
    """The policy. `sleep`, `spread` and `monotonic` can be replaced, so that tests need no time.

    `attempts` counts every try, the first included: 1 means "never repeat". All other figures are
    seconds. A server that asks for a longer wait than `longest_seconds` is not waited for: the
    error goes to the caller, who may come back later.
    """

    attempts: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    spread: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic

    def tries(self) -> Tries:
        """A fresh count for one piece of work."""
        return Tries(self)


@dataclass
class Tries:
    """The tries that one piece of work has used."""

    patience: Patience
    used: int = field(default=1)

    def wait(self, asked_seconds: float | None = None) -> bool:
        """Sleep before the next try; False, at once, when no further try should be made."""
        patience = self.patience
        if self.used >= patience.attempts or (asked_seconds or 0) > patience.longest_seconds:
            return False
        patience.sleep(self._pause() if asked_seconds is None else asked_seconds)
        self.used += 1
        return True

    def _pause(self) -> float:
        """Doubling with each try, by chance half to all of it: devices must not march in step."""
        full = self.patience.first_seconds * 2.0 ** (self.used - 1)
        return min(full, self.patience.longest_seconds) * (0.5 + self.patience.spread() / 2)

"""People who push and pull in processes of their own, against one database."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from server import create_app
from server.config import Settings
from tests.world import Caller

#: a fresh interpreter for each: nothing is shared but the database
PROCESSES = multiprocessing.get_context("spawn")
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Badge:
    """What a process needs to act as a person of the world."""

    settings: Settings
    user_id: str
    officer_id: str | None
    device_id: str
    token: str

    @classmethod
    def of(cls, settings: Settings, caller: Caller) -> "Badge":
        return cls(settings, caller.user_id, caller.officer_id, caller.device_id, caller.token)

    def caller(self) -> Caller:
        """The person, with an app of this process's own."""
        http = create_app(self.settings).test_client()
        return Caller(http, self.user_id, self.officer_id, self.device_id, self.token)


def all_done(processes: list[Any]) -> None:
    """Wait for processes; one that failed or hangs fails the test."""
    for process in processes:
        process.join(PATIENCE_SECONDS)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def started(act: Callable[..., None], *arguments: Any) -> Any:
    """A process that does `act`."""
    process = PROCESSES.Process(target=act, args=arguments, daemon=True)
    process.start()
    return process

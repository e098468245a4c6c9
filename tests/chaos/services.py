"""The processes of a run, each with a keeper that starts it again as soon as it is gone."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.orders import Orders
from tests.server_process import PROJECT, NotServing, free_port

LOOK_SECONDS = 0.05
MOST_FAILED_STARTS = 4
PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Service:
    """Something that must always run."""

    name: str
    start: Callable[[], None]
    is_running: Callable[[], bool]


class Keeper(threading.Thread):
    """Watches one service."""

    def __init__(self, service: Service) -> None:
        super().__init__(name=f"keeper of {service.name}", daemon=True)
        self.service = service
        self.restarts = 0
        self.faults: list[str] = []
        self._up, self._over = threading.Event(), threading.Event()

    def run(self) -> None:
        """Until told to stop."""
        failed = 0
        while not self._over.wait(LOOK_SECONDS):
            if self.service.is_running():
                self._up.set()
                failed = 0
                continue
            self._up.clear()
            self.restarts += 1
            try:
                self.service.start()
            except (NotServing, subprocess.SubprocessError, OSError) as error:
                failed += 1
                if failed == MOST_FAILED_STARTS:
                    self.faults.append(f"{self.service.name} does not start again: {error}")
                    return

    def is_up(self) -> bool:
        """Whether it runs, as far as is known."""
        return self._up.is_set() and self.service.is_running()

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()
        self.join(PATIENCE_SECONDS)


class Worker:
    """A process of ours that is no server: the jobs, the network."""

    def __init__(self, module: str, *arguments: str, environ: Mapping[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._environ, self.log = {**os.environ, **environ}, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=PROJECT, env=self._environ, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it for good."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(PATIENCE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


class Line:
    """The network's process, and what can be told to it."""

    def __init__(self, orders: Orders, servers: list[int], *, seed: str, log: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._control = orders.control
        self._worker = Worker(
            "tests.chaos.network", "--port", str(self.port), "--seed", seed,
            "--servers", ",".join(map(str, servers)), "--control", str(self._control),
            environ={}, log=log,
        )  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it hears."""
        self._worker.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._control.exists():
            if time.monotonic() > deadline:
                raise TimeoutError("the network does not start")
            time.sleep(LOOK_SECONDS)

    def tell(self, message: str) -> None:
        """Say it to the network."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(message.encode(), str(self._control))

    def finish(self) -> dict[str, int]:
        """End it; gives how often each thing happened."""
        self.tell("stop")
        told = self._control.with_suffix(".json")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        self._worker.stop()
        counts: dict[str, int] = json.loads(told.read_text())
        return counts

    def stop(self) -> None:
        """End it, whatever it says."""
        self._worker.stop()

"""A real server process (granian) for tests that speak HTTP: started, killed, started again.

    with serving(settings, folder=tmp_path) as server:
        requests.get(f"{server.url}/healthz")
        server.kill()      # SIGKILL to every process of it, as a power cut would
        server.start()     # the same port, so that addresses handed out before still hold

Each server is a process group of its own, so nothing of it outlives the `with` block (only a
pytest that is itself killed leaves it behind). What it wrote to its log is shown when it does not
start.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

import requests

from server.config import Settings

PROJECT = Path(__file__).parent.parent
START_SECONDS = 60  # a cold start on a busy machine; usually about one
STOP_SECONDS = 20
POLL_SECONDS = 0.02
QUIET = {"LOG_LEVEL": "WARNING"}


class NotServing(AssertionError):
    """The server ended or did not answer in time; the text holds the end of its log."""


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment variables that say what `settings` say."""
    return {spec.metadata["env"]: str(getattr(settings, spec.name)) for spec in fields(settings)}


def free_port() -> int:
    """A port on which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """`granian` with an environment of its own, on one port for its whole life."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        folder: Path,
        port: int | None = None,
        workers: int = 1,
        threads: int = 4,
        target: Sequence[str] = ("wsgi:app",),
        python: Path = Path(sys.executable),
        health: str = "/healthz",
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._health = f"{self.url}{health}"
        self.log = folder / f"server-{self.port}.log"
        self._environ = {**os.environ, **QUIET, **environ, "PORT": str(self.port)}
        self._command = [
            str(python), "-m", "granian", "--interface", "wsgi", "--no-ws",
            "--host", "127.0.0.1", "--port", str(self.port), "--workers", str(workers),
            "--blocking-threads", str(threads), "--log-level", "warning", *target,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def api(self) -> str:
        """Where the API begins."""
        return f"{self.url}/api/v1"

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def session_id(self) -> int:
        """The session that all its processes belong to."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it answers. Raises NotServing."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environ, cwd=PROJECT, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.wait_until(self._answers, f"it answers {self._health}", seconds=START_SECONDS)

    def kill(self) -> None:
        """SIGKILL to all its processes at once: nothing is flushed, nothing said goodbye."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would; killed if it does not go."""
        try:
            self._signal(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait_until(self, condition: Callable[[], bool], what: str, *, seconds: float = 15) -> None:
        """Return as soon as `condition` holds. Raises NotServing when the server ended or the time
        is over first."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._ended_within(POLL_SECONDS):
                raise NotServing(f"the server ended before {what}\n{self._tail()}")
            if time.monotonic() > deadline:
                raise NotServing(f"{seconds} s were over before {what}\n{self._tail()}")

    def _answers(self) -> bool:
        try:
            return requests.get(self._health, timeout=START_SECONDS).ok
        except requests.ConnectionError:
            return False

    def _ended_within(self, seconds: float) -> bool:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):  # workers that outlived their parent
            os.killpg(self._process.pid, signal.SIGKILL)

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


@contextmanager
def serving(
    settings: Settings,
    *,
    folder: Path,
    workers: int = 1,
    threads: int = 4,
    target: Sequence[str] = ("wsgi:app",),
) -> Iterator[ServerProcess]:
    """A running server with these settings, on a database that is migrated already."""
    server = ServerProcess(
        environment_of(settings), folder=folder, workers=workers, threads=threads, target=target
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()

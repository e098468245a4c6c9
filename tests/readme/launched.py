"""`python -m server launch`, as a newcomer starts it: a process of its own on a fresh folder."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.readme.pages import PROJECT

START_SECONDS = 90  # a loaded machine that has never compiled our modules
LAST_LINE = "Ctrl-C stops it"
OURS = ("SECRET_KEY", "DATABASE_URL", "DATA_DIR", "HOST", "PORT", "PUBLIC_URL", "WORKERS")


@dataclass
class Launched:
    process: subprocess.Popen[str]
    port: int
    log: Path
    greeting: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Connect until the server answers; fails when it ends or takes too long."""
        self.greeting = self._read_greeting()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(requests.ConnectionError):
                assert requests.get(f"{self.address}/readyz", timeout=10).status_code == 200
                return
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
                raise AssertionError(f"ended before it was ready:\n{self.log.read_text()}")
        raise AssertionError(f"not ready after {START_SECONDS} s:\n{self.log.read_text()}")

    def accounts(self) -> dict[str, tuple[str, str]]:
        """What was printed: username and password by role; of several officers the first."""
        found = re.findall(r"^    (\w+) +(\S+) +(\S+)$", self.greeting, re.MULTILINE)
        return {role: (name, password) for role, name, password in reversed(found)}

    def stop(self) -> int:
        """Tell it to stop and wait until nobody is left: each of its processes holds the pipe
        that is read to its end here."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def _read_greeting(self) -> str:
        assert self.process.stdout is not None
        lines = []
        while not lines or LAST_LINE not in lines[-1]:
            lines.append(self.process.stdout.readline())
            assert lines[-1], f"ended without a greeting:\n{self.log.read_text()}"
        return "".join(lines)


@contextmanager
def launched(folder: Path, *, port: int, **environ: str) -> Iterator[Launched]:
    """Start it on `folder`; stopped at the end, if it still runs."""
    log = folder.with_suffix(".log")
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "launch"],
            cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            text=True, start_new_session=True,
            env={**inherited, "DATA_DIR": str(folder), "PORT": str(port), **environ},
        )  # fmt: skip
    try:
        yield Launched(process, port, log)
    finally:
        process.terminate()
        process.wait(60)

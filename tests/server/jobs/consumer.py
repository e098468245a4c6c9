"""A real consumer process, watched through the events it logs."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.config import Settings

PROJECT = Path(__file__).parent.parent.parent.parent
PATIENCE_SECONDS = 60


class Consumer:
    """`python -m server jobs run` on the given deployment."""

    def __init__(self, settings: Settings, *options: str) -> None:
        environ = {
            **os.environ,
            "SECRET_KEY": settings.secret_key,
            "DATABASE_URL": settings.database_url,
            "DATA_DIR": str(settings.data_dir),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", "jobs", "run", *options],
            cwd=PROJECT, env=environ, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait_for(self, event: str, job: str) -> dict[str, object]:
        """Read its log up to an event; the test fails when it ends first or takes too long."""
        too_late = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        too_late.start()
        seen = []
        try:
            assert self.process.stderr is not None
            for line in self.process.stderr:
                seen.append(line)
                found = json.loads(line) if line.startswith("{") else {}
                if (found.get("event"), found.get("job")) == (event, job):
                    return found
        finally:
            too_late.cancel()
        raise AssertionError(f"no {event} of {job} in:\n{''.join(seen)}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def consumer(settings: Settings, *options: str) -> Iterator[Consumer]:
    running = Consumer(settings, *options)
    try:
        yield running
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(PATIENCE_SECONDS) == 0
    finally:
        running.kill()
        assert running.process.stderr is not None
        running.process.stderr.close()

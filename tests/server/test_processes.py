"""`run_together` takes over a process's signals, so each test gives it a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.readme.pages import PROJECT

WAITS = "import os, signal; os.write(1, b'ready\\n'); signal.pause()"
IGNORES_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
TELLS_SIGNALS = """
import os, signal
def tell(number, frame):
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
    if number == signal.SIGTERM:
        os._exit(0)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, tell)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""
PARENT = """
import json, os, sys
from pathlib import Path
from server.processes import run_together
scripts = json.loads(sys.argv[1])
commands = {name: [sys.executable, "-c", script] for name, script in scripts.items()}
first = run_together(
    commands, environ=os.environ, folder=Path.cwd(), patience_seconds=float(sys.argv[2])
)
print("first:", first, flush=True)
"""


@contextmanager
def together(patience_seconds: float = 20, **scripts: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the scripts together; stopped at the end, if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, json.dumps(scripts), str(patience_seconds)],
        cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_until_ready(process: subprocess.Popen[str], count: int) -> None:
    assert process.stdout is not None
    for _ in range(count):
        assert process.stdout.readline() == "ready\n"


def last_words(process: subprocess.Popen[str]) -> str:
    """What is still said until nobody is left: every child holds the other end of this pipe."""
    return process.communicate(timeout=30)[0].replace("ready\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_them_all(number):
    with together(a=WAITS, b=WAITS) as process:
        wait_until_ready(process, 2)
        process.send_signal(number)
        assert last_words(process) == "first: None\n"
        assert process.returncode == 0


def test_ctrl_c_at_a_terminal_reaches_them_as_an_orderly_stop():
    with together(a=TELLS_SIGNALS, b=WAITS) as process:
        wait_until_ready(process, 2)
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        assert last_words(process) == "SIGTERM\nfirst: None\n"


def test_a_stop_while_they_are_starting_ends_them_too():
    with together(a=WAITS, b=WAITS) as process:
        wait_until_ready(process, 1)
        process.send_signal(signal.SIGTERM)
        assert last_words(process) == "first: None\n"


def test_when_one_ends_by_itself_the_others_are_ended_and_it_is_named():
    with together(a=WAITS, b="pass") as process:
        assert last_words(process) == "first: b\n"


def test_who_does_not_listen_is_killed_after_a_while():
    with together(0.2, a=IGNORES_TERM + WAITS, b=WAITS) as process:
        wait_until_ready(process, 2)
        process.send_signal(signal.SIGTERM)
        assert last_words(process) == "first: None\n"

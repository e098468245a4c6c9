"""Clients that nobody here wrote, in node, against a real server: `make test-clients`.

Without `NODE`, the path of node, nothing here is collected: `make test` needs only Python.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from server.config import Settings
from tests.server_process import ServerProcess, serving
from tests.world import Caller, World

NODE = os.environ.get("NODE", "")
collect_ignore_glob = [] if NODE else ["test_*.py"]
HERE = Path(__file__).parent


class Told:
    """A device in a node process: does what it is told, one thing after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, does: str, **args: Any) -> Any:
        """Have it do something and wait until it is done; what fails there fails here."""
        self.begin(does, **args)
        return self.answer()

    def begin(self, does: str, **args: Any) -> None:
        """Have it begin, without waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"does": does, **args}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What came of what it began."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the device ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]


@pytest.fixture
def server(settings: Settings, world: World, tmp_path: Path) -> Iterator[ServerProcess]:
    """A real server on the database of `world`, with threads for some streams."""
    with serving(settings, folder=tmp_path, threads=16) as running:
        yield running


@pytest.fixture
def device(server: ServerProcess) -> Iterator[Callable[..., Told]]:
    """Makes devices: `device("rxdb", world.lead, types=["finding"])`."""
    with ExitStack() as processes:

        def make(kind: str, caller: Caller, **args: Any) -> Told:
            process = subprocess.Popen(
                [NODE, str(HERE / "devices" / f"{kind}.js")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            processes.callback(process.wait, 30)
            processes.callback(process.kill)
            told = Told(process)
            if kind != "tus":
                told("start", api=server.api, token=caller.token, **args)
            return told

        yield make

"""The two servers, and what the kernel says of their processes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.sides import SECRET, THREADS
from bench.uploads.sender import Target
from server import create_app
from server.config import Settings
from server.migrate import upgrade
from server.parts import parts_of
from tests.server_process import ServerProcess, environment_of
from tests.world import World

OURS, PEER = "Suijian", "@tus/server"
PEER_SCRIPT = Path(__file__).parent / "peer.js"
MINUTES = 600


@dataclass(frozen=True)
class Side:
    """A running server, and the process that all of it descends from."""

    name: str
    target: Target
    process: psutil.Process

    def peak_mib(self) -> float:
        """The most memory that its processes ever had, each on its own, added up."""
        return sum(_peak_kib(each.pid) for each in self._family()) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that its living processes have used."""
        times = [each.cpu_times() for each in self._family()]
        return sum(each.user + each.system for each in times)

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@dataclass(frozen=True)
class Ours(Side):
    """Suijian, with its world at hand."""

    world: World


@contextmanager
def serving_ours(url: str, folder: Path, *, workers: int) -> Iterator[Ours]:
    """A real server on PostgreSQL and a folder, with one officer who sends."""
    settings = Settings(
        secret_key=SECRET, database_url=url, data_dir=folder, access_token_minutes=MINUTES
    )
    upgrade(url)
    app = create_app(settings)
    world = World(app)
    server = ServerProcess(
        environment_of(settings), folder=folder, workers=workers, threads=THREADS
    )
    try:
        server.start()
        headers = {"Authorization": f"Bearer {world.lead.token}"}
        target = Target(server.port, "/api/v1/files", headers)
        yield Ours(OURS, target, psutil.Process(server.session_id), world)
    finally:
        server.stop()
        parts_of(app).database.engine.dispose()


@contextmanager
def serving_peer(folder: Path, *, node: str) -> Iterator[Side]:
    """@tus/server with its file store, in a process group of its own: `node` may be a launcher."""
    with subprocess.Popen(
        [node, str(PEER_SCRIPT), str(folder)],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Side(PEER, Target(port, "/files"), psutil.Process(process.pid))
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _peak_kib(pid: int) -> int:
    """proc(5): VmHWM, the peak resident set size."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))

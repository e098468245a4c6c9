"""`make soak`: the whole detachment on PostgreSQL, then on SQLite."""

import argparse
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from bench.documents import findings
from bench.load import http_request
from bench.sides import SECRET, random_ids
from bench.soak.crowd import Crowd, Seen
from bench.soak.devices import POLL_SECONDS, PUSHED_OPS, Device, Feed, Outbox
from bench.soak.report import report
from bench.soak.watch import resident_bytes
from bench.stage import WORKERS, set_up, tell
from server import create_app
from server.config import Settings
from server.migrate import upgrade
from server.parts import parts_of
from tests.server_process import ServerProcess, environment_of
from tests.world import Caller, World

RESULTS = Path(__file__).parent / "RESULTS.md"
SECONDS = 120
#: before the clock starts: connections are opened, caches filled
WARMING_SECONDS = 20
DEVICES = 500
THREADS = 32
PUSHERS = 50


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    asked = parser.parse_args()
    with set_up() as stage:
        lines = ["# Soak", "", *stage.facts("bench.soak", threads=THREADS)]
        lines.append(
            f"- {DEVICES} devices pull every {POLL_SECONDS:.0f} s, {PUSHERS} push without a pause"
        )
        urls = {
            "PostgreSQL": stage.database("soak"),
            "SQLite": f"sqlite:///{stage.folder / 'soak.sqlite'}",
        }
        for name, url in urls.items():
            history = soak(url, stage.folder, asked.seconds)
            lines += ["", *report(name, history)]
    tell("")
    page = "\n".join([*lines, ""])
    print(page)
    if asked.seconds >= SECONDS:
        RESULTS.write_text(page)


def soak(url: str, folder: Path, seconds: int) -> list[Seen]:
    """What each second brought, the warming up left out."""
    with _serving(url, folder) as (server, devices):
        crowd = Crowd(server.port, devices, lambda: resident_bytes(server.session_id))
        return crowd.run(WARMING_SECONDS + seconds, tell)[WARMING_SECONDS:]


@contextmanager
def _serving(url: str, folder: Path) -> Iterator[tuple[ServerProcess, list[Device]]]:
    settings = Settings(secret_key=SECRET, database_url=url, data_dir=folder, threads=THREADS)
    upgrade(url)
    app = create_app(settings)
    devices = list(_devices(World(app)))
    parts_of(app).database.engine.dispose()
    server = ServerProcess(
        environment_of(settings), folder=folder, workers=WORKERS, threads=THREADS
    )
    try:
        server.start()
        yield server, devices
    finally:
        server.stop()


def _devices(world: World) -> Iterator[Device]:
    """Everyone asks for news; the leads of fifty teams push, on a connection of their own."""
    officers = []
    for number in range(DEVICES):
        tell(f"making officer {number} of {DEVICES}")
        officers.append(world.officer(f"officer-{number}"))
    for officer in officers:
        feed = Feed(_headers(officer))
        yield Device("pull", feed.ask, feed.heard)
    teams = itertools.islice(zip(officers[::2], officers[1::2], strict=True), PUSHERS)
    for number, (lead, assistant) in enumerate(teams):
        task_id = world.task(lead=lead, assistant=assistant)
        outbox = Outbox(_batches(number, task_id, _headers(lead)))
        yield Device("push", outbox.ask, outbox.heard)


def _headers(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}"}


def _batches(number: int, task_id: str, headers: dict[str, str]) -> Iterator[bytes]:
    """Pushes of ten new findings, without end."""
    ids, documents = random_ids(f"soak/{number}"), findings(number, task_id)
    while True:
        now_ms = time.time_ns() // 1_000_000
        ops = [
            {
                "op_id": next(ids), "type": "finding", "id": next(ids), "action": "create",
                "base_rev": None, "patch": document, "hlc": f"{now_ms}:{count}",
            }
            for count, document in enumerate(itertools.islice(documents, PUSHED_OPS))
        ]  # fmt: skip
        body = orjson.dumps({"device_time": now_ms, "schema_version": 1, "ops": ops})
        yield http_request("POST", "/api/v1/sync/push", headers=headers, body=body)


if __name__ == "__main__":
    main()

"""The sides of the comparison, each a real server: how to start it, and what to ask it.

Suijian's has teams of two, each on a task of their own; the leads push, so that every finding goes
into two feeds. A reader's feed holds 1,000 documents for the pulls, and is left alone.
"""

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from bench.documents import SEED, findings
from bench.floor import floor_of
from bench.load import Proof, Volley, fire, http_request
from server import create_app
from server.config import Settings
from server.migrate import upgrade
from server.parts import parts_of
from tests.server_process import ServerProcess, environment_of
from tests.world import Caller, World

SECRET = "the benchmarks' own key, of more than thirty-two bytes"
PUSHERS = 8
PULLERS = 16
COLD_PULLERS = 8
BATCH = 50
PAGE = 500
COLD_DOCUMENTS = 1000
FILL_BATCH = 500
#: threads of each server process; both sides have as many
THREADS = 4
ANSWERED = Proof((200,))


class Side(Protocol):
    """What is measured of a server; each volley asks for something that was not asked before."""

    name: str
    #: the share of what is usually asked of a side that it is asked for
    portion: float

    def push(self, batches: int) -> Volley:
        """`batches` of 50 new findings on each of 8 connections."""

    def empty_pull(self, pulls: int) -> Volley:
        """`pulls` that find nothing new, on each of 16 connections."""

    def cold_pull(self, pulls: int) -> Volley:
        """`pulls` of all 1,000 documents in pages of 500, on each of 8 connections."""


class Floor:
    """The bare routes."""

    portion = 1.0

    def __init__(self, name: str, port: int) -> None:
        self.name, self._port, self._ids = name, port, random_ids(f"{name}/floor")
        self._documents = findings(0, next(self._ids))
        for _ in range(COLD_DOCUMENTS // FILL_BATCH):
            self._fire(self._batch("held", FILL_BATCH))
        page = self._fire(http_request("GET", f"/pull?limit={PAGE}"))
        self._middle = orjson.loads(page)["cursor"]
        self._end = orjson.loads(self._fire(self._pull(self._middle)))["cursor"]

    def push(self, batches: int) -> Volley:
        queues = [[self._batch("pushed", BATCH) for _ in range(batches)] for _ in range(PUSHERS)]
        return Volley(self._port, queues, Proof((200,), b'{"stored":%d}' % BATCH, 1))

    def empty_pull(self, pulls: int) -> Volley:
        queues = [[self._pull(self._end)] * pulls] * PULLERS
        return Volley(self._port, queues, Proof((200,), b'{"changes":[]', 1))

    def cold_pull(self, pulls: int) -> Volley:
        queues = [[self._pull(""), self._pull(self._middle)] * pulls] * COLD_PULLERS
        return Volley(self._port, queues, Proof((200,), b'{"id":', PAGE))

    def _batch(self, table: str, count: int) -> bytes:
        listed = [
            {"id": id_, "data": document}
            for id_, document in itertools.islice(
                zip(self._ids, self._documents, strict=False), count
            )
        ]
        return http_request("POST", f"/push/{table}", body=orjson.dumps(listed))

    def _pull(self, cursor: str) -> bytes:
        return http_request("GET", f"/pull?{urlencode({'limit': PAGE, 'cursor': cursor})}")

    def _fire(self, request: bytes) -> bytes:
        return _ask(self._port, request)


class Suijian:
    """The real server, as `make run` starts it."""

    portion = 1.0

    def __init__(self, name: str, port: int, teams: Sequence["Team"], reader: "Team") -> None:
        self.name, self.port, self._teams, self._reader = name, port, teams, reader
        self._ids = random_ids(name)
        left = COLD_DOCUMENTS - len(self._changes(""))
        while left:
            count = min(left, FILL_BATCH)
            _ask(port, self._batch(reader, count))
            left -= count
        self._middle = self._page("")["cursor"]
        self._end = self._page(self._middle)["cursor"]

    def push(self, batches: int) -> Volley:
        queues = [[self._batch(team, BATCH) for _ in range(batches)] for team in self._teams]
        return Volley(self.port, queues, Proof((200,), b'"status":"applied"', BATCH))

    def empty_pull(self, pulls: int) -> Volley:
        seen = {"If-None-Match": f'"{self._end}"'}  # as the reference device asks
        queues = [[self._pull(self._end, seen)] * pulls] * PULLERS
        return Volley(self.port, queues, Proof((304,)))

    def cold_pull(self, pulls: int) -> Volley:
        queues = [self.cold_requests() * pulls] * COLD_PULLERS
        return Volley(self.port, queues, Proof((200,), b'"op":"upsert"', PAGE))

    def cold_requests(self, headers: dict[str, str] | None = None) -> list[bytes]:
        """The requests of one cold pull."""
        return [self._pull(cursor, headers) for cursor in ("", self._middle)]

    def cold_pages(self) -> list[dict[str, Any]]:
        """What they are answered."""
        return [self._page(cursor) for cursor in ("", self._middle)]

    def _batch(self, team: "Team", count: int) -> bytes:
        now_ms = time.time_ns() // 1_000_000
        ops = [
            {
                "op_id": next(self._ids), "type": "finding", "id": next(self._ids),
                "action": "create", "base_rev": None, "patch": document,
                "hlc": f"{now_ms}:{number}",
            }
            for number, document in enumerate(itertools.islice(team.documents, count))
        ]  # fmt: skip
        body = orjson.dumps({"device_time": now_ms, "schema_version": 1, "ops": ops})
        return http_request("POST", "/api/v1/sync/push", headers=team.headers, body=body)

    def _pull(self, cursor: str, headers: dict[str, str] | None = None) -> bytes:
        query = urlencode({"limit": PAGE, **({"cursor": cursor} if cursor else {})})
        sent = {**self._reader.headers, **(headers or {})}
        return http_request("GET", f"/api/v1/sync/changes?{query}", headers=sent)

    def _page(self, cursor: str) -> dict[str, Any]:
        page: dict[str, Any] = orjson.loads(_ask(self.port, self._pull(cursor)))
        return page

    def _changes(self, cursor: str) -> list[Any]:
        changes: list[Any] = self._page(cursor)["changes"]
        return changes


class Team:
    """A task's lead, with their token and the documents that they write."""

    def __init__(self, seed: int, task_id: str, lead: Caller) -> None:
        self.headers = {"Authorization": f"Bearer {lead.token}"}
        self.documents = findings(seed, task_id)


@contextmanager
def serving_suijian(url: str, folder: Path, *, name: str, workers: int) -> Iterator[Suijian]:
    """A running server with its people and tasks."""
    settings = Settings(secret_key=SECRET, database_url=url, data_dir=folder)
    upgrade(url)
    app = create_app(settings)
    world = World(app)
    reader, *teams = [_team(world, number) for number in range(PUSHERS + 1)]
    parts_of(app).database.engine.dispose()
    with _running(environment_of(settings), folder, workers, ["wsgi:app"]) as port:
        yield Suijian(name, port, teams, reader)


@contextmanager
def serving_floor(url: str, folder: Path, *, name: str, workers: int) -> Iterator[Floor]:
    """The bare routes on the same server software with as many processes and threads."""
    floor_of(url).prepare(url)
    target = ["--factory", "bench.floor:create_app"]
    with _running({"FLOOR_DATABASE": url}, folder, workers, target) as port:
        yield Floor(name, port)


def _team(world: World, number: int) -> Team:
    lead, assistant = world.officer(f"lead-{number}"), world.officer(f"assistant-{number}")
    return Team(number, world.task(lead=lead, assistant=assistant), lead)


@contextmanager
def _running(
    environ: dict[str, str], folder: Path, workers: int, target: Sequence[str]
) -> Iterator[int]:
    server = ServerProcess(environ, folder=folder, workers=workers, threads=THREADS, target=target)
    try:
        server.start()
        yield server.port
    finally:
        server.stop()


def _ask(port: int, request: bytes) -> bytes:
    """The body of one answer."""
    return fire(Volley(port, [[request]], ANSWERED)).last_body


def random_ids(seed: str) -> Iterator[str]:
    """Ids as devices make them: 32 random hexadecimal signs."""
    dice = random.Random(f"{SEED}/{seed}")
    while True:
        yield f"{dice.getrandbits(128):032x}"

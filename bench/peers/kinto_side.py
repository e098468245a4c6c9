"""Kinto as a side of the comparison: how to start it, and what to ask it."""

import base64
import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import orjson

from bench.documents import findings
from bench.load import Fired, Proof, Volley, fire, http_request
from bench.sides import (
    BATCH,
    COLD_DOCUMENTS,
    COLD_PULLERS,
    PAGE,
    PULLERS,
    PUSHERS,
    THREADS,
    random_ids,
)  # fmt: skip
from tests.server_process import PROJECT, ServerProcess

BUCKET = "/v1/buckets/bench"
READ = f"{BUCKET}/collections/read"
HEADERS = {"Authorization": f"Basic {base64.b64encode(b'bench:bench').decode()}"}
CREATED = Proof((200, 201))


class Kinto:
    """A running Kinto with one collection for each pusher and one that is read."""

    name = "Kinto"
    #: so slow a side is asked for a part of what the others are, or a round would take an hour
    portion = 1 / 25

    def __init__(self, port: int) -> None:
        self._port, self._ids = port, random_ids("kinto")
        self._documents = findings(0, next(self._ids))
        self._ask("PUT", BUCKET)
        for name in ("read", *map(str, range(PUSHERS))):
            self._ask("PUT", f"{BUCKET}/collections/{name}")
        for _ in range(COLD_DOCUMENTS // BATCH):
            self._fire(self._batch("read"))
        self._pages = self._cold_pages()
        answer = self._fire(self._get(f"{READ}/records?_limit=1"))
        self._tag = _header(answer, b"etag")

    def push(self, batches: int) -> Volley:
        """`batches` of 50 new records on each of 8 connections."""
        queues = [[self._batch(str(n)) for _ in range(batches)] for n in range(PUSHERS)]
        return Volley(self._port, queues, Proof((200,), b'"status":201', BATCH))

    def empty_pull(self, pulls: int) -> Volley:
        """`pulls` that find nothing new, on each of 16 connections, in Kinto's cheapest way."""
        query = urlencode({"_limit": PAGE, "_since": self._tag})
        request = self._get(f"{READ}/records?{query}", {"If-None-Match": self._tag})
        return Volley(self._port, [[request] * pulls] * PULLERS, Proof((304,)))

    def cold_pull(self, pulls: int) -> Volley:
        """`pulls` of all 1,000 records in pages of 500, on each of 8 connections."""
        queues = [self._pages * pulls] * COLD_PULLERS
        return Volley(self._port, queues, Proof((200,), b'"id":', PAGE))

    def _batch(self, collection: str) -> bytes:
        requests = [
            {"path": f"{BUCKET}/collections/{collection}/records/{id_}", "body": {"data": document}}
            for id_, document in itertools.islice(
                zip(self._ids, self._documents, strict=False), BATCH
            )
        ]
        body = orjson.dumps({"defaults": {"method": "PUT"}, "requests": requests})
        return http_request("POST", "/v1/batch", headers=HEADERS, body=body)

    def _cold_pages(self) -> list[bytes]:
        """The requests of a cold pull, each page's address learnt from the one before."""
        pages, path = [], f"{READ}/records?_limit={PAGE}"
        for _ in range(COLD_DOCUMENTS // PAGE):
            pages.append(self._get(path))
            following = urlsplit(_header(self._fire(pages[-1]), b"next-page"))
            path = f"{following.path}?{following.query}"
        return pages

    def _get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        return http_request("GET", path, headers={**HEADERS, **(headers or {})})

    def _ask(self, method: str, path: str) -> None:
        self._fire(http_request(method, path, headers=HEADERS))

    def _fire(self, request: bytes) -> Fired:
        return fire(Volley(self._port, [[request]], CREATED))


def _header(fired: Fired, name: bytes) -> str:
    """A header of the last answer; nothing where it has none."""
    for line in fired.last_head.split(b"\r\n"):
        found, _, value = line.partition(b": ")
        if found.lower() == name:
            return value.decode()
    return ""


@contextmanager
def serving_kinto(url: str, folder: Path, *, python: Path, workers: int) -> Iterator[Kinto]:
    """A running Kinto on an empty database."""
    environ = {"KINTO_DATABASE": url, "PYTHONWARNINGS": "ignore"}
    app = "bench.peers.kinto_app"
    subprocess.run([python, "-m", app], check=True, cwd=PROJECT, env={**os.environ, **environ})
    server = ServerProcess(
        environ, folder=folder, workers=workers, threads=THREADS, python=python,
        target=["--factory", f"{app}:create_app"], health="/v1/__lbheartbeat__",
    )  # fmt: skip
    try:
        server.start()
        yield Kinto(server.port)
    finally:
        server.stop()

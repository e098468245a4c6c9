"""A bad network between devices and servers, as a process of its own.

    python -m tests.chaos.network --port 1 --servers 2,3 --seed 4 --control PATH

Each request comes on a connection of its own; what happens to the n-th one of a line (a device)
follows from the seed, the line's name and n alone. `--control` is a datagram socket that hears
`cut <request id>` (close that client's connection), `calm` (all goes well from now on) and
`stop`; at its end the process writes what it did to `<control>.json`.
"""

import argparse
import asyncio
import json
import random
import socket
import uuid
from collections import Counter, defaultdict, deque
from contextlib import suppress
from pathlib import Path

WELL = "goes well"
#: what may happen to a request, and how often out of a hundred
FATES = {
    "request lost": 4,
    "request broken off": 3,  # half of it arrives
    "answer lost": 5,
    "answer broken off": 3,
    "delivered twice": 3,  # one after the other
    "delivered twice at once": 2,
    "overtaken": 4,  # the device gives up; the request arrives after its next one
    "echo": 4,  # answered, and delivered again after the next one
    "slow": 6,
    "slow and thin": 2,  # a trickle of bytes
}
THIN_BYTES_PER_SECOND = 48_000
PIECE_BYTES = 4_096
LATE_SECONDS = 3.0  # an overtaken request arrives then at the latest
HEAD_LIMIT = 64 * 1024
LINE = b"x-line"


class Request:
    """One request, as bytes to be sent on."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *rest = head.rstrip(b"\r\n").split(b"\r\n")
        fields = [line.partition(b":") for line in rest]
        named = {name.strip().lower(): value.strip() for name, _, value in fields}
        self.line = named.get(LINE, b"-").decode()
        self.name = uuid.uuid4().hex
        kept = [
            name + b": " + value.strip()
            for name, _, value in fields
            if name.lower() not in (LINE, b"connection", b"x-request-id")
        ]
        own = [b"Connection: close", b"X-Request-ID: " + self.name.encode()]
        self.bytes = b"\r\n".join([first, *kept, *own]) + b"\r\n\r\n" + body


class Network:
    """All lines."""

    def __init__(self, servers: list[int], seed: str) -> None:
        self.servers, self.seed = servers, seed
        self.calm = False
        self.done = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._late: dict[str, deque[Request]] = defaultdict(deque)
        self._clients: dict[str, asyncio.StreamWriter] = {}
        self._running: set[asyncio.Task[None]] = set()

    def hear(self, message: str) -> None:
        """An order of the suite."""
        word, _, name = message.partition(" ")
        if word == "calm":
            self.calm = True
            for line in list(self._late):
                self._spawn(self._deliver_late(line))
        elif word == "stop":
            self.done.set()
        elif word == "cut" and name in self._clients:
            self.counts["connection cut"] += 1
            self._clients[name].transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, one request."""
        with suppress(OSError, asyncio.IncompleteReadError):
            request = await read_request(reader)
            self._clients[request.name] = writer
            try:
                await self._carry(request, writer)
            finally:
                del self._clients[request.name]
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()

    async def _carry(self, request: Request, writer: asyncio.StreamWriter) -> None:
        number = self._asked[request.line]
        self._asked[request.line] += 1
        chance = random.Random(f"{self.seed}/{request.line}/{number}")
        fate = WELL if self.calm else chance.choices([WELL, *FATES], weights=_weights())[0]
        self.counts[fate] += 1
        waiting = self._late.pop(request.line, deque())
        answer = await self._meet(fate, request, chance)
        writer.write(answer)
        await writer.drain()
        for late in waiting:
            self._spawn(self._deliver(late))

    async def _meet(self, fate: str, request: Request, chance: random.Random) -> bytes:
        """What the client hears: all of the answer, part of it, or nothing."""
        if fate == "request lost":
            return b""
        if fate == "request broken off":
            cut = chance.randrange(1, len(request.bytes))
            await self._deliver(request, request.bytes[:cut])
            return b""
        if fate in ("overtaken", "echo"):
            self._late[request.line].append(request)
            self._spawn(self._at_last(request.line))
            if fate == "overtaken":
                return b""
        if fate == "slow":
            await asyncio.sleep(chance.uniform(0.05, 0.6))
        if fate == "delivered twice":
            await self._deliver(request)
        if fate == "delivered twice at once":
            self._spawn(self._deliver(request))
        pause = PIECE_BYTES / THIN_BYTES_PER_SECOND if fate == "slow and thin" else 0
        answer = await self._deliver(request, pause=pause)
        if fate == "answer lost":
            return b""
        if fate == "answer broken off":
            return broken_off(answer, chance)
        return answer

    async def _at_last(self, line: str) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await self._deliver_late(line)

    async def _deliver_late(self, line: str) -> None:
        for request in self._late.pop(line, deque()):
            await self._deliver(request)

    async def _deliver(
        self, request: Request, data: bytes | None = None, *, pause: float = 0
    ) -> bytes:
        """Send it to one of the servers that is there; gives all that is answered."""
        for port in random.sample(self.servers, len(self.servers)):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            try:
                await trickle(writer, request.bytes if data is None else data, pause)
                if data is not None:
                    return b""
                return await reader.read()
            except OSError:
                return b""
            finally:
                writer.transport.abort()
        self.counts["nobody there"] += 1
        return b""

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _weights() -> list[int]:
    bad = list(FATES.values())
    return [100 - sum(bad), *bad]


def broken_off(answer: bytes, chance: random.Random) -> bytes:
    """A part of it: some of the body, or else of the first line. (Half a head is left out: Python's
    HTTP library takes it for a whole one with fewer fields.)"""
    head, end, body = answer.partition(b"\r\n\r\n")
    if body:
        return head + end + body[: chance.randrange(len(body))]
    return answer[: chance.randrange(8)]


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The whole request; its length stands in its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return Request(head, await reader.readexactly(length))


async def trickle(writer: asyncio.StreamWriter, data: bytes, pause: float) -> None:
    """Write it, piece by piece where there is a pause."""
    for start in range(0, len(data), PIECE_BYTES if pause else len(data) or 1):
        writer.write(data[start : start + PIECE_BYTES] if pause else data)
        await writer.drain()
        await asyncio.sleep(pause)


async def run(port: int, servers: list[int], seed: str, control: Path) -> None:
    """Carry requests until told to stop."""
    network = Network(servers, seed)
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(control))
    ear.setblocking(False)
    loop = asyncio.get_running_loop()
    loop.add_reader(ear, lambda: network.hear(ear.recv(200).decode()))
    server = await asyncio.start_server(network.serve, "127.0.0.1", port, limit=HEAD_LIMIT)
    async with server:
        await network.done.wait()
    control.with_suffix(".json").write_text(json.dumps(network.counts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--control", type=Path, required=True)
    asked = parser.parse_args()
    ports = [int(port) for port in asked.servers.split(",")]
    asyncio.run(run(asked.port, ports, asked.seed, asked.control))

"""The load generator: one light process, persistent HTTP/1.1 connections, requests made beforehand.

A connection sends its next request as soon as it has the whole answer to the one before. Nothing
is parsed while the clock runs; afterwards every answer is held against what it must say.
"""

import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RECEIVE_BYTES = 1 << 20
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Proof:
    """What each answer must say: one of the statuses, and a text so many times."""

    statuses: tuple[int, ...]
    text: bytes = b""
    times: int = 0


@dataclass(frozen=True)
class Volley:
    """Requests for one server, a queue for each connection."""

    port: int
    queues: Sequence[Sequence[bytes]]
    proof: Proof


@dataclass(frozen=True)
class Fired:
    """How it went: from the first byte sent to the last received, and each answer's time."""

    seconds: float
    latencies_ms: list[float]
    received_bytes: int
    last_head: bytes
    last_body: bytes


class WrongAnswer(AssertionError):
    """An answer that is not what a measured one must be; the figure would be worth nothing."""


def http_request(
    method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class _Connection:
    link: socket.socket
    waiting: list[bytes]
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    answers: list[bytes] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def send_next(self) -> bool:
        """Send the next request; False when none is left."""
        if not self.waiting:
            return False
        self.sent_at = time.perf_counter()
        self.link.sendall(self.waiting.pop())
        return True

    def receive(self) -> bool:
        """Take what came; True when the answer is whole."""
        piece = self.link.recv(RECEIVE_BYTES)
        if not piece:
            raise WrongAnswer(f"the server hung up after {bytes(self.received[:300])!r}")
        self.received += piece
        if not is_whole(self.received):
            return False
        self.latencies_ms.append((time.perf_counter() - self.sent_at) * 1000)
        self.answers.append(bytes(self.received))
        self.received.clear()
        return True


def fire(volley: Volley) -> Fired:
    """Send everything, connection by connection side by side. Raises WrongAnswer."""
    connections = [
        _Connection(socket.create_connection(("127.0.0.1", volley.port)), list(reversed(queue)))
        for queue in volley.queues
    ]
    began = time.perf_counter()
    _run(connections)
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.link.close()
        for answer in connection.answers:
            _check(answer, volley.proof)
    latencies_ms = [ms for each in connections for ms in each.latencies_ms]
    answers = [answer for connection in connections for answer in connection.answers]
    received_bytes = sum(map(len, answers))
    last_head, _, last_body = answers[-1].partition(b"\r\n\r\n")
    return Fired(seconds, latencies_ms, received_bytes, last_head, last_body)


def _run(connections: Sequence[_Connection]) -> None:
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.link, selectors.EVENT_READ, connection)
            connection.send_next()
        while selector.get_map():
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"no answer for {PATIENCE_SECONDS} s")
            for key, _ in ready:
                if key.data.receive() and not key.data.send_next():
                    selector.unregister(key.fileobj)


def is_whole(received: bytearray) -> bool:
    """Whether an answer has come to its end."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    if received.startswith(b"HTTP/1.1 304"):
        return True
    head = bytes(received[:end]).lower()
    at = head.find(b"content-length:")
    if at < 0:
        raise WrongAnswer(f"an answer without a length: {head!r}")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    return len(received) >= end + 4 + length


def _check(answer: bytes, proof: Proof) -> None:
    status = int(answer[9:12])
    if status not in proof.statuses or answer.count(proof.text) < proof.times:
        raise WrongAnswer(f"expected {proof}, got {answer[:2000].decode(errors='replace')}")

"""The client: four at a time, each photo begun and sent piece by piece, on connections that last.

It runs in a process of its own and does as little as it can, so that what is measured is a server.
"""

import base64
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.load import WrongAnswer
from bench.uploads.photos import Sent, files

AT_ONCE = 4
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Target:
    """A tus server: where uploads begin, and what every request to it says."""

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sending:
    """How it went: from the first byte to the last answer, and how long each request took."""

    seconds: float
    sent_bytes: int
    post_ms: list[float]
    patch_ms: list[float]


def send(target: Target, kind: str, *, count: int, seed: int, at_once: int = AT_ONCE) -> Sending:
    """Send so many new files of a kind; those of a connection one after the other. Raises
    WrongAnswer."""
    made = files(kind, count=count, seed=seed)
    senders = [_Sender(target, made[number::at_once]) for number in range(at_once)]
    began = time.perf_counter()
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for sender in senders:
        if sender.fault:
            raise sender.fault
    return Sending(
        seconds,
        sum(len(file.content) for file in made),
        [ms for sender in senders for ms in sender.post_ms],
        [ms for sender in senders for ms in sender.patch_ms],
    )


class _Sender:
    """One connection, one file after the other."""

    def __init__(self, target: Target, files: list[Sent]) -> None:
        self._target, self._files = target, files
        self._link = socket.create_connection(("127.0.0.1", target.port))
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.post_ms: list[float] = []
        self.patch_ms: list[float] = []
        self.fault: Exception | None = None

    def run(self) -> None:
        try:
            for file in self._files:
                self._send(file)
        except Exception as fault:  # told by whoever waits for all
            self.fault = fault
        finally:
            self._link.close()

    def _send(self, file: Sent) -> None:
        said = {"Upload-Length": str(len(file.content)), "Upload-Metadata": _metadata(file)}
        began = time.perf_counter()
        head = self._ask("POST", self._target.path, said, b"", expected=201)
        self.post_ms.append((time.perf_counter() - began) * 1000)
        path = urlsplit(head["location"]).path
        content = memoryview(file.content)
        for offset in range(0, len(content), PIECE_BYTES):
            piece = content[offset : offset + PIECE_BYTES]
            said = {
                "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream",
            }  # fmt: skip
            began = time.perf_counter()
            head = self._ask("PATCH", path, said, piece, expected=204)
            self.patch_ms.append((time.perf_counter() - began) * 1000)
            if int(head["upload-offset"]) != offset + len(piece):
                raise WrongAnswer(f"{offset + len(piece)} bytes sent, {head}")

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: memoryview | bytes,
        *, expected: int,
    ) -> dict[str, str]:  # fmt: skip
        said = {
            "Host": f"127.0.0.1:{self._target.port}", "Tus-Resumable": "1.0.0",
            "Content-Length": str(len(body)), **self._target.headers, **headers,
        }  # fmt: skip
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in said.items())]
        self._link.sendall("\r\n".join([*lines, "", ""]).encode())
        if body:
            self._link.sendall(body)
        return self._heard(expected)

    def _heard(self, expected: int) -> dict[str, str]:
        """The head of the answer; none of those expected has a body."""
        received = b""
        while b"\r\n\r\n" not in received:
            block = self._link.recv(65536)
            if not block:
                raise WrongAnswer(f"the server hung up after {received[:300]!r}")
            received += block
        status, *lines = received.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        if int(status.split()[1]) != expected:
            raise WrongAnswer(f"expected {expected}, got {received[:2000].decode()}")
        pairs = (line.partition(": ") for line in lines)
        return {name.lower(): value for name, _, value in pairs}


def _metadata(file: Sent) -> str:
    said = {
        "photo_id": str(uuid.uuid4()), "sha256": file.sha256, "filename": "楼梯间.jpg",
        "filetype": "image/jpeg",
    }  # fmt: skip
    encoded = (f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in said.items())
    return ",".join(encoded)

"""A device's line to the server: a TCP relay that can be dead, break, or lose an answer.

The device is given the relay's address instead of the server's, so what happens to it is what
happens to a tablet in a cellar: sockets close in the middle of a body, or just before the answer.
"""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
BLOCK_BYTES = 1 << 14
BACKLOG = 16


@dataclass
class Mishap:
    """What happens to requests that begin with `begins`: all their bytes but `lets_through` are
    lost and the line breaks, or (None) they arrive whole and the answer is lost."""

    begins: bytes
    lets_through: int | None
    passed_bytes: int = 0


class Line:
    """One line. Down until `up` is called."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._up = False
        self._mishap: Mishap | None = None
        self._calls: set[_Call] = set()
        self.sent_bytes = 0
        self._door = socket.create_server((HOST, 0), backlog=BACKLOG)
        threading.Thread(target=self._answer, daemon=True).start()

    @property
    def address(self) -> str:
        """Where the device believes the server to be."""
        return f"http://{HOST}:{self._door.getsockname()[1]}"

    def up(self) -> None:
        """There is a network."""
        self._up = True

    def down(self) -> None:
        """There is none: open connections break, new ones too."""
        self._up = False
        for call in list(self._calls):
            call.hang_up()

    def break_within(self, begins: str, *, lets_through: int) -> None:
        """Break once this many bytes of such requests got through."""
        self._mishap = Mishap(begins.encode(), lets_through)

    def lose_answer_to(self, begins: str) -> None:
        """Let the next such request arrive whole, and nobody hear the answer."""
        self._mishap = Mishap(begins.encode(), None)

    def close(self) -> None:
        """No more."""
        self.down()
        self._door.close()

    def _answer(self) -> None:
        with suppress(OSError):  # the door was closed
            while True:
                device, _ = self._door.accept()
                if not self._up:
                    device.close()
                    continue
                self._connect(device)

    def _connect(self, device: socket.socket) -> None:
        try:
            server = socket.create_connection((HOST, self._server_port))
        except OSError:
            device.close()
            return
        call = _Call(self, device, server)
        self._calls.add(call)
        for pump in (call.send, call.hear):
            threading.Thread(target=pump, daemon=True).start()

    def ended(self, call: "_Call") -> None:
        """A connection is over."""
        self._calls.discard(call)

    def met_by(self, block: bytes) -> Mishap | None:
        """The mishap that a request beginning with this block meets."""
        mishap = self._mishap
        return mishap if mishap and block.startswith(mishap.begins) else None

    def happened(self) -> None:
        """The mishap is over."""
        self._mishap = None


class _Call:
    """One connection through the line."""

    def __init__(self, line: Line, device: socket.socket, server: socket.socket) -> None:
        self._line, self._device, self._server = line, device, server
        self._met: Mishap | None = None
        self._answered = True

    def send(self) -> None:
        """Device to server, until one of them ends it or the line breaks."""
        with suppress(OSError):
            while block := self._device.recv(BLOCK_BYTES):
                if self._answered:  # the first block after an answer begins a request
                    self._answered, self._met = False, self._line.met_by(block)
                allowed = self._allowed(len(block))
                self._line.sent_bytes += allowed
                self._server.sendall(block[:allowed])
                if allowed < len(block):
                    self._line.happened()
                    break
        self.hang_up()

    def hear(self) -> None:
        """Server to device."""
        with suppress(OSError):
            while block := self._server.recv(BLOCK_BYTES):
                if self._met and self._met.lets_through is None:
                    self._line.happened()
                    break
                self._answered = True
                self._device.sendall(block)
        self.hang_up()

    def hang_up(self) -> None:
        """Close both ends."""
        self._line.ended(self)
        for end in (self._device, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _allowed(self, count: int) -> int:
        if self._met is None or self._met.lets_through is None:
            return count
        allowed = min(count, self._met.lets_through - self._met.passed_bytes)
        self._met.passed_bytes += allowed
        return allowed

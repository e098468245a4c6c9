"""What somebody at a terminal sees while a large draw is replayed: the step, and a bar."""

import os
import sys
from types import TracebackType
from typing import BinaryIO, cast

_STAGES = {
    "pool": "读取抽取池 reading the pool",
    "objects": "计算对象的球 computing the objects' tickets",
    "officers": "抽取人员 drawing the officers",
    "events": "后续事件 late events",
}
BAR_CELLS = 30


class Watch:
    """Writes to the terminal, and nothing where there is none."""

    def __init__(self) -> None:
        self._screen = sys.stderr if sys.stderr.isatty() else None

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show("")

    def stage(self, name: str) -> None:
        """A step begins."""
        self._show(_STAGES[name])

    def size(self, stream: BinaryIO) -> int:
        """Bytes of an open file."""
        return os.fstat(stream.fileno()).st_size

    def reading(self, stream: BinaryIO) -> BinaryIO:
        """The same file, shown while it is read."""
        return cast(BinaryIO, _Watched(self, stream, self.size(stream)))

    def bar(self, done: int, total: int) -> None:
        """How much of a file was read."""
        cells = BAR_CELLS * done // max(total, 1)
        filled = "█" * cells + "·" * (BAR_CELLS - cells)
        self._show(f"{_STAGES['pool']}  {filled} {100 * done // max(total, 1):3d} %")

    def _show(self, line: str) -> None:
        if self._screen:
            self._screen.write(f"\r\x1b[K{line}")
            self._screen.flush()


class _Watched:
    """A file that tells how far it was read."""

    def __init__(self, watch: Watch, stream: BinaryIO, total: int) -> None:
        self._watch, self._stream, self._total, self._done = watch, stream, total, 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        return self._told(self._stream.read(size))

    def readline(self, size: int) -> bytes:
        """The rest of a line."""
        return self._told(self._stream.readline(size))

    def _told(self, block: bytes) -> bytes:
        self._done += len(block)
        self._watch.bar(self._done, self._total)
        return block

"""What a measure takes of the machine: this process and all that it started, together."""

import threading
from types import TracebackType

import psutil

SECONDS_BETWEEN = 0.05


class Memory:
    """While it is entered, looks again and again; `peak_bytes` is the most that was seen."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(SECONDS_BETWEEN):
            self.peak_bytes = max(self.peak_bytes, sum(_bytes(p) for p in _family(me)))


def cpu_seconds() -> float:
    """Processor time so far; on a shared machine it tells more than the clock does."""
    times = [process.cpu_times() for process in _family(psutil.Process())]
    return float(sum(each.user + each.system for each in times))


def _family(me: psutil.Process) -> list[psutil.Process]:
    return [me, *me.children(recursive=True)]


def _bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0

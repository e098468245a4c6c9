"""Small pictures are made in a process of their own (暗房): one that goes wrong ends only that.

Decoders are C code that reads what strangers send. Who runs out of memory or never comes to an end
dies alone, and the next picture finds a new process.
"""

import io
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from media.errors import MediaError
from media.small import SIZES, small_pictures

MAX_BYTES = 2 * 1024**3
"""Address space of the process: a picture of the most pixels takes a quarter of it."""
MAX_SECONDS = 60
"""Time for one picture; the largest takes about two."""

Develop = Callable[[bytes], dict[str, bytes]]

# The server of forks loads the decoders once; each new process is then there in milliseconds.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


class PictureNotMade(Exception):
    """Why there are no small pictures: the original cannot be read, or the process died of it."""


def develop(original: bytes) -> dict[str, bytes]:
    """All small pictures of an original, by name."""
    return small_pictures(io.BytesIO(original), *SIZES)


class Darkroom:
    """One process that makes small pictures, one original at a time. Used by one thread."""

    def __init__(self, make: Develop = develop) -> None:
        self._make = make
        self._process: ProcessPoolExecutor | None = None

    def pictures(self, original: bytes) -> dict[str, bytes]:
        """The small pictures of an original, by name. Raises `PictureNotMade`."""
        if self._process is None:
            self._process = ProcessPoolExecutor(1, _PROCESSES, initializer=_begin)
        try:
            made = self._process.submit(_timed, self._make, original).result()
        except BrokenProcessPool as death:
            self.close()
            raise PictureNotMade("the process that tried it died") from death
        if isinstance(made, str):
            raise PictureNotMade(made)
        return made

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.shutdown()
            self._process = None


def _begin() -> None:
    """Take no more memory than is granted, and end with whoever was to be served."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, most))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed tells nobody, and its queue stays open."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _timed(make: Develop, original: bytes) -> dict[str, bytes] | str:
    """What was made or, in words, why not: errors with details of their own do not travel."""
    signal.alarm(MAX_SECONDS)  # nobody catches it: the process ends
    try:
        return make(original)
    except (MediaError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)

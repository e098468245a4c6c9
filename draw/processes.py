"""Several processes at once: hashing does not let go of the interpreter for messages so short."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from typing import Any

from draw.pool import Spread

#: more processes than this only wait for the one that reads
MAX_PROCESSES = 8
#: pieces that are on their way at once, per process: none waits, and memory does not grow
AHEAD = 2


@contextmanager
def crew(processes: int | None = None) -> Iterator[Spread]:
    """`map` over so many processes, by default one a processor: answers in order, read no further
    ahead than is worked on. A single piece of work stays in this process."""
    size = min(processes or os.cpu_count() or 1, MAX_PROCESSES)
    if size == 1:
        yield map
        return
    # spawned, not forked: whoever calls may have threads
    with ProcessPoolExecutor(size, mp_context=get_context("spawn")) as pool:

        def spread(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            source = iter(items)
            first = list(islice(source, 2))
            if len(first) < 2:
                yield from map(function, first)
                return
            under_way: deque[Future[Any]] = deque(pool.submit(function, each) for each in first)
            for item in source:
                if len(under_way) >= size * AHEAD:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(function, item))
            while under_way:
                yield under_way.popleft().result()

        yield spread

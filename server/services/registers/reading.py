"""The rows of a file checked on several processors: a million rows are minutes of work for one.

The file is read once, in order, by the caller's process; batches go out to workers and come back in
the same order. Never more than a few are on their way, so memory does not grow with the file.
"""

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

from server.services.registers.files import Record, Table
from server.services.registers.layouts import LAYOUTS, Columns
from server.services.registers.rows import Problem, Row, RowReader

BATCH_ROWS = 1000
LARGE_BYTES = 8 * 1024 * 1024  # of a smaller file one process is done before others have started
MAX_WORKERS = 4


class Checked(NamedTuple):
    """One batch: how many rows were read, the sound ones (as tuples of `Row`), and the faults of
    the others."""

    rows_read: int
    rows: list[tuple[Any, ...]]
    refused: list[list[Problem]]


_reader: RowReader | None = None  # of a worker process, made once


def check_rows(table: Table, columns: Columns, *, default_division: str) -> Iterator[Checked]:
    """Read and check all rows of a table, batch by batch, in the order of the file."""
    batches = _batches(table.records)
    workers = min(MAX_WORKERS, os.cpu_count() or 1)
    if table.size_bytes < LARGE_BYTES or workers == 1:
        reader = RowReader(columns, default_division=default_division)
        yield from (_check(reader, batch) for batch in batches)
        return
    with ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),  # a fork would share our connections
        initializer=_prepare,
        initargs=(columns.fields, columns.titles, columns.layout.name, default_division),
    ) as pool:
        yield from _in_order(pool, batches, ahead=workers * 3)


def _batches(records: Iterator[Record]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := [tuple(record) for record in islice(records, BATCH_ROWS)]:
        yield batch


def _in_order(
    pool: ProcessPoolExecutor, batches: Iterator[list[tuple[Any, ...]]], *, ahead: int
) -> Iterator[Checked]:
    waiting: deque[Future[tuple[Any, ...]]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_work, batch))
            if len(waiting) == ahead:
                yield _received(waiting.popleft().result())
        while waiting:
            yield _received(waiting.popleft().result())
    finally:
        for future in waiting:
            future.cancel()


def _received(sent: tuple[Any, ...]) -> Checked:
    rows_read, rows, refused = sent
    return Checked(rows_read, rows, [[Problem(*each) for each in row] for row in refused])


def _check(reader: RowReader, batch: list[tuple[Any, ...]]) -> Checked:
    rows: list[tuple[Any, ...]] = []
    refused = []
    for record in batch:
        found = reader.read(Record(*record))
        if isinstance(found, Row):
            rows.append(found)
        else:
            refused.append(found)
    return Checked(len(batch), rows, refused)


def _prepare(
    fields: list[str | None], titles: dict[str, str], layout: str, default_division: str
) -> None:
    global _reader  # noqa: PLW0603  # a worker serves one file, from its start to its end
    gc.disable()  # nothing here goes in circles, and looking for circles takes a fifth of the time
    columns = Columns(LAYOUTS[layout], fields, titles)
    _reader = RowReader(columns, default_division=default_division)


def _work(batch: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """What travels back are plain tuples: named ones cost their name with each."""
    if _reader is None:
        raise RuntimeError("a worker that was not prepared")
    rows_read, rows, refused = _check(_reader, batch)
    return rows_read, [tuple(row) for row in rows], [[tuple(p) for p in row] for row in refused]

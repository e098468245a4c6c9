"""The pool (抽取池), frozen: its root, and of each eligible object what its tickets need.

It is read as a stream, in batches that a `Spread` may give to several processes. What is kept is
about fifty bytes an object while it is sorted for the root, and twenty afterwards.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import Any, BinaryIO, NamedTuple

from draw.canonical import canonical, encode, parse
from draw.faults import MAX_FAULTS, Fault, Refused
from draw.hashing import HASH_BYTES
from draw.merkle import Root, leaf_hash, tree_hash
from draw.rows import Kind, kind_of, row_faults

#: how work is spread: the built-in `map`, or the same over several processes, in order
Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]

BATCH_ROWS = 20_000
BATCH_BYTES = 4 << 20
MAX_ROW_BYTES = 64 << 10
#: leaves of one subtree: a power of two
SUBTREE_LEAVES = 1 << 16
#: no code holds it, and it is below each of their bytes: records sort as their ids do
_AFTER_ID = b"\x00"


class Part(NamedTuple):
    """Eligible objects of one stratum and weight: their ids, a line each, and of each its kind, by
    its number among the kinds of its batch (or, in a `Pool`, of the pool)."""

    stratum: str
    weight: int
    ids: bytes
    kinds: array[int]


class Batch(NamedTuple):
    """What remains of some rows: id and leaf of each, the eligible ones, the faults."""

    records: list[bytes]
    parts: list[Part]
    kinds: list[Kind]
    strata: set[str]
    faults: list[Fault]


@dataclass(frozen=True)
class Pool:
    """A frozen pool."""

    root: bytes
    size: int
    strata: frozenset[str]
    weights: dict[str, Counter[int]]  # stratum → how many eligible objects have which weight
    kinds: list[Kind]
    batches: list[list[Part]]

    def eligible(self, stratum: str) -> int:
        """How many objects of a stratum can be drawn."""
        return self.weights[stratum].total() if stratum in self.weights else 0


def freeze_rows(rows: Iterable[dict[str, Any]], *, spread: Spread = map) -> Pool:
    """Freeze rows from memory or from a database, in whatever order. Raises Refused."""
    return _gather(spread(_batch_of_rows, _numbered(rows)), spread)


def freeze_stream(stream: BinaryIO, *, spread: Spread = map) -> Pool:
    """Freeze an NDJSON stream, a row a line, in whatever order. Raises Refused."""
    return _gather(spread(_batch_of_lines, _blocks(stream)), spread)


def pool_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The rows as NDJSON, as `NAME.pool.ndjson` holds them: canonical, in the order given."""
    return (canonical(row, f"pool[{index}]") + b"\n" for index, row in enumerate(rows))


def _numbered(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    source, first = iter(rows), 0
    while batch := list(islice(source, BATCH_ROWS)):
        yield first, batch
        first += len(batch)


def _blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Whole lines, a few megabytes of them at a time; a line that is too long is broken off."""
    first = 0
    while block := stream.read(BATCH_BYTES):
        if not block.endswith(b"\n"):
            block += stream.readline(MAX_ROW_BYTES + 1)
        yield first, block
        first += block.count(b"\n")


def _batch_of_rows(numbered: tuple[int, list[dict[str, Any]]]) -> Batch:
    first, rows = numbered
    batch = _Batching()
    for index, row in enumerate(rows, first):
        path = f"pool[{index}]"
        try:
            batch.add(row, canonical(row, path), path)
        except Refused as refused:
            batch.faults += refused.faults
    return batch.done()


def _batch_of_lines(numbered: tuple[int, bytes]) -> Batch:
    first, block = numbered
    batch = _Batching()
    for index, line in enumerate(block.removesuffix(b"\n").split(b"\n"), first):
        path = f"pool[{index}]"
        if len(line) > MAX_ROW_BYTES:
            batch.faults.append(Fault("row_too_large", path, f"at most {MAX_ROW_BYTES} bytes"))
            continue
        try:
            row = parse(line, path)
        except Refused as refused:
            batch.faults += refused.faults
        else:
            batch.add(row, encode(row).encode(), path)
    return batch.done()


class _Batching:
    """A batch while its rows come in."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.eligible: dict[tuple[str, int], tuple[list[str], array[int]]] = {}
        self.kinds: dict[Kind, int] = {}
        self.strata: set[str] = set()
        self.faults: list[Fault] = []

    def add(self, row: Any, written: bytes, path: str) -> None:
        """Take one row, with its canonical JSON."""
        if faults := list(row_faults(row, path)):
            self.faults += faults
            return
        self.records.append(row["id"].encode() + _AFTER_ID + leaf_hash(written))
        self.strata.add(row["stratum"])
        if row["eligible"]:
            sort = row["stratum"], row["weight"]
            if sort not in self.eligible:
                self.eligible[sort] = [], array("I")
            ids, kinds = self.eligible[sort]
            ids.append(row["id"])
            kinds.append(self.kinds.setdefault(kind_of(row), len(self.kinds)))

    def done(self) -> Batch:
        """What remains."""
        parts = [
            Part(stratum, weight, "\n".join(ids).encode(), kinds)
            for (stratum, weight), (ids, kinds) in self.eligible.items()
        ]
        self.records.sort()
        return Batch(self.records, parts, list(self.kinds), self.strata, self.faults[:MAX_FAULTS])


def _gather(batches: Iterable[Batch], spread: Spread) -> Pool:
    records: list[bytes] = []
    parts: list[list[Part]] = []
    kinds: dict[Kind, int] = {}
    strata: set[str] = set()
    faults: list[Fault] = []
    for batch in batches:
        records += batch.records
        parts.append(_of_the_pool(batch, kinds))
        strata |= batch.strata
        faults += batch.faults
        if len(faults) >= MAX_FAULTS:
            break
    records.sort()
    if faults := [*faults, *_repeated_ids(records)][:MAX_FAULTS]:
        raise Refused(faults)
    weights: dict[str, Counter[int]] = {}
    for part in chain.from_iterable(parts):
        sizes = weights.setdefault(part.stratum, Counter())
        sizes[part.weight] += len(part.kinds)
    return Pool(
        _root(records, spread), len(records), frozenset(strata), weights, list(kinds), parts
    )


def _of_the_pool(batch: Batch, kinds: dict[Kind, int]) -> list[Part]:
    """The parts of a batch, with the pool's own numbers for the kinds."""
    numbers = [kinds.setdefault(kind, len(kinds)) for kind in batch.kinds]
    return [
        part._replace(kinds=array("I", map(numbers.__getitem__, part.kinds)))
        for part in batch.parts
    ]


def _repeated_ids(records: Sequence[bytes]) -> Iterator[Fault]:
    for one, other in pairwise(records):
        if one[:-HASH_BYTES] == other[:-HASH_BYTES]:
            id_ = one[:-HASH_BYTES].removesuffix(_AFTER_ID).decode()
            yield Fault("repeated_id", "pool", "each id once", id_)


def _root(records: Sequence[bytes], spread: Spread) -> bytes:
    """RFC 6962 root over the rows' leaves, in the order of the bytes of the ids."""
    blocks = (
        records[start : start + SUBTREE_LEAVES] for start in range(0, len(records), SUBTREE_LEAVES)
    )
    growing = Root()
    for subtree, size in spread(_subtree, blocks):
        growing.add(subtree, size)
    return growing.value()


def _subtree(records: Sequence[bytes]) -> tuple[bytes, int]:
    return tree_hash([record[-HASH_BYTES:] for record in records]), len(records)

"""Tickets (球): an object of weight 3 has three balls, and its smallest counts.

`key_of` is the page, word for word. `smallest_keys` is the same for millions: it builds the part
of the message that does not change once, and keeps only what may still be drawn. A filter on the
first bytes as numbers (NumPy) would gain nothing: Python compares two keys in a tenth of the time
that one hash takes.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from draw.hashing import HASH_BYTES, digest, label, lp, u32
from draw.pool import Part
from draw.rows import MAX_WEIGHT, Kind
from draw.shapes import MAX_CODE

_NO_BOUND = b"\xff" * HASH_BYTES
#: the last part of the messages of an object of this weight: the numbers of its balls
_BALLS = [tuple(lp(u32(ball)) for ball in range(weight)) for weight in range(MAX_WEIGHT + 1)]
_LENGTHS = [u32(length) for length in range(MAX_CODE + 1)]


class Candidate(NamedTuple):
    """An object that may be drawn; candidates sort as the page orders them: by key, then by id."""

    key: bytes
    id: bytes
    kind: Kind


def key_of(seed: bytes, id_: str, weight: int) -> bytes:
    """An object's key, 32 bytes: the smallest of its tickets."""
    return min(digest("ticket", seed, b"object", id_.encode(), u32(ball)) for ball in range(weight))


class Draft(NamedTuple):
    """Work for one process: some batches of a pool, and how many to keep of each stratum."""

    seed: bytes
    keep: Mapping[str, int]
    batches: Sequence[Sequence[Part]]


def smallest_keys(draft: Draft) -> dict[str, list[Candidate]]:
    """Of each stratum the candidates with the smallest keys, in order."""
    best = {stratum: Smallest(keep) for stratum, keep in draft.keep.items()}
    head = lp(label("ticket"), draft.seed, b"object")
    for parts in draft.batches:
        for part in parts:
            best[part.stratum].take(head, part)
    return {stratum: each.in_order() for stratum, each in best.items()}


class Smallest:
    """The smallest so-many of all candidates that were offered."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._limit = 2 * keep + 1
        self._bound = _NO_BOUND
        self._kept: list[Candidate] = []

    def take(self, head: bytes, part: Part) -> None:
        """Offer every object of a part."""
        ids = part.ids.split(b"\n")
        keys = _keys([head + _LENGTHS[len(id_)] + id_ for id_ in ids], part.weight)
        for id_, number, key in zip(ids, part.numbers, keys, strict=True):
            if key <= self._bound:
                self.offer(Candidate(key, id_, part.kinds[number]))

    def offer(self, candidate: Candidate) -> None:
        """Keep a candidate for now; once twice as many are kept, the larger half goes."""
        self._kept.append(candidate)
        if len(self._kept) > self._limit:
            self.in_order()

    def in_order(self) -> list[Candidate]:
        """The smallest, in order; whoever is offered from now on must not be behind the last."""
        self._kept.sort()
        del self._kept[self._keep :]
        if len(self._kept) == self._keep:
            self._bound = self._kept[-1].key if self._kept else b""
        return self._kept


def _keys(stems: Sequence[bytes], weight: int) -> list[bytes]:
    """The keys of objects of one weight, ball by ball: so no loop runs over the balls of each."""
    first, *others = _BALLS[weight]
    keys = [sha256(stem + first).digest() for stem in stems]
    for ball in others:
        keys = list(map(min, keys, [sha256(stem + ball).digest() for stem in stems]))
    return keys


def merge(stratum_parts: Iterable[Sequence[Candidate]]) -> list[Candidate]:
    """What several processes kept of one stratum, in order."""
    return sorted(candidate for part in stratum_parts for candidate in part)

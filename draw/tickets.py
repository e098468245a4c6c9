"""Tickets (球): an object of weight 3 has three balls, and its smallest counts.

`key_of` is the page, word for word. `below` is the same for millions: it builds the part of the
message that does not change once, goes ball by ball over objects of one weight, and keeps only what
may still be drawn. What may is told by a bound on the keys, estimated beforehand; it only saves
work: the full keys decide, and a bound that proves too low is raised.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isqrt
from typing import NamedTuple

from draw.hashing import HASH_BYTES, digest, label, lp, u32
from draw.pool import Part
from draw.rows import MAX_WEIGHT
from draw.shapes import MAX_CODE

NO_BOUND = b"\xff" * HASH_BYTES
#: the bound is a number of so many bits, on the first bytes of the key
BOUND_BITS = 64
#: the last part of the messages of an object of this weight: the numbers of its balls
_BALLS = [tuple(lp(u32(ball)) for ball in range(weight)) for weight in range(MAX_WEIGHT + 1)]
_LENGTHS = [u32(length) for length in range(MAX_CODE + 1)]


class Candidate(NamedTuple):
    """An object that may be drawn; candidates sort as the page orders them: by key, then by id."""

    key: bytes
    id: bytes
    kind: int  # its number among the kinds of the pool


class Draft(NamedTuple):
    """Work for one process: some batches of a pool, and of each stratum the bound of its keys."""

    seed: bytes
    bounds: Mapping[str, bytes]
    batches: Sequence[Sequence[Part]]


def key_of(seed: bytes, id_: str, weight: int) -> bytes:
    """An object's key, 32 bytes: the smallest of its tickets."""
    return min(digest("ticket", seed, b"object", id_.encode(), u32(ball)) for ball in range(weight))


def below(draft: Draft) -> dict[str, list[Candidate]]:
    """Of each stratum with a bound the candidates whose key is not above it, in no order."""
    head = lp(label("ticket"), draft.seed, b"object")
    found: dict[str, list[Candidate]] = {stratum: [] for stratum in draft.bounds}
    for parts in draft.batches:
        for part in parts:
            if part.stratum in found:
                found[part.stratum] += _below(head, part, draft.bounds[part.stratum])
    return found


def _below(head: bytes, part: Part, bound: bytes) -> list[Candidate]:
    ids = part.ids.split(b"\n")
    keys = _keys([head + _LENGTHS[len(id_)] + id_ for id_ in ids], part.weight)
    return [
        Candidate(key, ids[place], part.kinds[place])
        for place, key in enumerate(keys)
        if key <= bound
    ]


def _keys(stems: Sequence[bytes], weight: int) -> list[bytes]:
    """The keys of objects of one weight, ball by ball: so no loop runs over the balls of each."""
    first, *others = _BALLS[weight]
    keys = [sha256(stem + first).digest() for stem in stems]
    for ball in others:
        keys = list(map(min, keys, [sha256(stem + ball).digest() for stem in stems]))
    return keys


def hoped_for(keep: int) -> int:
    """How many to expect below a bound, so that fewer than `keep` are hardly ever there: six
    standard deviations more."""
    return keep + 6 * isqrt(keep) + 10


def bound_for(sizes: Mapping[int, int], expected: int) -> bytes:
    """A bound that about so many objects stay below; `sizes` tells how many have which weight."""
    if expected >= sum(sizes.values()):
        return NO_BOUND
    low, high = 0, 1 << BOUND_BITS
    while high - low > 1:
        middle = (low + high) // 2
        miss = 1 - middle / (1 << BOUND_BITS)
        if sum(count * (1 - miss**weight) for weight, count in sizes.items()) < expected:
            low = middle
        else:
            high = middle
    return low.to_bytes(BOUND_BITS // 8, "big").ljust(HASH_BYTES, b"\xff")

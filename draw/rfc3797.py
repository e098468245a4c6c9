"""RFC 3797, the IETF's verifiable random selection: a compatibility function, never the draw.

It has a modulo bias and no weights; it is here so that its published vector can be shown to come
out of our hands too.
"""

from collections.abc import Sequence
from hashlib import md5

MAX_INDEX = 0xFFFF


def selection(key: str, names: int, wanted: int) -> list[int]:
    """The numbers (from 1) of the names that RFC 3797, sections 3.3 and 4 select, in order."""
    remaining = list(range(1, names + 1))
    return [remaining.pop(_index(key, turn, len(remaining))) for turn in range(wanted)]


def key_of(sources: Sequence[Sequence[int]]) -> str:
    """The key string of section 3.2: numbers sorted within their source, `.` after each, `/` after
    each source."""
    return "".join("".join(f"{number}." for number in sorted(each)) + "/" for each in sources)


def _index(key: str, turn: int, left: int) -> int:
    prefix = min(turn, MAX_INDEX).to_bytes(2, "big")
    hashed = md5(prefix + key.encode() + prefix, usedforsecurity=False).digest()
    return int.from_bytes(hashed, "big") % left

"""The floor: bare hashes, as many and as long as those of the tickets."""

from hashlib import sha256

from draw.hashing import label, lp, u32
from draw.pool import Spread

PIECE = 250_000


def bare(calls: int, spread: Spread) -> int:
    """So many bare hashes over several processes."""
    return sum(spread(bare_hashes, [min(PIECE, calls - n) for n in range(0, calls, PIECE)]))


def bare_hashes(calls: int) -> int:
    """Hash a message as long as a ticket's, again and again, and do nothing else."""
    message = lp(label("ticket"), bytes(32), b"object", b"911500000000MA0000", u32(0))
    for _ in range(calls):
        sha256(message).digest()
    return calls

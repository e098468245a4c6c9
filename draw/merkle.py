"""The tree hash of RFC 6962, section 2.1, over leaves that come as a stream."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry, 32 bytes."""
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees, 32 bytes."""
    return sha256(NODE + left + right).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes that are all there. A level's last node without a partner goes up as
    it is: that is RFC 6962's cut at the largest power of two."""
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        alone = level[len(level) & ~1 :]
        level = [
            sha256(NODE + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ] + alone
    return level[0]


class Root:
    """A root that grows from left to right; it holds one hash per power of two, O(log n)."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, subtree: bytes, size: int = 1) -> None:
        """Append a subtree of so many leaves: a power of two and no larger than those before it,
        or the last one."""
        while self._peaks and self._peaks[-1][0] == size:
            subtree = node_hash(self._peaks.pop()[1], subtree)
            size *= 2
        self._peaks.append((size, subtree))

    def value(self) -> bytes:
        """The root over all that was added, 32 bytes."""
        if not self._peaks:
            return tree_hash([])
        *others, (_, whole) = self._peaks
        for _, peak in reversed(others):
            whole = node_hash(peak, whole)
        return whole


def root(entries: Iterable[bytes]) -> bytes:
    """Root over entries, 32 bytes."""
    growing = Root()
    for entry in entries:
        growing.add(leaf_hash(entry))
    return growing.value()

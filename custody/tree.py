"""A Merkle tree (默克尔树) over entries that stream by: its root, and the paths of chosen leaves.

The hashing is that of RFC 6962, section 2.1. Memory grows with the logarithm of the number of
entries and with the number of leaves that are followed, not with the entries.
"""

import hashlib
from dataclasses import dataclass, field

from custody.verify import leaf_digest, node_digest


@dataclass
class Path:
    """The way from leaf `index` to the root: the hashes beside it, lowest first."""

    index: int
    digests: list[bytes] = field(default_factory=list)


@dataclass
class _Node:
    """A complete subtree, and the paths that begin in it."""

    leaves: int
    digest: bytes
    paths: list[Path]


class Tree:
    """A tree that grows on the right: a stack of complete subtrees, each smaller than the last."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[_Node] = []

    def add(self, entry: bytes, *, followed: bool = False) -> Path | None:
        """Add a leaf; `followed`, its path is given, and is complete once the root is known."""
        path = Path(self.size) if followed else None
        node = _Node(1, leaf_digest(entry), [path] if path else [])
        self.size += 1
        while self._subtrees and self._subtrees[-1].leaves == node.leaves:
            node = _join(self._subtrees.pop(), node)
        self._subtrees.append(node)
        return path

    def close(self) -> bytes:
        """The root; no leaf is added after that."""
        if not self._subtrees:
            return hashlib.sha256().digest()
        node = self._subtrees.pop()
        while self._subtrees:
            node = _join(self._subtrees.pop(), node)
        self._subtrees.append(node)
        return node.digest


def _join(left: _Node, right: _Node) -> _Node:
    for path in left.paths:
        path.digests.append(right.digest)
    for path in right.paths:
        path.digests.append(left.digest)
    return _Node(
        left.leaves + right.leaves,
        node_digest(left.digest, right.digest),
        left.paths + right.paths,
    )

"""The tree (默克尔树): one root over all entries, and short proofs that anyone can check.

A proof is a list of hashes. An inclusion proof leads from one entry to the root; a consistency
proof shows that a smaller tree is the beginning of a larger one, so that nothing in it was changed,
moved or taken out.
Source: RFC 6962, section 2.1; the checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

from ledger.faults import LedgerFault

HASH_BYTES = 32
LEAF, NODE = b"\x00", b"\x01"
EMPTY_ROOT = sha256(b"").digest()

Read = Callable[[int, int], bytes]
"""`(level, index)` → the hash over the entries `[index · 2**level, (index + 1) · 2**level)`, which
are all there."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbours."""
    return sha256(NODE + left + right).digest()


class Edge:
    """The right edge of a growing tree: all that must be kept to go on, and to say its root at any
    time. Memory grows with the logarithm of the number of leaves."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[tuple[int, bytes]] = []  # complete subtrees (level, hash), largest first

    def add(self, leaf: bytes) -> None:
        """One more leaf hash."""
        level, grown = 0, leaf
        while self._parts and self._parts[-1][0] == level:
            grown = node_hash(self._parts.pop()[1], grown)
            level += 1
        self._parts.append((level, grown))
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _joined([part for _, part in self._parts])


def root_of_leaves(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes as they stream by."""
    edge = Edge()
    for leaf in leaves:
        edge.add(leaf)
    return edge.root


def root(size: int, read: Read) -> bytes:
    """The root of the tree of the first `size` entries."""
    return _range_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """The hashes that lead from entry `index` to the root of the first `size` entries, the leaf's
    sibling first. Error: `index_outside`."""
    if not 0 <= index < size:
        raise LedgerFault("index_outside", f"no entry {index} in a tree of {size}")
    return list(_path(index, 0, size, read))


def consistency_proof(old_size: int, new_size: int, read: Read) -> list[bytes]:
    """The hashes that show the tree of `old_size` entries to be the beginning of the one of
    `new_size`; none where one of the two is empty or they are equal. Error: `size_outside`."""
    if not 0 <= old_size <= new_size:
        raise LedgerFault("size_outside", f"no tree of {old_size} begins one of {new_size}")
    if old_size in (0, new_size):
        return []
    return list(_common(old_size, 0, new_size, read, whole=True))


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf`, a leaf hash, is entry `index` of the tree with this size and root.

    Errors: `index_outside`, `proof_length`, `root_mismatch`.
    """
    if not 0 <= index < size:
        raise LedgerFault("index_outside", f"no entry {index} in a tree of {size}")
    at, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise LedgerFault("proof_length", "the proof goes on above the root")
        if at % 2 == 1 or at == last:
            reached = node_hash(sibling, reached)
            while at % 2 == 0 and at != 0:
                at, last = at // 2, last // 2
        else:
            reached = node_hash(reached, sibling)
        at, last = at // 2, last // 2
    if last != 0:
        raise LedgerFault("proof_length", "the proof ends below the root")
    if reached != root:
        raise LedgerFault("root_mismatch", "the proof does not lead to the root")


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the old tree is the beginning of the new one.

    Errors: `size_outside`, `proof_length`, `root_mismatch`.
    """
    if not 0 <= old_size <= new_size:
        raise LedgerFault("size_outside", f"no tree of {old_size} begins one of {new_size}")
    if old_size in (0, new_size):
        _verify_without_proof(old_size, old_root, new_size, new_root, proof)
        return
    at, last = old_size - 1, new_size - 1
    while at % 2 == 1:
        at, last = at // 2, last // 2
    hashes = iter(proof if at else [old_root, *proof])
    old_reached = new_reached = next(hashes, b"")
    for sibling in hashes:
        if last == 0:
            raise LedgerFault("proof_length", "the proof goes on above the root")
        if at % 2 == 1 or at == last:
            old_reached = node_hash(sibling, old_reached)
            new_reached = node_hash(sibling, new_reached)
            while at % 2 == 0 and at != 0:
                at, last = at // 2, last // 2
        else:
            new_reached = node_hash(new_reached, sibling)
        at, last = at // 2, last // 2
    if last != 0:
        raise LedgerFault("proof_length", "the proof ends below the root")
    if (old_reached, new_reached) != (old_root, new_root):
        raise LedgerFault("root_mismatch", "the proof does not join the two roots")


def _verify_without_proof(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        raise LedgerFault("proof_length", "nothing is to be proved here")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise LedgerFault("root_mismatch", "the root of no entries is another")
    if old_size == new_size and old_root != new_root:
        raise LedgerFault("root_mismatch", "two roots for one size")


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return int(1 << (count - 1).bit_length() - 1)


def _joined(parts: Sequence[bytes]) -> bytes:
    """One hash over complete subtrees, the largest first."""
    if not parts:
        return EMPTY_ROOT
    *larger, reached = parts
    for part in reversed(larger):
        reached = node_hash(part, reached)
    return reached


def _range_hash(start: int, end: int, read: Read) -> bytes:
    """The hash over entries `[start, end)`, a subtree of RFC 6962: `start` divides by the power of
    two that covers them."""
    parts = []
    while start < end:
        count = 1 << (end - start).bit_length() - 1
        parts.append(read(count.bit_length() - 1, start // count))
        start += count
    return _joined(parts)


def _path(index: int, start: int, end: int, read: Read) -> Iterator[bytes]:
    """RFC 6962, 2.1.1: PATH(index, D[start:end])."""
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _path(index, start, middle, read)
        yield _range_hash(middle, end, read)
    else:
        yield from _path(index, middle, end, read)
        yield _range_hash(start, middle, read)


def _common(old_end: int, start: int, end: int, read: Read, *, whole: bool) -> Iterator[bytes]:
    """RFC 6962, 2.1.2: SUBPROOF(old_end - start, D[start:end], whole)."""
    if old_end == end:
        if not whole:
            yield _range_hash(start, end, read)
        return
    middle = start + _split(end - start)
    if old_end <= middle:
        yield from _common(old_end, start, middle, read, whole=whole)
        yield _range_hash(middle, end, read)
    else:
        yield from _common(old_end, middle, end, read, whole=False)
        yield _range_hash(start, middle, read)

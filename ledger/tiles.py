"""The tree as files that never change (瓦片): 256 hashes each, so that a folder can serve it.

A tile of level L holds hashes over 256**L entries each. The last tile of a level is partial until
it has 256; a partial tile stands under a name of its own, which says its width.
Source: C2SP tlog-tiles.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledger.faults import LedgerFault
from ledger.merkle import HASH_BYTES, Read, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT


@dataclass(frozen=True)
class Tile:
    """A tile's place, and how many hashes it holds: 1 … 256."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the ledger's prefix."""
        return f"tile/{self.level}/{numbered(self.index, self.width)}"


Fetch = Callable[[Tile], bytes]
"""The bytes of a tile."""


def numbered(index: int, width: int = WIDTH) -> str:
    """`1234067` → `x001/x234/067`; of a partial one also its width, `067.p/9`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    name = "/".join(reversed(groups))
    return name if width == WIDTH else f"{name}.p/{width}"


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile `index` of a level has in a tree of `size` entries; 0 if it has none."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles of a tree, level by level."""
    level = 0
    while hashes := size >> HEIGHT * level:
        for index in range((hashes + WIDTH - 1) // WIDTH):
            yield Tile(level, index, width_at(level, index, size))
        level += 1


def grow(old_size: int, leaves: Sequence[bytes], fetch: Fetch) -> Iterator[tuple[Tile, bytes]]:
    """The tiles that are new once these leaf hashes follow `old_size` entries, the lowest first.

    `fetch` is asked only for tiles of the old tree: the last one of a level that is partial.
    """
    level, added = 0, list(leaves)
    while added:
        before = old_size >> HEIGHT * level
        index, kept = divmod(before, WIDTH)
        hashes = _split(fetch(Tile(level, index, kept)), kept) + added if kept else added
        added = []
        for place in range(0, len(hashes), WIDTH):
            part = hashes[place : place + WIDTH]
            tile = Tile(level, index + place // WIDTH, len(part))
            yield tile, b"".join(part)
            if len(part) == WIDTH:
                added.append(_top(part))
        level += 1


def reader(size: int, fetch: Fetch) -> Read:
    """The hashes of a tree's complete subtrees, told from its tiles; each tile is fetched once.

    Error: `tile_size`, `subtree_outside`.
    """
    fetched: dict[Tile, list[bytes]] = {}

    def read(level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, HEIGHT)
        first = index << inner
        tile_index, place = divmod(first, WIDTH)
        width, count = width_at(tile_level, tile_index, size), 1 << inner
        if place + count > width:
            raise LedgerFault("subtree_outside", f"{level}/{index} in a tree of {size}")
        tile = Tile(tile_level, tile_index, width)
        if tile not in fetched:
            fetched[tile] = _split(fetch(tile), width)
        return _top(fetched[tile][place : place + count])

    return read


def _split(content: bytes, width: int) -> list[bytes]:
    if len(content) != width * HASH_BYTES:
        raise LedgerFault("tile_size", f"{len(content)} bytes are no {width} hashes")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def _top(hashes: Sequence[bytes]) -> bytes:
    """The hash over neighbours whose number is a power of two."""
    while len(hashes) > 1:
        hashes = [
            node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]

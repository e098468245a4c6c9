"""The tree as RFC 6962, section 2.1, defines it, word for word; slow, and without any tile."""

from hashlib import sha256


def mth(entries):
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m, entries):
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m, entries, whole):
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


class Folder:
    """Tiles as a folder would hold them: written once, never changed."""

    def __init__(self):
        self.size, self.files = 0, {}

    def append(self, leaves, tiles):
        for tile, content in tiles.grow(self.size, leaves, self.fetch):
            assert self.files.setdefault(tile.path, content) == content
        self.size += len(leaves)

    def fetch(self, tile):
        return self.files[tile.path]

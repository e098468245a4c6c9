"""A ZIP as a stream (打包): members one after the other, nothing held whole, nothing packed.

The standard library writes to what cannot be sought, so no other is needed: sizes and checksums
then follow each member (APPNOTE 4.3.9), and ZIP64 comes by itself where a package grows beyond
4 GiB. Moments and rights are fixed, so that the same members give the same bytes.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP can name
UNIX, READABLE = 3, 0o100644
LARGEST_PLAIN_BYTES = 2**31 - 1  # of one member; beyond it ZIP64 has to be announced


@dataclass(frozen=True)
class Member:
    """A file of the package; `blocks` begins to read it anew each time."""

    name: str
    sha256: str
    size_bytes: int
    blocks: Callable[[], Iterator[bytes]]


class _Sink:
    """What `zipfile` writes to: it keeps what was written until somebody takes it."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def taken(self) -> bytes:
        """All since the last time."""
        taken, self._written = b"".join(self._written), []
        return taken


def stream_zip(members: Iterable[Member]) -> Iterator[bytes]:
    """The bytes of a ZIP with these members, in their order."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for member in members:
            info = zipfile.ZipInfo(member.name, EPOCH)
            info.create_system, info.external_attr = UNIX, READABLE << 16
            large = member.size_bytes > LARGEST_PLAIN_BYTES
            with archive.open(info, "w", force_zip64=large) as target:
                for block in member.blocks():
                    target.write(block)
                    yield sink.taken()
    yield sink.taken()

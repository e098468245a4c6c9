"""One unfinished upload, held by whoever has its lock (未完成的上传)."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from media.digests import Checksum, sha256_of
from media.errors import OffsetMismatch, UploadIncomplete, UploadTooLarge
from media.folders import sync_folder

BLOCK_BYTES = 256 * 1024
"""How much of a photo is in memory at a time."""


class Readable(Protocol):
    """A request's body: gives up to `size` bytes, none at its end, raises when it breaks off."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""


@dataclass(frozen=True)
class FinishedUpload:
    """A whole file that no store has taken over yet.

    `path` is where its bytes can be looked at while the lock is held. In object storage they lie
    under `key`, and `path` is a copy.
    """

    path: Path
    size_bytes: int
    sha256: str
    key: str | None = None


class PartialUpload(Protocol):
    """Bytes received so far, held alone by whoever entered `Uploads.locked`."""

    @property
    def offset(self) -> int:
        """How many there are."""

    def append(
        self, stream: Readable, *, offset: int, limit_bytes: int, checksum: Checksum | None = None
    ) -> int:
        """Write `stream` behind `offset`, make it durable and return the new offset.

        `limit_bytes` is how large the whole upload may get. If the stream breaks off, the bytes
        received stay and its exception passes, unless a checksum was given: then the piece is
        whole and right, or discarded.

        Errors: `OffsetMismatch`, `UploadTooLarge`, `ChecksumMismatch`: nothing was changed.
        Source: tus 1.0.0, PATCH and the checksum extension.
        """

    def gather(self, parts: Iterable[Readable], *, size_bytes: int) -> None:
        """Become these parts, one behind the other, durably.

        Begun anew however far a killed server came; whole and durable when this returns.
        Errors: `UploadIncomplete` if the parts have fewer than `size_bytes`, `UploadTooLarge`;
        then nothing is here.
        Source: tus 1.0.0, the concatenation extension.
        """

    def finish(self, size_bytes: int) -> FinishedUpload:
        """The whole file with its sha256, for `Store.take` while the lock is still held.

        Error: `UploadIncomplete` unless exactly `size_bytes` have arrived.
        """

    def remove(self) -> None:
        """Delete what is left of the upload; whoever waits for the lock then finds none."""


class UnverifiedMark:
    """Where a piece with a checksum began, while its bytes are not yet known to be right.

    A killed server leaves the mark, and the next lock cuts the file back to it. It is a symbolic
    link whose target is the number: made and read in one system call each, so never seen half
    written. It guards against a killed process; after a power cut the whole-file sha256 does.
    """

    def __init__(self, upload: Path) -> None:
        self._link = upload.with_name(f"{upload.name}.unverified")

    def offset(self) -> int | None:
        """The offset that was marked, None without a mark."""
        try:
            return int(self._link.readlink().name)
        except FileNotFoundError:
            return None

    def set(self, offset: int) -> None:
        """Mark what comes after `offset` as unverified."""
        self._link.symlink_to(str(offset))

    def clear(self) -> None:
        """What is in the file now is right."""
        self._link.unlink(missing_ok=True)


class LocalPartialUpload:
    """A `PartialUpload` in a file of its own, appended in order; its size is the offset.

    Made by `LocalUploads.locked` only, with the lock of `descriptor` held.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._mark = UnverifiedMark(path)
        self._discard_unverified()

    @property
    def offset(self) -> int:
        """See `PartialUpload.offset`."""
        return os.fstat(self._descriptor).st_size

    def append(
        self, stream: Readable, *, offset: int, limit_bytes: int, checksum: Checksum | None = None
    ) -> int:
        """See `PartialUpload.append`."""
        if offset != self.offset:
            raise OffsetMismatch(offset=self.offset)
        if checksum is None:
            self._append_plain(stream, offset, limit_bytes)
        else:
            self._append_checked(stream, offset, limit_bytes, checksum)
        return self.offset

    def gather(self, parts: Iterable[Readable], *, size_bytes: int) -> None:
        """See `PartialUpload.gather`."""
        self._mark.set(0)
        # The parts are removed later: no power cut may bring the mark back then.
        sync_folder(self._path.parent)
        try:
            os.ftruncate(self._descriptor, 0)
            for part in parts:
                for block in blocks(part, self.offset, size_bytes):
                    self._write(block)
            if self.offset != size_bytes:
                raise UploadIncomplete(offset=self.offset, size_bytes=size_bytes)
            os.fsync(self._descriptor)
            self._mark.clear()
            sync_folder(self._path.parent)
        finally:
            self._discard_unverified()

    def finish(self, size_bytes: int) -> FinishedUpload:
        """See `PartialUpload.finish`."""
        if self.offset != size_bytes:
            raise UploadIncomplete(offset=self.offset, size_bytes=size_bytes)
        return FinishedUpload(self._path, size_bytes, sha256_of(self._path))

    def remove(self) -> None:
        """See `PartialUpload.remove`."""
        self._mark.clear()
        if self._path.exists():  # else a store took it over
            self._path.unlink()
            sync_folder(self._path.parent)

    def _append_plain(self, stream: Readable, offset: int, limit_bytes: int) -> None:
        try:
            for block in blocks(stream, offset, limit_bytes):
                self._write(block)
        except UploadTooLarge:
            os.ftruncate(self._descriptor, offset)
            raise
        finally:
            os.fsync(self._descriptor)

    def _append_checked(
        self, stream: Readable, offset: int, limit_bytes: int, checksum: Checksum
    ) -> None:
        hasher = checksum.hasher()
        self._mark.set(offset)
        try:
            for block in blocks(stream, offset, limit_bytes):
                hasher.update(block)
                self._write(block)
            checksum.check(hasher)
            os.fsync(self._descriptor)
            self._mark.clear()
        finally:
            self._discard_unverified()

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _discard_unverified(self) -> None:
        verified = self._mark.offset()
        if verified is not None:
            os.ftruncate(self._descriptor, verified)
            os.fsync(self._descriptor)
            self._mark.clear()


def blocks(stream: Readable, offset: int, limit_bytes: int) -> Iterator[bytes]:
    """The stream in blocks. Error: `UploadTooLarge` as soon as there is one byte too many."""
    left_bytes = limit_bytes - offset
    while block := stream.read(min(BLOCK_BYTES, left_bytes + 1)):
        left_bytes -= len(block)
        if left_bytes < 0:
            raise UploadTooLarge(limit_bytes=limit_bytes)
        yield block

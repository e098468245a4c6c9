"""An object as a seekable stream, read by ranged GETs (分段读取).

Whoever reads on gets one answer from where they stand; whoever seeks elsewhere, a new one from
there. So an original is passed through without a copy on the disk, and a decoder, which looks at a
few places of the head and then reads on to the end, costs a handful of requests.
"""

import io
import os
from typing import Any, BinaryIO, cast

from media.errors import StoreUnavailable
from media.s3.bucket import Bucket, Found
from media.s3.faults import Changed, Missing, faults

BUFFER_BYTES = 256 * 1024


class RangedReader(io.RawIOBase):
    """One version of one object; the caller closes it. Raises `StoreUnavailable` when the line
    breaks or the object is replaced or removed meanwhile."""

    def __init__(self, bucket: Bucket, key: str, found: Found) -> None:
        self._bucket, self._key, self._found = bucket, key, found
        self._at = 0
        self._body: Any = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there; asks nothing of the storage."""
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._found.size_bytes}
        at = max(0, begin[whence] + offset)
        if at != self._at:
            self._drop_body()
        self._at = at
        return at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Fill what fits of the buffer; 0 at the end."""
        if self._at >= self._found.size_bytes:
            return 0
        try:
            if self._body is None:
                self._body = self._bucket.read(self._key, start=self._at, etag=self._found.etag)
            with faults():
                block = self._body.read(len(buffer))
        except (Missing, Changed) as fault:
            raise StoreUnavailable("the object was removed while it was read") from fault
        if not block:
            raise StoreUnavailable("the object ended early")
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def close(self) -> None:
        """Let the line go."""
        self._drop_body()
        super().close()

    def _drop_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def opened_object(bucket: Bucket, key: str) -> BinaryIO | None:
    """A buffered stream of an object, which the caller closes; None if there is none."""
    found = bucket.find(key)
    if found is None:
        return None
    return cast(BinaryIO, io.BufferedReader(RangedReader(bucket, key, found), BUFFER_BYTES))

"""Bytes on their way into parts: a local file takes them until they are one (分段写入)."""

import shutil
import tempfile
from types import TracebackType
from typing import IO, Any, BinaryIO, cast

from media.s3.bucket import Bucket
from media.s3.faults import faults

PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes as a part that is not the last; ours are all exactly this long."""


class Writing:
    """The parts sent so far, and the tail behind them in a file: memory does not grow with it.

    A full tail becomes a part when more comes, so that the last part is never empty.
    """

    def __init__(self, bucket: Bucket, key: str, multipart: str = "", parts: int = 0) -> None:
        self._bucket, self._key = bucket, key
        self.multipart, self.parts, self.tail_bytes = multipart, parts, 0
        self._first = self._file = _scratch_file()

    def __enter__(self) -> "Writing":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._first.close()
        self._file.close()

    @property
    def offset(self) -> int:
        """Bytes in parts and tail."""
        return self.parts * PART_BYTES + self.tail_bytes

    def load(self, tail: Any) -> None:
        """Begin with the tail that was put aside before."""
        with faults():
            shutil.copyfileobj(tail, self._file)
        self.tail_bytes = self._file.tell()

    def write(self, block: bytes) -> None:
        """Take a block, sending each part that is full. Raises `Missing` if the multipart upload
        is gone."""
        rest = memoryview(block)
        while rest:
            if self.tail_bytes == PART_BYTES:
                self._send()
                self._begin_tail()
            room = PART_BYTES - self.tail_bytes
            self._file.seek(self.tail_bytes)  # whoever sent the tail left it anywhere
            self._file.write(rest[:room])
            self.tail_bytes += len(rest[:room])
            rest = rest[room:]

    def tail(self) -> BinaryIO:
        """The tail, to be read from its beginning."""
        self._file.flush()
        self._file.seek(0)
        return self._file

    def send_last(self) -> None:
        """Send the tail as the last part, and have the storage put all together."""
        self._send()
        self._bucket.end_multipart(self._key, self.multipart, self.parts)

    def go_back(self, multipart: str, parts: int, tail_bytes: int) -> None:
        """Be again what it was at the beginning; the tail of then is the head of the first file."""
        if self._file is not self._first:
            self._file.close()
        self._file = self._first
        self._file.truncate(tail_bytes)
        self.multipart, self.parts, self.tail_bytes = multipart, parts, tail_bytes

    def _send(self) -> None:
        if not self.multipart:
            self.multipart = self._bucket.begin_multipart(self._key)
        self._bucket.put_part(self._key, self.multipart, self.parts + 1, self.tail())
        self.parts += 1

    def _begin_tail(self) -> None:
        if self._file is not self._first:
            self._file.close()
        self._file, self.tail_bytes = _scratch_file(), 0


def _scratch_file() -> BinaryIO:
    """A file without a name, gone when it is closed or its process dies."""
    return cast(BinaryIO, tempfile.TemporaryFile(prefix="suijian-"))


def named_scratch_file() -> IO[bytes]:
    """A file for whoever wants its path; gone when it is closed."""
    return tempfile.NamedTemporaryFile(prefix="suijian-")

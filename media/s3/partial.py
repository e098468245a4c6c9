"""One unfinished upload in object storage, held by whoever has its lock (未完成的上传).

A multipart upload takes parts of 5 MiB and more; chunks come in any size. So full parts go up as
they fill, and the tail lies in the object `uploads/<id>` until it is one (as tusd's s3store does).
That object's notes name the multipart upload and count its parts: it is put last, and only then
are the bytes received. A photo of up to 5 MiB needs no multipart upload at all.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from media.digests import Checksum
from media.errors import OffsetMismatch, UploadIncomplete, UploadNotFound, UploadTooLarge
from media.partial import BLOCK_BYTES, FinishedUpload, Readable, blocks
from media.s3.bucket import Bucket, Found
from media.s3.faults import Missing
from media.s3.reader import opened_object
from media.s3.writing import PART_BYTES, Writing, named_scratch_file

WHOLE = ".whole"
"""Behind an upload's key: the object that its parts become."""


@dataclass(frozen=True)
class State:
    """How far an upload has come: full parts of a multipart upload, then a tail.

    Once there are parts the tail is never empty, so that no two states of an upload have the same
    ETag and `If-Match` keeps a writer out whose lock was lost.
    """

    multipart: str = ""
    parts: int = 0
    tail_bytes: int = 0
    etag: str = ""

    @classmethod
    def told_by(cls, found: Found) -> "State":
        """The state as the tail's object tells it."""
        notes = found.notes
        multipart, parts = notes.get("multipart", ""), int(notes.get("parts", 0))
        return cls(multipart, parts, found.size_bytes, found.etag)

    @property
    def offset(self) -> int:
        """Bytes received."""
        return self.parts * PART_BYTES + self.tail_bytes


class UntilItBreaks:
    """A stream that ends where another breaks off, and remembers why."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.fault: Exception | None = None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        try:
            return self._stream.read(size)
        except Exception as fault:  # whatever it is, it is raised again once the bytes are kept
            self.fault = fault
            return b""


class S3PartialUpload:
    """A `PartialUpload`. Made by `S3Uploads.locked`, which closes it."""

    def __init__(self, bucket: Bucket, key: str, state: State) -> None:
        self._bucket, self._key, self._state = bucket, key, state
        self._in_doubt = False  # a state was put, and nobody said whether it arrived
        self._copies = ExitStack()

    @property
    def offset(self) -> int:
        """See `PartialUpload.offset`."""
        return self._state.offset

    def append(
        self, stream: Readable, *, offset: int, limit_bytes: int, checksum: Checksum | None = None
    ) -> int:
        """See `PartialUpload.append`. Without a checksum each full part counts at once, so that a
        killed server loses less than one."""
        if offset != self.offset:
            raise OffsetMismatch(offset=self.offset)
        with self._writing() as writing:
            if checksum is None:
                self._append_plain(writing, stream, limit_bytes)
            else:
                hasher = checksum.hasher()
                for block in blocks(stream, offset, limit_bytes):
                    hasher.update(block)
                    writing.write(block)
                checksum.check(hasher)
                self._note(writing)
        return self.offset

    def gather(self, parts: Iterable[Readable], *, size_bytes: int) -> None:
        """See `PartialUpload.gather`."""
        if self.offset:
            self._forget()
        with self._writing() as writing:
            for part in parts:
                for block in blocks(part, writing.offset, size_bytes):
                    writing.write(block)
            if writing.offset != size_bytes:
                raise UploadIncomplete(offset=writing.offset, size_bytes=size_bytes)
            self._note(writing)

    def finish(self, size_bytes: int) -> FinishedUpload:
        """See `PartialUpload.finish`. Read once from the storage, into the copy that is looked
        at; what it then hashes to is what the storage has."""
        if self.offset != size_bytes:
            raise UploadIncomplete(offset=self.offset, size_bytes=size_bytes)
        key, hasher = self.made_whole(), hashlib.sha256()
        copy = self._copies.enter_context(named_scratch_file())
        stream = opened_object(self._bucket, key)
        if stream is None:
            raise UploadNotFound
        with stream:
            while block := stream.read(BLOCK_BYTES):
                hasher.update(block)
                copy.write(block)
        copy.flush()
        return FinishedUpload(Path(copy.name), size_bytes, hasher.hexdigest(), key)

    def made_whole(self) -> str:
        """The key of one object that has all bytes; its parts are put together if nobody did."""
        if not self._state.parts:
            return self._key
        key = self._key + WHOLE
        found = self._bucket.find(key)
        if found is None or found.size_bytes != self.offset:
            with self._writing() as writing:
                writing.send_last()
        return key

    def remove(self) -> None:
        """See `PartialUpload.remove`. The state goes last: until then this can be done again."""
        if self._state.multipart:
            self._bucket.abort_multipart(self._key + WHOLE, self._state.multipart)
        self._bucket.delete(self._key + WHOLE)
        self._bucket.delete(self._key)

    def close(self) -> None:
        """Drop the local copies."""
        self._copies.close()

    def _append_plain(self, writing: Writing, stream: Readable, limit_bytes: int) -> None:
        before, received = self._state, UntilItBreaks(stream)
        try:
            for block in blocks(received, before.offset, limit_bytes):
                writing.write(block)
                if writing.parts > self._state.parts:
                    self._note(writing)
        except UploadTooLarge:
            if self._state != before:
                writing.go_back(before.multipart, before.parts, before.tail_bytes)
                self._note(writing)
            raise
        self._note(writing)
        if received.fault is not None:
            raise received.fault

    @contextmanager
    def _writing(self) -> Iterator[Writing]:
        """Go on behind what is there; a multipart upload that is begun for nothing is given up."""
        state = self._state
        with Writing(self._bucket, self._key + WHOLE, state.multipart, state.parts) as writing:
            try:
                if state.tail_bytes:
                    writing.load(self._bucket.read(self._key, etag=state.etag))
                yield writing
            except Missing:  # somebody removed the parts: nothing can become of the rest
                self.remove()
                raise UploadNotFound from None
            finally:
                if writing.multipart != self._state.multipart and not self._in_doubt:
                    with suppress(OSError):
                        self._bucket.abort_multipart(self._key + WHOLE, writing.multipart)

    def _note(self, writing: Writing) -> None:
        """From here on it counts; nothing is put if it counts already."""
        if writing.offset == self.offset:
            return
        notes = {"multipart": writing.multipart, "parts": str(writing.parts)}
        self._in_doubt = True
        etag = self._bucket.put(self._key, writing.tail(), notes=notes, IfMatch=self._state.etag)
        self._in_doubt = False
        self._state = State(writing.multipart, writing.parts, writing.tail_bytes, etag)

    def _forget(self) -> None:
        """Begin anew: what was gathered before is not what was asked for."""
        if self._state.multipart:
            self._bucket.abort_multipart(self._key + WHOLE, self._state.multipart)
        with Writing(self._bucket, self._key + WHOLE) as nothing:
            self._note(nothing)

"""Finished files in object storage: `originals/ab/abcd…`, put once (对象存储的原件库)."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from media.digests import SHA256_HEX, parse_sha256
from media.errors import OriginalDamaged, OriginalMissing
from media.partial import BLOCK_BYTES, FinishedUpload
from media.s3.bucket import Bucket, as_base64
from media.s3.faults import Changed
from media.s3.reader import opened_object


class S3Store:
    """A `Store` below one folder of a bucket."""

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self._bucket, self._folder = bucket, folder

    def put(self, source: Path, sha256: str) -> None:
        """See `Store.put`. Of two who put the same bytes at once one is first; the other finds
        them there."""
        key = self._key(sha256)
        if not self._has(key, sha256, source.stat().st_size):
            try:
                with source.open("rb") as file:
                    self._bucket.put(key, file, IfNoneMatch="*")
            except Changed:
                self._has(key, sha256, source.stat().st_size)
        source.unlink()

    def take(self, whole: FinishedUpload) -> None:
        """See `Store.take`. The storage copies within itself, and where it makes a sha256 of the
        copy, that is the last word on whether these are the bytes."""
        if whole.key is None:
            self.put(whole.path, whole.sha256)
            return
        key = self._key(whole.sha256)
        if self._has(key, whole.sha256, whole.size_bytes):
            return
        made = self._bucket.copy(whole.key, key)
        if made is not None and made != as_base64(bytes.fromhex(parse_sha256(whole.sha256))):
            self._bucket.delete(key)
            raise OriginalDamaged(sha256=whole.sha256)

    def open(self, sha256: str) -> BinaryIO:
        """See `Store.open`."""
        stream = opened_object(self._bucket, self._key(sha256))
        if stream is None:
            raise OriginalMissing(sha256=sha256)
        return stream

    def link(self, sha256: str, *, media_type: str, name: str) -> str | None:
        """See `Store.link`."""
        return self._bucket.link(self._key(sha256), media_type=media_type, name=name)

    def size_bytes(self, sha256: str) -> int:
        """See `Store.size_bytes`."""
        found = self._bucket.find(self._key(sha256))
        if found is None:
            raise OriginalMissing(sha256=sha256)
        return found.size_bytes

    def exists(self, sha256: str) -> bool:
        """See `Store.exists`."""
        return self._bucket.find(self._key(sha256)) is not None

    def delete(self, sha256: str) -> None:
        """See `Store.delete`."""
        self._bucket.delete(self._key(sha256))

    def digests(self) -> Iterator[str]:
        """See `Store.digests`."""
        for each in self._bucket.list(f"{self._folder}/"):
            name = each.key.rpartition("/")[2]
            if SHA256_HEX.fullmatch(name):
                yield name

    def _has(self, key: str, sha256: str, size_bytes: int) -> bool:
        """Whether the bytes are there already. Error: `OriginalDamaged` if others are."""
        stream = opened_object(self._bucket, key)
        if stream is None:
            return False
        with stream:
            hasher, size = hashlib.sha256(), 0
            while block := stream.read(BLOCK_BYTES):
                hasher.update(block)
                size += len(block)
        if (hasher.hexdigest(), size) != (parse_sha256(sha256), size_bytes):
            raise OriginalDamaged(sha256=sha256)
        return True

    def _key(self, sha256: str) -> str:
        name = parse_sha256(sha256)
        return f"{self._folder}/{name[:2]}/{name}"

"""Small pictures in object storage: `derivatives/<kind>/ab/abcd….jpg`."""

import io
from typing import BinaryIO

from media.digests import parse_sha256
from media.s3.bucket import Bucket
from media.s3.reader import opened_object


class S3Derivatives:
    """`Derivatives` below one folder of a bucket."""

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self._bucket, self._folder = bucket, folder

    def put(self, sha256: str, content: bytes) -> None:
        """See `Derivatives.put`."""
        self._bucket.put(self._key(sha256), io.BytesIO(content))

    def open(self, sha256: str) -> BinaryIO | None:
        """See `Derivatives.open`."""
        return opened_object(self._bucket, self._key(sha256))

    def delete(self, sha256: str) -> None:
        """See `Derivatives.delete`."""
        self._bucket.delete(self._key(sha256))

    def _key(self, sha256: str) -> str:
        name = parse_sha256(sha256)
        return f"{self._folder}/{name[:2]}/{name}.jpg"

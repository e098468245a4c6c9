"""One bucket: objects put, looked at, read, copied, deleted (存储桶)."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO, NamedTuple

from botocore.config import Config
from botocore.session import Session

from media.errors import StoreRefused
from media.partial import BLOCK_BYTES
from media.s3.faults import Missing, NotOffered, faults

CONNECT_SECONDS = 3
READ_SECONDS = 20
"""Devices hang up after 30 s; before that they are told to come again."""
TRIES = 3
CONNECTIONS = 64


class Found(NamedTuple):
    """An object as HEAD tells of it; `notes` were given when it was put."""

    size_bytes: int
    etag: str
    notes: dict[str, str]


class Listed(NamedTuple):
    """An object of a listing, or a multipart upload, which `upload_id` then names."""

    key: str
    changed_at: datetime
    upload_id: str = ""


@dataclass(kw_only=True)
class Bucket:
    """A bucket below a prefix. `link_minutes` is how long a presigned address holds, 0 for none.

    Every method raises `StoreUnavailable`, `StoreRefused`, and ENOSPC when the storage is full.
    """

    client: Any
    name: str
    prefix: str = ""
    link_minutes: int = 0
    _conditions: bool = field(default=True, init=False)  # until the storage says otherwise

    def find(self, key: str) -> Found | None:
        """Size, version and notes of an object; None if there is none."""
        try:
            with faults():
                said = self.client.head_object(**self._at(key))
        except Missing:
            return None
        return Found(said["ContentLength"], said["ETag"], said["Metadata"])

    def read(self, key: str, *, start: int = 0, etag: str | None = None) -> Any:
        """The bytes from `start` on, as a stream to `read` and `close`. Raises `Missing`,
        `Changed` when it is not the version `etag`."""
        only = {"IfMatch": etag} if etag else {}
        with faults():
            return self.client.get_object(**self._at(key), Range=f"bytes={start}-", **only)["Body"]

    def put(
        self, key: str, body: BinaryIO, *, notes: dict[str, str] | None = None, **only: str
    ) -> str:
        """Put an object, all or nothing; gives its ETag. The storage verifies what it received.

        `only` may be `IfNoneMatch="*"` or `IfMatch=etag`; then raises `Changed`. A storage that
        does not know these headers is asked without them.
        """
        sums = checksums(body)
        asked = {**self._at(key), "Body": body, "Metadata": notes or {}, **sums}
        try:
            with faults():
                said = self.client.put_object(**asked, **(only if self._conditions else {}))
        except NotOffered:
            if not self._conditions:
                raise StoreRefused("the storage has no PutObject") from None
            self._conditions = False
            body.seek(0)
            return self.put(key, body, notes=notes)
        return str(said["ETag"])

    def copy(self, source: str, key: str) -> str | None:
        """Copy within the bucket, without the notes; no byte travels. Gives the sha256 that the
        storage made of the copy (base64), None if it makes none. Raises `Missing`."""
        asked = {
            **self._at(key), "CopySource": {"Bucket": self.name, "Key": self.prefix + source},
            "MetadataDirective": "REPLACE",
        }  # fmt: skip
        try:
            with faults():
                said = self.client.copy_object(**asked, ChecksumAlgorithm="SHA256")
        except NotOffered:
            with faults():
                said = self.client.copy_object(**asked)
        made: str | None = said["CopyObjectResult"].get("ChecksumSHA256")
        return made

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        with faults():
            self.client.delete_object(**self._at(key))

    def list(self, start: str) -> Iterator[Listed]:
        """The objects whose keys begin so, page by page."""
        pages = self.client.get_paginator("list_objects_v2")
        with faults():
            for page in pages.paginate(Bucket=self.name, Prefix=self.prefix + start):
                for each in page.get("Contents", ()):
                    yield Listed(each["Key"].removeprefix(self.prefix), each["LastModified"])

    def list_multiparts(self, start: str) -> Iterator[Listed]:
        """The multipart uploads that are under way, page by page."""
        pages = self.client.get_paginator("list_multipart_uploads")
        with faults():
            for page in pages.paginate(Bucket=self.name, Prefix=self.prefix + start):
                for each in page.get("Uploads", ()):
                    key = each["Key"].removeprefix(self.prefix)
                    yield Listed(key, each["Initiated"], each["UploadId"])

    def begin_multipart(self, key: str) -> str:
        """Begin an object that comes in parts; gives the id to put them under."""
        with faults():
            return str(self.client.create_multipart_upload(**self._at(key))["UploadId"])

    def put_part(self, key: str, upload_id: str, number: int, body: BinaryIO) -> None:
        """Put part `number`, from 1; one put before is replaced. Raises `Missing`.

        Only its MD5 is sent: every storage verifies that. The sha256 of parts would have to be
        announced with the beginning and repeated at the end, which not every storage can.
        """
        sums = {"ContentMD5": checksums(body)["ContentMD5"]}
        with faults():
            self.client.upload_part(
                **self._at(key), UploadId=upload_id, PartNumber=number, Body=body, **sums
            )

    def end_multipart(self, key: str, upload_id: str, count: int) -> None:
        """Make the object of parts 1 to `count`. Raises `Missing` if it was ended before."""
        pages = self.client.get_paginator("list_parts")
        with faults():
            parts = [
                {"PartNumber": part["PartNumber"], "ETag": part["ETag"]}
                for page in pages.paginate(**self._at(key), UploadId=upload_id)
                for part in page.get("Parts", ())
                if part["PartNumber"] <= count
            ]
            self.client.complete_multipart_upload(
                **self._at(key), UploadId=upload_id, MultipartUpload={"Parts": parts}
            )

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Let the parts go, if they are there."""
        try:
            with faults():
                self.client.abort_multipart_upload(**self._at(key), UploadId=upload_id)
        except Missing:
            pass

    def link(self, key: str, *, media_type: str, name: str) -> str | None:
        """An address that anybody may GET the object under for some minutes; None if that is not
        wished."""
        if not self.link_minutes:
            return None
        said = {
            "ResponseContentType": media_type, "ResponseCacheControl": "private, no-store",
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        }  # fmt: skip
        with faults():
            address: str = self.client.generate_presigned_url(
                "get_object", Params={**self._at(key), **said}, ExpiresIn=self.link_minutes * 60
            )
        return address

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self.prefix + key}


def checksums(body: BinaryIO) -> dict[str, str]:
    """MD5 and sha256 of a body from where it stands, which it does again afterwards. The storage
    refuses what does not fit: every one knows `Content-MD5`, newer ones keep the sha256 too."""
    start, md5, sha256 = body.tell(), hashlib.md5(usedforsecurity=False), hashlib.sha256()
    while block := body.read(BLOCK_BYTES):
        md5.update(block)
        sha256.update(block)
    body.seek(start)
    return {"ContentMD5": as_base64(md5.digest()), "ChecksumSHA256": as_base64(sha256.digest())}


def as_base64(digest: bytes) -> str:
    """A digest as S3's headers have it."""
    return base64.b64encode(digest).decode()


@cache
def _session() -> Session:
    """Reads a megabyte of descriptions when it makes its first client, and keeps them."""
    return Session()


def has_credentials() -> bool:
    """Whether the environment (or what else botocore looks at) says who we are."""
    return _session().get_credentials() is not None


def open_bucket(address: str, *, endpoint_url: str, region: str, link_minutes: int = 0) -> Bucket:
    """The bucket of `s3://bucket/prefix`; nothing is asked of it yet.

    The keys come from the standard environment variables (AWS_ACCESS_KEY_ID, …). Nothing that S3
    did not have from the beginning is sent unless we say so: other storages refuse it.
    """
    name, _, folder = address.removeprefix("s3://").partition("/")
    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint_url else "auto"},
    )
    client = _session().create_client(
        "s3", region_name=region, endpoint_url=endpoint_url or None, config=config
    )
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    return Bucket(client=client, name=name, prefix=prefix, link_minutes=link_minutes)

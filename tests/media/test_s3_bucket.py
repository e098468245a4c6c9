"""What travels to a storage and what it answers, whichever storage it is."""

import base64
import errno
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from urllib3.response import HTTPResponse

from media.check import try_out
from media.errors import OriginalMissing, StoreFault, StoreRefused, StoreUnavailable
from media.s3.faults import Changed, Missing, faults
from media.s3.partial import PART_BYTES
from tests.media.pictures import written
from tests.media.places import S3Place
from tests.object_storage import object_storage

DATA = b"a photo" * 100_000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def place() -> S3Place:
    return S3Place(object_storage())


def refusing(header: str) -> Callable[..., AWSResponse | None]:
    """A storage that does not know a header: S3's answer for that, instead of the test server's."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if header not in request.headers:
            return None
        body = b"<Error><Code>NotImplemented</Code></Error>"
        return AWSResponse(request.url, 501, HeadersDict({}), HTTPResponse(io.BytesIO(body)))

    return answer


def test_every_byte_that_is_put_carries_a_digest_that_fits(place: S3Place, tmp_path: Path) -> None:
    seen = []

    def look(request: Any, **_: Any) -> None:
        if request.method == "PUT" and "x-amz-copy-source" not in request.headers:
            body = request.body.read() if hasattr(request.body, "read") else request.body or b""
            if hasattr(request.body, "seek"):
                request.body.seek(0)
            md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
            sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
            assert _text(request.headers["Content-MD5"]) == md5
            if "partNumber" not in request.url:
                assert _text(request.headers["x-amz-checksum-sha256"]) == sha256
            seen.append(len(body))

    uploads, store = place.uploads(), place.store()
    for client in (uploads._bucket.client, store._bucket.client):
        client.meta.events.register("before-send.s3", look)
    uploads.create("0" * 32)
    with uploads.locked("0" * 32) as upload:
        upload.append(io.BytesIO(bytes(PART_BYTES + 9)), offset=0, limit_bytes=PART_BYTES + 9)
        upload.finish(PART_BYTES + 9)
    store.put(written(tmp_path, DATA), SHA256)
    assert sorted(seen) == [0, 9, 9, len(DATA), PART_BYTES]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("header", ["If-None-Match", "x-amz-checksum-algorithm"])
def test_a_storage_that_knows_less_is_asked_for_less(
    place: S3Place, tmp_path: Path, header: str
) -> None:
    uploads, store = place.uploads(), place.store()
    for client in (uploads._bucket.client, store._bucket.client):
        client.meta.events.register("before-send.s3", refusing(header))
    for number in range(2):
        upload_id = f"{number:032x}"
        uploads.create(upload_id)
        with uploads.locked(upload_id) as upload:
            upload.append(io.BytesIO(DATA), offset=0, limit_bytes=len(DATA))
            store.take(upload.finish(len(DATA)))
            upload.remove()
    assert place.kept() == [SHA256]


def test_a_check_that_fails_half_way_leaves_nothing_behind(place: S3Place) -> None:
    uploads, store = place.uploads(), place.store("quarantine")
    store._bucket.client.meta.events.register("before-send.s3", refusing("x-amz-copy-source"))
    with pytest.raises(StoreRefused):
        list(try_out(uploads, store))
    assert place.kept() == []


def test_a_stream_seeks_and_asks_no_more_often_than_it_must(place: S3Place, tmp_path: Path) -> None:
    store, asked = place.store(), []
    store.put(written(tmp_path, DATA), SHA256)
    events = store._bucket.client.meta.events
    events.register("before-send.s3", lambda request, **_: asked.append(request.method))
    with store.open(SHA256) as stream:
        assert stream.seek(-7, io.SEEK_END) == len(DATA) - 7
        assert stream.read() == b"a photo"
        stream.seek(0)
        assert stream.read(7) == b"a photo"
        stream.seek(2, io.SEEK_CUR)
        assert stream.read(5) == b"photo"
        stream.seek(len(DATA) + 100)
        assert stream.read() == b""
        stream.seek(0)
        assert hashlib.file_digest(stream, "sha256").hexdigest() == SHA256
    assert asked == ["HEAD", *["GET"] * 3]


def test_an_original_that_is_removed_while_it_is_read_is_told(
    place: S3Place, tmp_path: Path
) -> None:
    store = place.store()
    store.put(written(tmp_path, DATA), SHA256)
    with store.open(SHA256) as stream:
        store.delete(SHA256)
        with pytest.raises(StoreUnavailable):
            stream.read()
    with pytest.raises(OriginalMissing):
        store.open(SHA256)


def answered(code: str, status: int) -> ClientError:
    said = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "PutObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (answered("NoSuchKey", 404), Missing),
        (answered("PreconditionFailed", 412), Changed),
        (answered("SlowDown", 503), StoreUnavailable),
        (answered("InternalError", 500), StoreUnavailable),
        (answered("BadDigest", 400), StoreUnavailable),
        (answered("AccessDenied", 403), StoreRefused),
        (answered("NoSuchBucket", 404), StoreRefused),
        (answered("InvalidAccessKeyId", 403), StoreRefused),
        (answered("PermanentRedirect", 301), StoreRefused),
        (NoCredentialsError(), StoreRefused),
        (EndpointConnectionError(endpoint_url="http://nowhere"), StoreUnavailable),
    ],
)
def test_what_a_storage_answers_is_told_by_who_can_help(
    fault: Exception, told: type[StoreFault]
) -> None:
    with pytest.raises(told) as raised, faults():
        raise fault
    assert type(raised.value) is told
    assert raised.value.errno == errno.EIO


@pytest.mark.parametrize(("code", "status"), [("XMinioStorageFull", 507), ("QuotaExceeded", 403)])
def test_a_full_storage_is_as_a_full_disk(code: str, status: int) -> None:
    with pytest.raises(OSError, match="No space left") as raised, faults():
        raise answered(code, status)
    assert raised.value.errno == errno.ENOSPC

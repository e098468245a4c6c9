"""Uploads in object storage: whatever request a server dies at, another goes on."""

import base64
import hashlib
import io
import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from urllib3.response import HTTPResponse

from media.digests import parse_checksum
from media.errors import (
    ChecksumMismatch,
    OriginalDamaged,
    UploadLocked,
    UploadNotFound,
    UploadTooLarge,
)
from media.partial import FinishedUpload
from media.s3.partial import PART_BYTES
from media.s3.uploads import S3Uploads
from tests.media.places import S3Place
from tests.media.test_partial import BreaksOff
from tests.object_storage import object_storage

MIB = 1024 * 1024
LIMIT_BYTES = 64 * MIB
#: bytes like no others, so that whatever is lost, doubled or misplaced shows
NOISE = hashlib.shake_128(b"suijian").digest(24 * MIB)
SIZES = (1, 1000, MIB, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1)
LATER = datetime.now(UTC) + timedelta(days=1)
ids = (f"{number:032x}" for number in itertools.count())


class Died(BaseException):
    """The server is gone: nothing of it runs any more."""


@pytest.fixture(scope="module")
def place() -> S3Place:
    return S3Place(object_storage())


@contextmanager
def dying(uploads: S3Uploads, at: int | None, *, heard: bool) -> Iterator[None]:
    """Die at request number `at` from now on: before it is sent, or when it was done but before
    its answer was heard. Then nothing more reaches the storage."""
    events, count = uploads._bucket.client.meta.events, itertools.count()
    dead = False

    def act(event_name: str, **_: Any) -> None:
        nonlocal dead
        heard_now = event_name.startswith("needs-retry")
        if dead or (heard_now == heard and next(count) == at):
            dead = True
            raise Died

    for name in ("before-send.s3", "needs-retry.s3"):
        events.register_first(name, act)
    try:
        yield
    except Died:
        pass
    finally:
        for name in ("before-send.s3", "needs-retry.s3"):
            events.unregister(name, act)


def piece(offset: int, size: int, checked: bool) -> dict[str, Any]:
    """What `append` is told of the next bytes."""
    data = NOISE[offset : offset + size]
    said = f"sha1 {base64.b64encode(hashlib.sha1(data).digest()).decode()}"
    return {
        "stream": io.BytesIO(data), "offset": offset, "limit_bytes": LIMIT_BYTES,
        "checksum": parse_checksum(said) if checked else None,
    }  # fmt: skip


STEP = st.tuples(
    st.sampled_from(SIZES), st.booleans(), st.none() | st.integers(0, 4), st.booleans()
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=4), dies_at_end=st.none() | st.integers(0, 6))
@example(steps=[(PART_BYTES + 1, False, 3, True), (PART_BYTES, True, 2, True)], dies_at_end=1)
def test_what_was_answered_stays_and_what_comes_out_is_what_was_sent(
    place: S3Place, steps: list[tuple[int, bool, int | None, bool]], dies_at_end: int | None
) -> None:
    upload_id, answered = next(ids), 0
    place.uploads().create(upload_id)
    for size, checked, dies_at, heard in steps:
        server = place.uploads()  # another one each time
        assert server.offset(upload_id) == answered
        with dying(server, dies_at, heard=heard), server.locked(upload_id) as upload:
            answered = upload.append(**piece(answered, size, checked))
        reached = place.uploads().offset(upload_id)
        assert answered <= reached <= answered + size
        answered = reached
    store = place.store("whole")
    server = place.uploads()
    with dying(server, dies_at_end, heard=False), server.locked(upload_id) as upload:
        store.take(upload.finish(answered))
        upload.remove()
    with suppress(UploadNotFound), place.uploads().locked(upload_id) as upload:
        store.take(upload.finish(answered))
        upload.remove()
    with store.open(hashlib.sha256(NOISE[:answered]).hexdigest()) as stored:
        assert stored.read() == NOISE[:answered]
    place.uploads().sweep(untouched_since=LATER)
    assert [key for key in place.kept() if upload_id in key] == []


@pytest.mark.parametrize("size", [1000, PART_BYTES + 1000])
def test_a_write_whose_answer_was_lost_is_done_once(place: S3Place, size: int) -> None:
    """Sent again, it finds that somebody wrote: it was itself, and asking tells where it stands."""
    upload_id, uploads, lost = next(ids), place.uploads(), [0.0]
    uploads.create(upload_id)
    events = uploads._bucket.client.meta.events
    events.register_first("needs-retry.s3.PutObject", lambda **_: lost.pop() if lost else None)
    with pytest.raises(UploadLocked), uploads.locked(upload_id) as upload:
        upload.append(**piece(0, size, False))
    assert not lost
    reached = place.uploads().offset(upload_id)
    assert 0 < reached <= size
    with place.uploads().locked(upload_id) as upload:
        upload.append(**piece(reached, size, False))
        whole = upload.finish(reached + size)
        assert whole.path.read_bytes() == NOISE[: reached + size]
        upload.remove()


def test_a_broken_line_keeps_all_that_came_over_it(place: S3Place) -> None:
    upload_id, size = next(ids), 2 * PART_BYTES + 12345
    place.uploads().create(upload_id)
    with pytest.raises(ConnectionResetError), place.uploads().locked(upload_id) as upload:
        upload.append(BreaksOff(NOISE[:size]), offset=0, limit_bytes=LIMIT_BYTES)
    assert place.uploads().offset(upload_id) == size


def test_a_byte_too_many_takes_back_parts_that_counted_already(place: S3Place) -> None:
    upload_id, before = next(ids), 100
    place.uploads().create(upload_id)
    with place.uploads().locked(upload_id) as upload:
        upload.append(**piece(0, before, False))
        limit = 2 * PART_BYTES + 5
        with pytest.raises(UploadTooLarge):
            upload.append(io.BytesIO(NOISE[before : limit + 1]), offset=before, limit_bytes=limit)
        assert upload.offset == before
    assert place.uploads().offset(upload_id) == before
    with place.uploads().locked(upload_id) as upload:
        upload.append(**piece(before, PART_BYTES, False))
        assert upload.finish(before + PART_BYTES).path.read_bytes() == NOISE[: before + PART_BYTES]
        upload.remove()


def test_a_wrong_checksum_leaves_neither_bytes_nor_a_multipart_upload(place: S3Place) -> None:
    upload_id = next(ids)
    place.uploads().create(upload_id)
    wrong = {**piece(0, PART_BYTES + 1, True), "stream": io.BytesIO(bytes(PART_BYTES + 1))}
    with pytest.raises(ChecksumMismatch), place.uploads().locked(upload_id) as upload:
        upload.append(**wrong)
    assert place.uploads().offset(upload_id) == 0
    assert [key for key in place.kept() if upload_id in key] == [upload_id]


def test_who_lost_the_lock_with_its_connection_is_kept_out(place: S3Place) -> None:
    """Its next word to the storage names a state that is no more."""
    upload_id, late, other = next(ids), place.uploads(), place.uploads()
    late.create(upload_id)

    def lose_the_lock_and_write_on() -> None:
        with late.locked(upload_id) as held:
            place.locks.lose(upload_id)
            with other.locked(upload_id) as upload:
                upload.append(**piece(0, 1000, False))
            held.append(**piece(0, 2000, False))

    with pytest.raises(UploadLocked):
        lose_the_lock_and_write_on()
    assert other.offset(upload_id) == 1000


def no_such_upload(request: Any, **_: Any) -> AWSResponse | None:
    """S3's answer to a part of a multipart upload that is no more (API reference, UploadPart)."""
    if "uploadId=" not in request.url:
        return None
    body = b"<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>"
    return AWSResponse(request.url, 404, HeadersDict({}), HTTPResponse(io.BytesIO(body)))


def test_parts_that_somebody_aborted_end_the_upload(place: S3Place) -> None:
    """As a bucket's lifecycle rule does: then one begins anew, instead of asking for ever. The test
    server answers 500 where S3 answers 404, so its answer is replaced by S3's."""
    upload_id, uploads = next(ids), place.uploads()
    uploads.create(upload_id)
    with uploads.locked(upload_id) as upload:
        upload.append(**piece(0, PART_BYTES + 1, False))
    uploads._bucket.client.meta.events.register("before-send.s3", no_such_upload)
    with pytest.raises(UploadNotFound), uploads.locked(upload_id) as upload:
        upload.append(**piece(PART_BYTES + 1, PART_BYTES, False))
    with pytest.raises(UploadNotFound):
        uploads.offset(upload_id)


def test_the_sweep_aborts_what_nobody_will_finish_and_nothing_else(place: S3Place) -> None:
    upload_id, uploads = next(ids), place.uploads()
    uploads.create(upload_id)
    with uploads.locked(upload_id) as upload:
        upload.append(**piece(0, PART_BYTES + 1, False))
        assert upload_id not in uploads.sweep(untouched_since=LATER)
    assert uploads.sweep(untouched_since=datetime.now(UTC) - timedelta(days=1)) == []
    assert uploads.sweep(untouched_since=LATER) == [upload_id]
    assert [key for key in place.kept() if upload_id in key] == []


def test_a_copy_that_the_storage_hashes_otherwise_is_no_original(
    place: S3Place, tmp_path: Path
) -> None:
    """Nothing gets a digest for a name that the storage itself does not confirm."""
    upload_id, claimed = next(ids), hashlib.sha256(b"something else").hexdigest()
    place.uploads().create(upload_id)
    with place.uploads().locked(upload_id) as upload:
        upload.append(**piece(0, 1000, False))
        whole = upload.finish(1000)
        with pytest.raises(OriginalDamaged):
            place.store().take(FinishedUpload(whole.path, 1000, claimed, whole.key))
    assert not place.store().exists(claimed)

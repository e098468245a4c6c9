"""Pieces: in order, whole or discarded, and never a whole photo in memory."""

import base64
import contextlib
import hashlib
import io
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.digests import Checksum, parse_checksum
from media.errors import (
    ChecksumMismatch,
    MediaError,
    OffsetMismatch,
    UploadIncomplete,
    UploadTooLarge,
)
from media.partial import BLOCK_BYTES, PartialUpload
from media.uploads import Uploads
from tests.media.places import Place

ID = "0123456789abcdef0123456789abcdef"
LIMIT_BYTES = 10_000_000


class BreaksOff:
    """A connection that is lost after these bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        block = self._data.read(size)
        if not block:
            raise ConnectionResetError("peer is gone")
        return block


class Trickles:
    """A slow connection: never gives as much as was asked."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._data.read(min(size, 7))


@pytest.fixture
def uploads(place: Place) -> Uploads:
    return place.uploads()


@pytest.fixture
def upload(uploads: Uploads) -> Iterator[PartialUpload]:
    uploads.create(ID)
    with uploads.locked(ID) as upload:
        yield upload


def checksum_of(data: bytes) -> Checksum:
    return parse_checksum(f"sha1 {base64.b64encode(hashlib.sha1(data).digest()).decode()}")


def append(
    upload: PartialUpload, data: bytes, *, limit_bytes: int = LIMIT_BYTES, checked: bool = False
) -> int:
    return upload.append(
        io.BytesIO(data),
        offset=upload.offset,
        limit_bytes=limit_bytes,
        checksum=checksum_of(data) if checked else None,
    )


def content(upload: PartialUpload) -> bytes:
    return upload.finish(upload.offset).path.read_bytes()


@pytest.mark.parametrize("checked", [False, True])
def test_pieces_follow_each_other(upload: PartialUpload, checked: bool) -> None:
    assert append(upload, b"first ", checked=checked) == 6
    assert append(upload, b"second", checked=checked) == 12
    assert content(upload) == b"first second"


@pytest.mark.parametrize("offset", [0, 5, 7])
def test_a_piece_for_another_offset_changes_nothing(upload: PartialUpload, offset: int) -> None:
    append(upload, b"first ")
    body = io.BytesIO(b"second")
    with pytest.raises(OffsetMismatch) as refusal:
        upload.append(body, offset=offset, limit_bytes=LIMIT_BYTES)
    assert refusal.value.details == {"offset": 6}
    assert body.tell() == 0
    assert content(upload) == b"first "


def test_bytes_received_before_the_connection_broke_stay(upload: PartialUpload) -> None:
    append(upload, b"first ")
    with pytest.raises(ConnectionResetError):
        upload.append(BreaksOff(b"sec"), offset=6, limit_bytes=LIMIT_BYTES)
    assert content(upload) == b"first sec"


def test_a_piece_with_a_checksum_is_discarded_when_the_connection_breaks(
    upload: PartialUpload,
) -> None:
    append(upload, b"first ")
    with pytest.raises(ConnectionResetError):
        upload.append(
            BreaksOff(b"sec"), offset=6, limit_bytes=LIMIT_BYTES, checksum=checksum_of(b"second")
        )
    assert content(upload) == b"first "


@pytest.mark.parametrize("arrived", [b"sec", b"secons", b"", b"second!"])
def test_a_piece_that_fails_its_checksum_is_discarded_and_can_be_sent_again(
    upload: PartialUpload, arrived: bytes
) -> None:
    append(upload, b"first ")
    with pytest.raises(ChecksumMismatch):
        upload.append(
            io.BytesIO(arrived),
            offset=6,
            limit_bytes=LIMIT_BYTES,
            checksum=checksum_of(b"second"),
        )
    assert content(upload) == b"first "
    append(upload, b"second", checked=True)
    assert content(upload) == b"first second"


@pytest.mark.parametrize("checked", [False, True])
def test_the_limit_is_exact_and_a_piece_beyond_it_is_discarded(
    upload: PartialUpload, checked: bool
) -> None:
    append(upload, b"first ", limit_bytes=12, checked=checked)
    with pytest.raises(UploadTooLarge) as refusal:
        append(upload, b"seconds", limit_bytes=12, checked=checked)
    assert refusal.value.details == {"limit_bytes": 12}
    assert content(upload) == b"first "
    assert append(upload, b"second", limit_bytes=12, checked=checked) == 12


def test_a_flood_is_not_read_beyond_the_limit(upload: PartialUpload) -> None:
    flood = io.BytesIO(bytes(5 * BLOCK_BYTES))
    with pytest.raises(UploadTooLarge):
        upload.append(flood, offset=0, limit_bytes=10)
    assert flood.tell() == 11


@pytest.mark.parametrize("size_bytes", [BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1])
def test_a_piece_may_end_anywhere_about_a_block(upload: PartialUpload, size_bytes: int) -> None:
    assert append(upload, b"x" * size_bytes, limit_bytes=size_bytes, checked=True) == size_bytes


def test_a_trickling_connection_is_as_good_as_any(upload: PartialUpload) -> None:
    data = bytes(range(256)) * 4
    upload.append(Trickles(data), offset=0, limit_bytes=len(data), checksum=checksum_of(data))
    assert content(upload) == data


def test_an_empty_piece_is_allowed(upload: PartialUpload) -> None:
    assert append(upload, b"") == 0
    assert upload.finish(0).sha256 == hashlib.sha256().hexdigest()


def test_a_finished_upload_knows_its_digest_and_size(upload: PartialUpload) -> None:
    data = bytes(range(256)) * 5000
    append(upload, data)
    finished = upload.finish(len(data))
    assert finished.sha256 == hashlib.sha256(data).hexdigest()
    assert finished.size_bytes == finished.path.stat().st_size == len(data)


@pytest.mark.parametrize("declared", [5, 7])
def test_an_upload_of_another_size_than_declared_is_not_finished(
    upload: PartialUpload, declared: int
) -> None:
    append(upload, b"first ")
    with pytest.raises(UploadIncomplete) as refusal:
        upload.finish(declared)
    assert refusal.value.details == {"offset": 6, "size_bytes": declared}


@pytest.mark.parametrize("before", [b"", b"what a killed server left"])
def test_parts_are_gathered_in_order_whatever_was_there(
    uploads: Uploads, upload: PartialUpload, before: bytes
) -> None:
    append(upload, before)
    upload.gather(map(io.BytesIO, (b"one ", b"", b"two")), size_bytes=7)
    assert content(upload) == b"one two"
    assert uploads.offset(ID) == 7  # no mark is left that would cut it back


@pytest.mark.parametrize(
    ("size_bytes", "refusal"), [(7, UploadIncomplete), (5, UploadTooLarge)], ids=["less", "more"]
)
def test_parts_of_another_size_than_announced_leave_nothing(
    upload: PartialUpload, size_bytes: int, refusal: type[MediaError]
) -> None:
    with pytest.raises(refusal):
        upload.gather(map(io.BytesIO, (b"one", b"two")), size_bytes=size_bytes)
    assert content(upload) == b""


def test_a_part_that_breaks_off_leaves_nothing(upload: PartialUpload) -> None:
    def parts() -> Iterator[io.BytesIO]:
        yield io.BytesIO(b"one")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        upload.gather(parts(), size_bytes=6)
    assert content(upload) == b""


def test_memory_stays_flat_however_large_the_upload(place: Place, upload: PartialUpload) -> None:
    class Zeros:
        left_bytes = 32 * 1024 * 1024

        def read(self, size: int, /) -> bytes:
            size = min(size, self.left_bytes)
            self.left_bytes -= size
            return bytes(size)

    tracemalloc.start()
    size_bytes = upload.append(Zeros(), offset=0, limit_bytes=Zeros.left_bytes)
    upload.finish(size_bytes)
    upload.gather([Zeros()], size_bytes=size_bytes)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < place.memory_blocks * BLOCK_BYTES


Piece = tuple[bytes, str]
PIECES = st.lists(
    st.tuples(
        st.binary(max_size=40),
        st.sampled_from(
            ["right", "checked", "wrong checksum", "breaks off", "checked, breaks off"]
        ),
    ),
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_whatever_happens_to_pieces_the_file_is_what_was_accepted(
    place: Place, new_id: Callable[[], str], pieces: list[Piece]
) -> None:
    uploads, upload_id, expected = place.uploads(), new_id(), b""
    uploads.create(upload_id)
    for data, fate in pieces:
        checksum = checksum_of(data + b"?" * (fate == "wrong checksum"))
        stream = BreaksOff(data) if "breaks off" in fate else io.BytesIO(data)
        broken = contextlib.suppress(ChecksumMismatch, ConnectionResetError)
        with broken, uploads.locked(upload_id) as upload:
            upload.append(
                stream,
                offset=len(expected),
                limit_bytes=LIMIT_BYTES,
                checksum=checksum if "check" in fate else None,
            )
        if fate in ("right", "checked", "breaks off"):
            expected += data
        assert uploads.offset(upload_id) == len(expected)
    with uploads.locked(upload_id) as upload:
        assert content(upload) == expected


@pytest.fixture
def new_id() -> Callable[[], str]:
    """Ids as the server makes them, one after another."""
    numbers = iter(range(1_000_000))
    return lambda: f"{next(numbers):032x}"

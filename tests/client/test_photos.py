"""Photos over a bad line: what was sent once is not sent again, and nothing is lost."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from client import Device, Offline, ProtocolError
from client.tus import CHUNK_BYTES
from tests.client.conftest import FakeClock
from tests.client.standin import LOSE, Partner


@pytest.fixture
def photo_id(device: Device, jpeg: Path) -> str:
    return device.attach_photo(jpeg, of=("record", "t1"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_photo_reaches_the_server_whole_and_leaves_the_device_some_days_after_it_was_verified(
    device: Device, partner: Partner, clock: FakeClock, photo_id: str, jpeg: Path
) -> None:
    report = device.sync()

    assert report.photos_sent == 1
    assert partner.blobs[sha256(jpeg)] == jpeg.read_bytes()
    (upload,) = partner.uploads.values()
    assert upload.metadata == {
        "photo_id": photo_id,
        "sha256": sha256(jpeg),
        "filename": "stairs.jpg",
        "filetype": "image/jpeg",
    }
    assert device.get("photo", photo_id).data["state"] == "verified"
    assert not device.pending()
    clock.move(days=14, seconds=-1)
    device.sync()
    assert device.store.photos.path(sha256(jpeg)).exists()
    clock.move(seconds=1)
    device.sync()
    assert not device.store.photos.path(sha256(jpeg)).exists()


def test_chunks_are_of_one_mebibyte(device: Device, partner: Partner, photo_id: str) -> None:
    device.sync()
    assert partner.count("PATCH", "/files") == 3
    assert CHUNK_BYTES == 1 << 20


def test_the_original_may_be_gone_before_the_sync(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    digest = sha256(jpeg)
    jpeg.unlink()
    device.sync()
    assert digest in partner.blobs


def test_an_upload_cut_in_the_middle_goes_on_where_it_stopped(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    partner.fail("PATCH", "/files", "cut", after=1)
    device.sync()

    assert partner.blobs[sha256(jpeg)] == jpeg.read_bytes()
    assert partner.bytes_received == jpeg.stat().st_size
    assert len(partner.uploads) == 1


def test_an_upload_cut_by_the_end_of_the_program_goes_on_in_the_next(
    make_device: Callable[..., Device], partner: Partner, jpeg: Path
) -> None:
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    device.sync()
    device.attach_photo(jpeg, of=("record", "t1"))
    partner.fail("PATCH", "/files", "cut", after=1)
    with pytest.raises(Offline):
        device.sync()
    device.close()

    make_device().sync()
    assert partner.blobs[sha256(jpeg)] == jpeg.read_bytes()
    assert partner.bytes_received == jpeg.stat().st_size


def test_a_chunk_whose_answer_was_lost_is_not_sent_again(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    partner.fail("PATCH", "/files", LOSE, after=1)
    partner.fail("POST", "/files", LOSE)
    device.sync()
    assert partner.bytes_received == jpeg.stat().st_size


def test_the_last_chunk_with_its_answer_lost_is_found_complete(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    partner.fail("PATCH", "/files", LOSE, after=2)
    device.sync()
    assert partner.count("PATCH", "/files") == 3
    assert not device.pending()


@pytest.mark.parametrize("status", [409, 423, 460, 500, 503])
def test_after_a_doubt_the_offset_is_asked_for(
    device: Device, partner: Partner, photo_id: str, jpeg: Path, status: int
) -> None:
    partner.fail("PATCH", "/files", status)
    device.sync()
    assert partner.count("HEAD", "/files") == 2
    assert partner.blobs[sha256(jpeg)] == jpeg.read_bytes()


def test_a_lock_that_never_opens_ends_in_a_trouble_and_the_photo_waits(
    device: Device, partner: Partner, photo_id: str, pauses: list[float]
) -> None:
    for _ in range(4):
        partner.fail("HEAD", "/files", 423)
    report = device.sync()
    assert [trouble.status for trouble in report.troubles] == [423]
    assert len(pauses) == 3
    assert [photo.state for photo in device.pending().photos] == ["waiting"]
    assert device.sync().photos_sent == 1
    assert len(partner.uploads) == 1


def test_progress_renews_the_patience(
    make_device: Callable[..., Device], partner: Partner, jpeg: Path
) -> None:
    device = make_device(attempts=2)
    device.login("zhang", "pass-zhang")
    device.sync()
    device.attach_photo(jpeg, of=("record", "t1"))
    for _ in range(6):
        partner.fail("PATCH", "/files", "cut")
    assert device.sync().photos_sent == 1


def test_an_expired_upload_begins_anew(
    make_device: Callable[..., Device], partner: Partner, jpeg: Path
) -> None:
    device = make_device(attempts=1)
    device.login("zhang", "pass-zhang")
    device.sync()
    device.attach_photo(jpeg, of=("record", "t1"))
    partner.fail("PATCH", "/files", "cut")
    with pytest.raises(Offline):
        device.sync()
    partner.uploads.clear()

    device.sync()
    assert partner.blobs[sha256(jpeg)] == jpeg.read_bytes()


def test_known_bytes_are_not_sent_again(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    partner.blobs[sha256(jpeg)] = jpeg.read_bytes()
    report = device.sync()
    assert report.photos_sent == 1
    assert partner.bytes_received == 0
    assert not device.pending()


def test_one_file_attached_twice_is_sent_once(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    device.attach_photo(jpeg, of=("record", "t1"))
    device.sync()
    assert partner.bytes_received == jpeg.stat().st_size
    assert len(device.get("record", "t1").data["photos"]) == 2


def test_a_photo_the_server_refuses_is_kept_and_does_not_stop_the_next(
    device: Device, partner: Partner, photo_id: str, tmp_path: Path, jpeg: Path
) -> None:
    other = tmp_path / "exit.jpg"
    other.write_bytes(b"another")
    device.attach_photo(other, of=("record", "t1"))
    partner.fail("POST", "/files", 413, body={"code": "upload_too_large"})
    report = device.sync()

    assert report.photos_sent == 1
    refused = next(photo for photo in device.pending().photos if photo.state == "refused")
    assert refused.photo_id == photo_id
    assert refused.reason is not None
    assert refused.reason["code"] == "upload_too_large"
    assert device.store.photos.path(sha256(jpeg)).exists()

    device.retry_photo(photo_id)
    assert device.sync().photos_sent == 1


def test_bytes_that_disappeared_from_the_device_are_reported(
    device: Device, photo_id: str, jpeg: Path
) -> None:
    device.store.photos.drop(sha256(jpeg))
    report = device.sync()
    assert [trouble.code for trouble in report.troubles] == ["bytes_missing"]
    assert [photo.state for photo in device.pending().photos] == ["refused"]


def test_a_photo_in_quarantine_is_shown_and_kept(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    device.sync()
    again = device.attach_photo(jpeg, of=("record", "t1"))
    partner.verdict("photo", again, "deferred")
    partner.say("photo", again, state="quarantined")
    device.sync()
    (photo,) = device.pending().photos
    assert (photo.photo_id, photo.state) == (again, "refused")
    assert photo.reason is not None
    assert photo.reason["code"] == "photo_quarantined"
    assert device.store.photos.path(sha256(jpeg)).exists()


def test_an_empty_file_is_complete_at_once(
    device: Device, partner: Partner, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    device.attach_photo(empty, of=("record", "t1"))
    device.sync()
    assert partner.count("PATCH", "/files") == 0


def test_a_token_that_runs_out_during_an_upload_is_renewed(
    device: Device, partner: Partner, photo_id: str, jpeg: Path
) -> None:
    partner.fail("PATCH", "/files", 401, body={"code": "token_expired"}, after=1)
    device.sync()
    assert partner.blobs[sha256(jpeg)] == jpeg.read_bytes()
    assert partner.count("POST", "/auth/refresh") == 1


def test_a_location_on_another_host_never_gets_the_token(
    device: Device, partner: Partner, photo_id: str
) -> None:
    partner.fail("POST", "/files", 201, headers={"Location": "http://127.0.0.2:1/files/x"})
    with pytest.raises(ProtocolError, match="another origin"):
        device.sync()
    assert [photo.state for photo in device.pending().photos] == ["waiting"]

"""The folder of uploads: one writer at a time, resumed after a killed server, swept."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from media.errors import UploadLocked, UploadNotFound
from media.store import READ_ONLY, LocalStore
from media.uploads import LocalUploads, Uploads, check_still_there
from tests.media.writer import BLOCK, LIMIT_BYTES

REPOSITORY = Path(__file__).parent.parent.parent
ID = "0123456789abcdef0123456789abcdef"
OTHER_ID = "f" * 32
FIRST = b"first "
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def uploads(folder: Path) -> Uploads:
    """One upload of a few bytes."""
    uploads = LocalUploads(folder)
    uploads.create(ID)
    append(uploads, FIRST)
    return uploads


def append(uploads: Uploads, data: bytes, upload_id: str = ID) -> int:
    with uploads.locked(upload_id) as upload:
        return upload.append(BytesIO(data), offset=upload.offset, limit_bytes=LIMIT_BYTES)


def content(uploads: Uploads, upload_id: str = ID) -> bytes:
    with uploads.locked(upload_id) as upload:
        return upload.finish(upload.offset).path.read_bytes()


@contextmanager
def writing_process(folder: Path, *checksum: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, in the middle of a piece."""
    command = [sys.executable, "-m", "tests.media.writer", str(folder), ID, *checksum]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "block written\n"
        yield process
        process.kill()


def test_a_new_upload_is_empty_and_cannot_be_made_twice(uploads: Uploads) -> None:
    uploads.create(OTHER_ID)
    assert uploads.offset(OTHER_ID) == 0
    with pytest.raises(FileExistsError):
        uploads.create(ID)
    assert uploads.offset(ID) == len(FIRST)


def test_a_second_writer_in_another_process_is_told_so_at_once(
    uploads: Uploads, folder: Path
) -> None:
    with writing_process(folder):
        with pytest.raises(UploadLocked) as refusal, uploads.locked(ID):
            pass
    assert refusal.value.code == "upload_locked"


def test_a_second_writer_in_the_same_process_is_told_so_too(uploads: Uploads) -> None:
    with uploads.locked(ID), pytest.raises(UploadLocked), uploads.locked(ID):
        pass
    append(uploads, b"second")  # and the lock is free again


def test_two_uploads_do_not_wait_for_each_other(uploads: Uploads) -> None:
    uploads.create(OTHER_ID)
    with uploads.locked(ID):
        assert append(uploads, b"other", OTHER_ID) == 5


def test_a_killed_server_leaves_its_bytes_and_no_lock(uploads: Uploads, folder: Path) -> None:
    with writing_process(folder) as process:
        process.kill()
        process.wait()
    assert uploads.offset(ID) == len(FIRST + BLOCK)
    append(uploads, b"last")
    assert content(uploads) == FIRST + BLOCK + b"last"


def test_a_server_killed_in_a_piece_with_a_checksum_leaves_only_what_was_verified(
    uploads: Uploads, folder: Path
) -> None:
    digest = base64.b64encode(hashlib.sha1(BLOCK + b"more").digest()).decode()
    with writing_process(folder, f"sha1 {digest}") as process:
        assert uploads.offset(ID) == len(FIRST)
        process.kill()
        process.wait()
    assert uploads.offset(ID) == len(FIRST)
    append(uploads, b"second")
    assert content(uploads) == FIRST + b"second"


@pytest.mark.parametrize(
    "upload_id", [OTHER_ID, "", "..", "../../etc/passwd", ID + "/..", ID.upper(), ID + "\n"]
)
def test_an_id_that_was_not_made_here_is_not_found_and_never_a_path(
    uploads: Uploads, upload_id: str
) -> None:
    with pytest.raises(UploadNotFound):
        uploads.offset(upload_id)
    with pytest.raises(UploadNotFound), uploads.locked(upload_id):
        pass
    with pytest.raises(UploadNotFound):
        uploads.remove(upload_id)


def test_a_removed_upload_is_not_found(uploads: Uploads, folder: Path) -> None:
    uploads.remove(ID)
    with pytest.raises(UploadNotFound):
        uploads.offset(ID)
    assert not files_under(folder)


def test_an_upload_that_is_being_written_is_not_removed(uploads: Uploads) -> None:
    with uploads.locked(ID), pytest.raises(UploadLocked):
        uploads.remove(ID)
    assert uploads.offset(ID) == len(FIRST)


@pytest.mark.parametrize("made_again", [False, True])
def test_who_opened_the_file_before_it_became_an_original_cannot_write_to_it(
    uploads: Uploads, folder: Path, tmp_path: Path, made_again: bool
) -> None:
    """The open file follows into the store, so its name is asked again behind the lock."""
    path = folder / ID[:2] / ID
    originals = LocalStore(tmp_path / "originals")
    with path.open("r+b") as late:
        check_still_there(late.fileno(), path)
        with uploads.locked(ID) as upload:
            finished = upload.finish(len(FIRST))
            originals.put(finished.path, finished.sha256)
        if made_again:
            uploads.create(ID)
        with pytest.raises(UploadNotFound):
            check_still_there(late.fileno(), path)


def test_the_sweep_removes_what_was_left_alone_and_nothing_else(
    uploads: Uploads, folder: Path
) -> None:
    uploads.create(OTHER_ID)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    limit = now - timedelta(days=7)
    touched(folder / ID[:2] / ID, limit - timedelta(seconds=1))
    touched(folder / OTHER_ID[:2] / OTHER_ID, limit)
    assert uploads.sweep(untouched_since=limit) == [ID]
    assert [path.name for path in files_under(folder)] == [OTHER_ID]


def test_the_sweep_leaves_alone_what_is_being_written(uploads: Uploads, folder: Path) -> None:
    touched(folder / ID[:2] / ID, datetime(2020, 1, 1, tzinfo=UTC))
    with uploads.locked(ID):
        assert uploads.sweep(untouched_since=datetime(2026, 1, 1, tzinfo=UTC)) == []
    assert uploads.sweep(untouched_since=datetime(2026, 1, 1, tzinfo=UTC)) == [ID]


def test_the_sweep_takes_the_mark_of_a_killed_server_along(uploads: Uploads, folder: Path) -> None:
    digest = base64.b64encode(hashlib.sha1(b"never sent").digest()).decode()
    with writing_process(folder, f"sha1 {digest}"):
        pass
    assert len(files_under(folder)) == 2
    touched(folder / ID[:2] / ID, datetime(2020, 1, 1, tzinfo=UTC))
    assert uploads.sweep(untouched_since=datetime(2026, 1, 1, tzinfo=UTC)) == [ID]
    assert not files_under(folder)


def touched(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


@pytest.fixture
def folder_of_no_root() -> Iterator[Path]:
    """A folder of somebody who is not root, for whom read-only means that; we are they meanwhile,
    as a server is."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(os.getuid())
        shutil.rmtree(folder)


def test_a_file_that_was_read_only_already_when_the_server_was_killed_is_taken_up(
    folder_of_no_root: Path,
) -> None:
    """It gets the permissions of an original just before it gets its name."""
    uploads = LocalUploads(folder_of_no_root / "uploads")
    uploads.create(ID)
    append(uploads, FIRST)
    (folder_of_no_root / "uploads" / ID[:2] / ID).chmod(READ_ONLY)
    store = LocalStore(folder_of_no_root / "originals")
    with uploads.locked(ID) as upload:
        store.take(upload.finish(len(FIRST)))
    assert list(store.digests()) == [hashlib.sha256(FIRST).hexdigest()]

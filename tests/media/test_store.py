"""What every store must do; one class of tests for all of them."""

import hashlib
import io
import os
import resource
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from media.digests import sha256_of
from media.errors import DigestMalformed, OriginalDamaged, OriginalMissing
from media.folders import is_full
from media.store import READ_ONLY, LocalStore, Store
from tests.media.pictures import written
from tests.media.places import Place

DATA = b"a photo" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(place: Place) -> Store:
    return place.store()


def test_what_was_put_is_read_back_and_its_source_is_gone(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path, DATA)
    store.put(source, SHA256)
    with store.open(SHA256) as stream:
        assert stream.read() == DATA
        stream.seek(2)
        assert stream.read(5) == b"photo"
    assert store.size_bytes(SHA256) == len(DATA)
    assert store.exists(SHA256)
    assert not source.exists()


def test_nothing_is_there_before_it_was_put(store: Store) -> None:
    assert not store.exists(SHA256)
    with pytest.raises(OriginalMissing):
        store.open(SHA256)
    with pytest.raises(OriginalMissing):
        store.size_bytes(SHA256)


def test_the_same_bytes_are_stored_once_and_the_second_source_is_taken_too(
    store: Store, place: Place, tmp_path: Path
) -> None:
    store.put(written(tmp_path, DATA, "first"), SHA256)
    second = written(tmp_path, DATA, "second")
    store.put(second, SHA256.upper())
    assert not second.exists()
    assert place.kept() == [SHA256]


def test_other_bytes_under_a_stored_digest_are_refused_and_stay_where_they_are(
    store: Store, tmp_path: Path
) -> None:
    store.put(written(tmp_path, DATA), SHA256)
    other = written(tmp_path, DATA + b"!")
    with pytest.raises(OriginalDamaged):
        store.put(other, SHA256)
    assert other.read_bytes() == DATA + b"!"
    assert store.size_bytes(SHA256) == len(DATA)


def test_what_rotted_under_its_digest_is_not_taken_for_the_same_bytes(
    store: Store, place: Place, tmp_path: Path
) -> None:
    """Else the whole bytes, brought once more, would be thrown away for the rotten ones."""
    store.put(written(tmp_path, DATA), SHA256)
    place.overwrite(SHA256, b"?" + DATA[1:])
    again = written(tmp_path, DATA, "again")
    with pytest.raises(OriginalDamaged):
        store.put(again, SHA256)
    assert again.read_bytes() == DATA
    uploads = place.uploads()
    uploads.create("0" * 32)
    with uploads.locked("0" * 32) as upload:
        upload.append(io.BytesIO(DATA), offset=0, limit_bytes=len(DATA))
        with pytest.raises(OriginalDamaged):
            store.take(upload.finish(len(DATA)))
        assert upload.offset == len(DATA)


def test_what_was_deleted_is_gone_and_deleting_again_does_nothing(
    store: Store, tmp_path: Path
) -> None:
    store.put(written(tmp_path, DATA), SHA256)
    store.delete(SHA256)
    store.delete(SHA256)
    assert not store.exists(SHA256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "ab", SHA256 + "/..", SHA256[:-1] + "g"])
def test_what_is_no_digest_never_becomes_a_path(store: Store, tmp_path: Path, name: str) -> None:
    source = written(tmp_path, DATA)
    for ask in (store.exists, store.size_bytes, store.open, store.delete):
        with pytest.raises(DigestMalformed):
            ask(name)
    with pytest.raises(DigestMalformed):
        store.put(source, name)
    assert source.exists()


def test_parallel_puts_of_the_same_bytes_leave_one_whole_file(store: Store, tmp_path: Path) -> None:
    sources = [written(tmp_path, DATA, f"source {number}") for number in range(8)]
    together = threading.Barrier(len(sources))
    faults: list[Exception] = []

    def put(source: Path) -> None:
        together.wait()
        try:
            store.put(source, SHA256)
        except OSError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=put, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    with store.open(SHA256) as stream:
        assert stream.read() == DATA
    assert not any(source.exists() for source in sources)


def test_a_local_original_is_read_only_in_a_folder_of_its_own_prefix(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "originals")
    store.put(written(tmp_path, DATA), SHA256)
    path = tmp_path / "originals" / SHA256[:2] / SHA256[2:4] / SHA256
    assert stat.S_IMODE(path.stat().st_mode) == READ_ONLY


def test_bytes_are_flushed_before_they_have_their_name_and_every_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watched at the system's own door: a power cut can't be had here."""
    flushed: list[Path] = []
    flush = os.fsync

    def watched(descriptor: int) -> None:
        flush(descriptor)
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", watched)
    root = tmp_path / "originals"
    store, source = LocalStore(root), written(tmp_path, DATA)
    flushed.clear()
    store.put(source, SHA256)
    folder = root / SHA256[:2] / SHA256[2:4]
    assert flushed == [source, folder / SHA256, folder, folder.parent, root]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    shared = Path("/dev/shm")  # a tmpfs of its own on Linux
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second file system to write to")
    with TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def test_an_upload_on_another_file_system_is_moved_as_well(tmp_path: Path, memory: Path) -> None:
    source = written(memory, DATA)
    LocalStore(tmp_path / "originals").put(source, SHA256)
    assert not source.exists()
    assert [path.name for path in files_under(tmp_path / "originals")] == [SHA256]


def test_two_threads_that_copy_the_same_bytes_do_not_write_into_one_file(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, flush = LocalStore(tmp_path / "originals"), os.fsync
    sources = [written(memory, DATA, "first"), written(memory, DATA, "second")]

    def overtaken(descriptor: int) -> None:
        flush(descriptor)
        if len(sources) > 1 and len(files_under(tmp_path)) == 1:  # the first one's copy is whole
            store.put(sources.pop(), SHA256)

    monkeypatch.setattr(os, "fsync", overtaken)
    store.put(sources[0], SHA256)
    assert [path.name for path in files_under(tmp_path)] == [SHA256]
    assert not files_under(memory)


def test_nothing_stays_of_a_copy_that_a_full_disk_ended(tmp_path: Path, memory: Path) -> None:
    source, store = written(memory, bytes(1 << 16)), LocalStore(tmp_path / "originals")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, before[1]))  # as in a full disk: EFBIG
    try:
        with pytest.raises(OSError) as full:
            store.put(source, sha256_of(source))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert is_full(full.value)
    assert source.exists()
    assert files_under(tmp_path) == []


def test_originals_and_quarantine_do_not_see_each_other(place: Place, tmp_path: Path) -> None:
    originals, quarantine = place.store("originals"), place.store("quarantine")
    quarantine.put(written(tmp_path, DATA), SHA256)
    assert quarantine.exists(SHA256)
    assert not originals.exists(SHA256)


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_all_that_is_stored_is_named(store: Store, place: Place, tmp_path: Path) -> None:
    assert list(store.digests()) == []
    others = {hashlib.sha256(bytes([number])).hexdigest(): bytes([number]) for number in range(3)}
    for sha256, data in others.items():
        store.put(written(tmp_path, data), sha256)
    place.store("quarantine").put(written(tmp_path, DATA), SHA256)
    assert set(store.digests()) == set(others)

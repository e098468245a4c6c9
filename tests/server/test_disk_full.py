"""A full disk: the answer says so, nothing is half written, and it goes on once there is room."""

import errno
import resource
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event, select, text

from media.darkroom import Darkroom
from server.clock import now
from server.models import Derivative
from server.services.evidence.derivatives import WAITS, make_derivatives
from tests.server.sync.ops import new_finding
from tests.server.tus.speaker import (
    PIECE,
    begin,
    big_photo,
    checksum,
    digest,
    head,
    metadata_of,
    new_photo_id,
    patch,
    post,
)

WRITTEN = ("receipts", "history", "audit", "documents", "feed_entries")
LARGEST_FILE_BYTES = 1_000_000  # more than a database of these tests, less than the photo


@contextmanager
def files_no_larger_than(size_bytes):
    """As a full disk does, the kernel lets no file grow beyond it (EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def full_database(database):
    """SQLite may have no further page; PostgreSQL says 53100 to whoever writes a receipt."""
    if database.is_sqlite:

        def no_further_page(connection, *_):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        def any_page(connection, *_):
            connection.execute("PRAGMA max_page_count = 1000000")

        event.listen(database.engine, "checkout", no_further_page)
        yield
        event.remove(database.engine, "checkout", no_further_page)
        event.listen(database.engine, "checkout", any_page)
        return
    with database.write() as session:
        session.execute(text(FULL))
        session.execute(text(ON_RECEIPTS))
    yield
    with database.write() as session:
        session.execute(text("DROP TRIGGER full_disk ON receipts"))


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$
"""
ON_RECEIPTS = "CREATE TRIGGER full_disk BEFORE INSERT ON receipts EXECUTE FUNCTION full_disk()"


def count_rows(world):
    with world.parts.database.read() as session:
        return {
            name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in WRITTEN
        }


def assert_no_room(answer):
    assert (answer.status_code, answer.get_json()["code"]) == (507, "storage_full")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_push_into_a_full_database_is_507_and_leaves_nothing(world):
    task = world.task()
    long_note = "长" * 3_000
    ops = [new_finding(f"f{n}", task, notes=long_note) for n in range(40)]
    before = count_rows(world)
    with full_database(world.parts.database):
        body = {"device_time": None, "schema_version": 1, "ops": ops}
        assert_no_room(world.lead.post("/sync/push", body))
    assert count_rows(world) == before
    assert {result["status"] for result in world.lead.push(*ops)} == {"applied"}


@pytest.mark.parametrize("checked", [False, True])
def test_a_piece_for_which_there_is_no_room_is_507_and_the_upload_goes_on_later(world, checked):
    data = big_photo()
    assert len(data) > LARGEST_FILE_BYTES
    path = begin(world.lead, data)
    proof = checksum(data) if checked else {}
    with files_no_larger_than(LARGEST_FILE_BYTES):
        assert_no_room(patch(world.lead, path, data, 0, **proof))
    reached = int(head(world.lead, path).headers["Upload-Offset"])
    assert reached == (0 if checked else LARGEST_FILE_BYTES)
    assert patch(world.lead, path, data[reached:], reached).status_code == 204
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data


def test_an_upload_with_its_creation_that_found_no_room_leaves_nothing_open(world):
    data = big_photo()
    with files_no_larger_than(LARGEST_FILE_BYTES):
        announced = {
            "Upload-Length": str(len(data)), "Upload-Metadata": metadata_of(data, new_photo_id()),
        }  # fmt: skip
        assert_no_room(post(world.lead, {**announced, **PIECE}, data=data))
    with world.parts.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM uploads")).scalar_one() == 0


def test_a_full_disk_is_not_counted_against_the_picture(world):
    data = big_photo()
    patch(world.lead, begin(world.lead, data), data, 0)
    with closing(Darkroom()) as darkroom:
        with files_no_larger_than(LARGEST_FILE_BYTES), pytest.raises(OSError) as full:
            make(world, darkroom, now())
        assert full.value.errno == errno.EFBIG
        folder = world.parts.settings.data_dir / "derivatives" / "screen"
        assert not [path for path in folder.rglob("*") if path.is_file()]
        assert attempts(world, data) == {0}
        make(world, darkroom, now() + WAITS[0])
    assert attempts(world, data) == {1}
    assert world.parts.media.derivatives["screen"].open(digest(data)) is not None


def make(world, darkroom, moment):
    make_derivatives(world.parts.database, world.parts.media, now=moment, darkroom=darkroom)


def attempts(world, data):
    with world.parts.database.read() as session:
        own = select(Derivative.attempts).where(Derivative.sha256 == digest(data))
        return set(session.scalars(own))

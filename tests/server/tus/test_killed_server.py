"""A real server, killed at the worst moments: nothing is lost, nothing is half there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
import requests
from sqlalchemy import select, text

from server.models import CustodyEvent, EvidenceFile, Photo, Upload
from tests.server.tus.speaker import (
    PIECE,
    RESUMABLE,
    begin,
    big_photo,
    declare,
    digest,
    head,
    new_photo_id,
    photo,
    state_of,
)
from tests.server_process import ServerProcess
from tests.world import Caller, World


def headers_of(caller: Caller, offset: int) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {caller.token}", **RESUMABLE, **PIECE,
        "Upload-Offset": str(offset),
    }  # fmt: skip


@contextmanager
def cut_request(
    server: ServerProcess, caller: Caller, path: str, data: bytes, sent: int, offset: int = 0
):
    """A PATCH of the photo from `offset` on of which only bytes up to `sent` are sent; the line
    stays open."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers_of(caller, offset).items())
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(
            f"PATCH /api/v1{path} HTTP/1.1\r\nHost: x\r\n{lines}"
            f"Content-Length: {len(data) - offset}\r\n\r\n".encode()
        )
        line.sendall(data[offset:sent])
        yield line


def resume(server: ServerProcess, caller: Caller, path: str, data: bytes) -> requests.Response:
    """Ask where it stands and send the rest, as any client would."""
    url = f"{server.api}{path}"
    asked = requests.head(url, headers=headers_of(caller, 0))
    offset = int(asked.headers["Upload-Offset"])
    if offset == len(data):
        return asked
    return requests.patch(url, data=data[offset:], headers=headers_of(caller, offset))


@contextmanager
def database_that_takes_no_writes(world: World) -> Iterator[None]:
    """Hold what completing an upload must write, so that it stops between store and row."""
    with world.parts.database.write() as session:
        if not world.parts.database.is_sqlite:
            session.execute(text("LOCK TABLE uploads IN SHARE MODE"))
        yield
        session.rollback()


def test_a_kill_in_the_middle_of_a_piece_keeps_what_arrived(world: World, server: ServerProcess):
    data, photo_id = big_photo(), new_photo_id()
    path = begin(world.lead, data, photo_id)
    upload_id = path.rpartition("/")[2]
    with cut_request(server, world.lead, path, data, sent=600_000):
        server.wait_until(
            lambda: world.parts.media.uploads.offset(upload_id) > 0, "bytes are on the disk"
        )
        server.kill()
    server.start()
    reached = int(head(world.lead, path).headers["Upload-Offset"])
    assert 0 < reached <= 600_000
    assert resume(server, world.lead, path, data).status_code == 204
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data


def test_a_line_that_breaks_keeps_what_arrived(world: World, server: ServerProcess):
    data = big_photo()
    path = begin(world.lead, data)
    upload_id = path.rpartition("/")[2]
    with cut_request(server, world.lead, path, data, sent=600_000):
        server.wait_until(
            lambda: world.parts.media.uploads.offset(upload_id) > 0, "bytes are on the disk"
        )
    url = f"{server.api}{path}"
    server.wait_until(
        lambda: requests.head(url, headers=headers_of(world.lead, 0)).ok, "the lock is free"
    )
    server.wait_until(
        lambda: world.parts.media.uploads.offset(upload_id) == 600_000, "all that was sent is there"
    )
    assert resume(server, world.lead, path, data).status_code == 204


@pytest.mark.parametrize("declared_first", [False, True])
def test_a_kill_between_store_and_row_is_made_good(
    world: World, server: ServerProcess, declared_first: bool
):
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    if declared_first:
        declare(world.lead, task_id, photo_id, data)
    path = begin(world.lead, data, photo_id)
    with database_that_takes_no_writes(world):
        sending = Thread(target=_send_into_the_void, args=(server, world.lead, path, data))
        sending.start()
        server.wait_until(
            lambda: world.parts.media.originals.exists(digest(data)), "the store has the bytes"
        )
        server.kill()
        sending.join()
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload.state)).one() == "open"
        assert session.scalars(select(EvidenceFile)).all() == []
    server.start()
    assert resume(server, world.lead, path, data).headers["Upload-Offset"] == str(len(data))
    if not declared_first:
        declare(world.lead, task_id, photo_id, data)
    assert state_of(world.lead, photo_id)["state"] == "verified"
    with world.parts.database.read() as session:
        file = session.scalars(select(EvidenceFile)).one()
        assert (file.media_type, file.size_bytes) == ("image/jpeg", len(data))
        assert session.scalars(select(Photo.received_sha256)).one() == digest(data)
        kinds = session.scalars(select(CustodyEvent.kind)).all()
    assert sorted(kinds) == ["captured", "declared", "received", "verified"]


def test_a_kill_while_bytes_that_are_no_photo_are_put_aside_is_made_good(
    world: World, server: ServerProcess
):
    data = b"%PDF-1.7 " + bytes(5000)
    path = begin(world.lead, data, new_photo_id())
    with database_that_takes_no_writes(world):
        sending = Thread(target=_send_into_the_void, args=(server, world.lead, path, data))
        sending.start()
        server.wait_until(
            lambda: world.parts.media.uploads.offset(path.rpartition("/")[2]) == len(data),
            "all bytes are there",
        )
        server.kill()
        sending.join()
    server.start()
    answer = requests.patch(
        f"{server.api}{path}", headers=headers_of(world.lead, len(data)), data=b""
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    assert world.parts.media.quarantine.exists(digest(data))


def _send_into_the_void(server: ServerProcess, caller: Caller, path: str, data: bytes) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.patch(f"{server.api}{path}", data=data, headers=headers_of(caller, 0))


def test_a_refusal_leaves_the_line_usable(world: World, server: ServerProcess):
    """A body that was not read must not be taken for the next request."""
    data = big_photo()
    path = begin(world.lead, data)
    url = f"{server.api}{path}"
    with requests.Session() as line:
        for _ in range(5):
            wrong = line.patch(url, data=data[7:], headers=headers_of(world.lead, 7))
            assert (wrong.status_code, wrong.json()["code"]) == (409, "offset_mismatch")
            asked = line.head(url, headers=headers_of(world.lead, 0))
            assert asked.headers["Upload-Offset"] == "0"


def test_two_lines_that_send_the_same_piece_do_not_mix(world: World, server: ServerProcess):
    data = big_photo()
    path = begin(world.lead, data)
    upload_id = path.rpartition("/")[2]
    with cut_request(server, world.lead, path, data, sent=400_000) as line:
        server.wait_until(
            lambda: world.parts.media.uploads.offset(upload_id) > 0, "bytes are on the disk"
        )
        second = requests.patch(f"{server.api}{path}", data=data, headers=headers_of(world.lead, 0))
        assert (second.status_code, second.json()["code"]) == (423, "upload_locked")
        line.sendall(data[400_000:])
        assert line.recv(100).startswith(b"HTTP/1.1 204")
    assert world.parts.media.originals.exists(digest(data))

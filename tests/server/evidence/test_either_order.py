"""Declaration and bytes come in either order, and meet."""

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from server.clock import now
from server.models import EvidenceFile
from server.services.evidence.declared import DeclaredPhoto, declare_photos
from server.services.sync.locks import lock_tasks
from tests.concurrency.test_commit_order import wait_until_somebody_waits_for_a_lock
from tests.server.evidence.facts import kinds_of_custody, photo_row
from tests.server.tus.speaker import (
    begin,
    declare,
    declare_op,
    digest,
    new_photo_id,
    patch,
    photo,
    state_of,
    upload,
)
from tests.world import World


def test_declared_first_the_photo_is_verified_when_its_bytes_have_come(world: World):
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    declare(world.lead, task_id, photo_id, data)
    assert state_of(world.assistant, photo_id)["state"] == "declared"
    assert upload(world.lead, data, photo_id).status_code == 204
    assert state_of(world.assistant, photo_id)["state"] == "verified"
    row = photo_row(world, photo_id)
    assert (row.state, row.received_sha256) == ("verified", digest(data))
    assert row.declared_at <= row.received_at == row.verified_at
    assert kinds_of_custody(world, photo_id) == ["captured", "declared", "received", "verified"]


def test_bytes_that_came_first_wait_for_their_declaration(world: World):
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    assert upload(world.lead, data, photo_id).status_code == 204
    assert world.lead.get(f"/photos/{photo_id}/original").status_code == 404
    declare(world.lead, task_id, photo_id, data)
    assert state_of(world.assistant, photo_id)["state"] == "verified"
    assert photo_row(world, photo_id).received_sha256 == digest(data)


def test_what_the_picture_says_of_itself_is_kept(world: World):
    data = photo()
    upload(world.lead, data)
    with world.parts.database.read() as session:
        file = session.get_one(EvidenceFile, digest(data))
    assert (file.media_type, file.size_bytes) == ("image/jpeg", len(data))
    assert (file.facts["width_px"], file.facts["height_px"]) == (96, 64)


def test_other_bytes_that_came_first_put_the_photo_in_doubt(world: World):
    photo_id, task_id = new_photo_id(), world.task()
    upload(world.lead, photo(1), photo_id)
    declare(world.lead, task_id, photo_id, photo(2))
    assert state_of(world.lead, photo_id)["state"] == "quarantined"
    upload(world.lead, photo(2), photo_id)  # the right ones still can come
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_what_someone_else_sent_under_the_same_id_does_not_spoil_the_photo(world: World):
    photo_id, task_id = new_photo_id(), world.task()
    upload(world.outsider, photo(1), photo_id)
    late = begin(world.outsider, photo(3), photo_id)
    declare(world.lead, task_id, photo_id, photo(2))
    assert state_of(world.lead, photo_id)["state"] == "declared"
    assert patch(world.outsider, late, photo(3), 0).status_code == 204
    assert state_of(world.lead, photo_id)["state"] == "declared"
    upload(world.lead, photo(2), photo_id)
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_a_declaration_between_the_first_and_the_last_byte_is_seen(world: World):
    data, other, task_id = photo(1), photo(2), world.task()
    fitting, unfit = new_photo_id(), new_photo_id()
    paths = {fitting: begin(world.lead, data, fitting), unfit: begin(world.lead, data, unfit)}
    declare(world.lead, task_id, fitting, data)
    declare(world.lead, task_id, unfit, other)
    for path in paths.values():
        assert patch(world.lead, path, data, 0).status_code == 204
    assert state_of(world.lead, fitting)["state"] == "verified"
    assert state_of(world.lead, unfit)["state"] == "quarantined"


def test_the_same_bytes_are_stored_once_and_show_in_two_photos(world: World):
    data, task_id = photo(), world.task()
    first, second = new_photo_id(), new_photo_id()
    declare(world.lead, task_id, first, data)
    declare(world.lead, task_id, second, data)
    upload(world.lead, data, first)
    assert state_of(world.lead, first)["state"] == "verified"
    assert state_of(world.lead, second)["state"] == "verified"
    with world.parts.database.read() as session:
        assert len(session.scalars(select(EvidenceFile)).all()) == 1


def test_many_photos_of_one_push_are_declared_at_once(world: World):
    task_id, stored = world.task(), photo()
    upload(world.lead, stored)
    ids = [new_photo_id() for _ in range(60)]
    ops = [declare_op(task_id, each, stored if n % 2 else photo(n)) for n, each in enumerate(ids)]
    assert {result["status"] for result in world.lead.push(*ops)} == {"applied"}
    states = [photo_row(world, each).state for each in ids]
    assert states == ["declared", "verified"] * 30


def test_a_photo_declared_twice_keeps_what_it_was_declared_as(world: World):
    photo_id, task_id = new_photo_id(), world.task()
    first = DeclaredPhoto(photo_id, task_id, digest(b"1"), world.lead.user_id, None)
    for declared in (first, first._replace(sha256=digest(b"2"))):
        with world.parts.database.write() as session:
            lock_tasks(session, [task_id])
            states = declare_photos(session, declared=[declared, declared], now=now())
        assert states == {photo_id: "declared"}
    assert photo_row(world, photo_id).sha256 == digest(b"1")


def test_declaring_and_completing_at_the_same_time_always_meet(world: World):
    """Neither waits in vain for the other, whoever of them commits first."""
    task_id = world.task()
    on_another_line = replace(world.lead, http=world.app.test_client())
    for round_ in range(8):
        data, photo_id, start = photo(round_), new_photo_id(), Barrier(2)
        path = begin(world.lead, data, photo_id)
        both = [
            Thread(target=_after, args=(start, patch, world.lead, path, data, 0)),
            Thread(target=_after, args=(start, declare, on_another_line, task_id, photo_id, data)),
        ]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert photo_row(world, photo_id).state == "verified"
        assert state_of(world.lead, photo_id)["state"] == "verified"


def _after(start: Barrier, step: Callable[..., object], *args: object) -> None:
    start.wait()
    step(*args)


def test_bytes_meant_for_one_photo_that_prove_another_wait_for_the_tasks_of_both(world: World):
    """The one is doubted, the other verified; both documents change, so both tasks are locked."""
    if world.parts.database.is_sqlite:
        pytest.skip("SQLite has one writer: there is nothing to lock")
    first, second = world.task(), world.task()
    meant, proven, other = new_photo_id(), new_photo_id(), photo(2)
    begun = begin(world.lead, other, meant)
    declare(world.lead, first, meant, photo(1))
    declare(world.lead, second, proven, other)
    sending = Thread(target=patch, args=(world.lead, begun, other, 0))
    with world.parts.database.write() as session:
        lock_tasks(session, [first])
        sending.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)
    sending.join()
    assert state_of(world.lead, meant)["state"] == "quarantined"
    assert state_of(world.lead, proven)["state"] == "verified"

"""Deleting beside people who declare, send and hold: never a verified photo without its bytes."""

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import select, update

from server import failpoints
from server.clock import now
from server.models import Photo, Upload
from tests.concurrency.test_approval import NO_PHOTO, run_together
from tests.concurrency.test_commit_order import wait_until_somebody_waits_for_a_lock
from tests.server.retention.closed import (
    LONG_AGO,
    approved_act,
    carry_out,
    closed,
    hold,
    is_stored,
    items,
    long_ago,
    set_terms,
    states,
)
from tests.server.tus.speaker import begin, declare, digest, new_photo_id, patch, photo, upload
from tests.world import World

ROUNDS = 3


@pytest.fixture
def on_postgres(database_url: str) -> None:
    """Before anything is made."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer: there is nothing to lock")


@pytest.fixture
def task_id(world: World) -> str:
    """One file, past its term, with an approved act over it."""
    task_id = closed(world, photo())
    long_ago(world, task_id)
    set_terms(world)
    return task_id


def nothing_is_promised_that_is_not_there(world: World) -> None:
    query = select(Photo.id, Photo.received_sha256).where(Photo.state == "verified")
    with world.parts.database.read() as session:
        for photo_id, sha256 in session.execute(query):
            assert world.parts.media.originals.exists(sha256), photo_id


def test_declaring_or_sending_the_same_bytes_while_they_are_deleted(world: World):
    set_terms(world)
    device = replace(world.lead, http=world.app.test_client())
    other = world.task()
    for round_ in range(ROUNDS):
        data, declared, sent = photo(round_), new_photo_id(), new_photo_id()
        long_ago(world, closed(world, data))
        approved_act(world)

        def send(data: bytes = data, photo_id: str = sent) -> None:
            patch(world.assistant, begin(world.assistant, data, photo_id), data, 0)

        run_together(
            Barrier(3),
            lambda: carry_out(world),
            lambda d=data, p=declared: declare(device, other, p, d),
            send,
        )
        nothing_is_promised_that_is_not_there(world)
        carry_out(world)
        nothing_is_promised_that_is_not_there(world)


def at(
    monkeypatch: pytest.MonkeyPatch, point: str, act: Callable[[], None], *, passed: int = 0
) -> None:
    """Do something the first time that a point is reached, or after it was passed so often."""
    seen: list[str] = []

    def once(reached: str) -> None:
        seen.append(reached)
        if reached == point and seen.count(point) > passed:
            monkeypatch.setattr(failpoints, "_acts", [])
            act()

    monkeypatch.setattr(failpoints, "_acts", [once])


def test_a_declaration_waits_for_a_mark_under_way_and_finds_nothing_there(
    on_postgres: None, world: World, task_id: str, monkeypatch: pytest.MonkeyPatch
):
    act_id, photo_id, other = approved_act(world), new_photo_id(), world.task()
    push = Thread(target=declare, args=(world.lead, other, photo_id, photo()))

    def declare_meanwhile() -> None:
        push.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "write.ready", declare_meanwhile, passed=1)  # what waits is sealed first
    carry_out(world)
    push.join()
    assert items(world, act_id) == {f"p0-{task_id}": ("deleted", None)}
    assert states(world, other) == {photo_id: "declared"}
    assert not is_stored(world, photo())


def test_a_mark_waits_for_a_declaration_under_way_and_keeps_the_bytes(
    on_postgres: None, world: World, task_id: str, monkeypatch: pytest.MonkeyPatch
):
    act_id, photo_id, other = approved_act(world), new_photo_id(), world.task()
    deleting = Thread(target=carry_out, args=(world,))

    def delete_meanwhile() -> None:
        deleting.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "write.ready", delete_meanwhile)
    declare(world.lead, other, photo_id, photo())
    deleting.join()
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "shared")}
    assert states(world, other) == {photo_id: "verified"}
    assert world.lead.get(f"/photos/{photo_id}/original").data == photo()


def test_a_mark_waits_for_an_upload_that_begins_and_keeps_the_bytes(
    on_postgres: None, world: World, task_id: str, monkeypatch: pytest.MonkeyPatch
):
    act_id, deleting = approved_act(world), Thread(target=carry_out, args=(world,))

    def delete_meanwhile() -> None:
        deleting.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "write.ready", delete_meanwhile)
    path = begin(world.outsider, photo())
    deleting.join()
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "shared")}
    assert patch(world.outsider, path, photo(), 0).status_code == 204


def test_a_hold_waits_for_a_file_that_is_being_removed_and_says_so(
    on_postgres: None, world: World, task_id: str, monkeypatch: pytest.MonkeyPatch
):
    approved_act(world)
    told: list[int] = []
    holding = Thread(
        target=lambda: told.append(hold(world.supervisor, "task", task_id)["deleted_before"])
    )

    def hold_meanwhile() -> None:
        holding.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "retention.original_gone", hold_meanwhile)
    carry_out(world)
    holding.join()
    assert told == [1]
    assert states(world, task_id) == {f"p0-{task_id}": "deleted"}


def test_a_hold_waits_for_a_kept_aside_file_that_is_being_removed_and_says_so(
    on_postgres: None, world: World, monkeypatch: pytest.MonkeyPatch
):
    """What is no photo has no row of a file, and is waited for all the same."""
    task_id, photo_id = world.task(), new_photo_id()
    declare(world.lead, task_id, photo_id, NO_PHOTO)
    upload(world.lead, NO_PHOTO, photo_id)
    world.supervisor.post(f"/tasks/{task_id}/cancel", {"reason": "误建"})
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - LONG_AGO))
    set_terms(world, quarantined=1)
    approved_act(world)
    told: list[int] = []
    holding = Thread(
        target=lambda: told.append(hold(world.supervisor, "task", task_id)["deleted_before"])
    )

    def hold_meanwhile() -> None:
        holding.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "retention.original_gone", hold_meanwhile)
    carry_out(world)
    holding.join()
    assert told == [1]
    assert not world.parts.media.quarantine.exists(digest(NO_PHOTO))


def test_a_removal_waits_for_a_hold_under_way_and_leaves_the_file(
    on_postgres: None, world: World, task_id: str, monkeypatch: pytest.MonkeyPatch
):
    act_id, deleting = approved_act(world), Thread(target=carry_out, args=(world,))

    def delete_meanwhile() -> None:
        deleting.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "write.ready", delete_meanwhile)
    hold(world.supervisor, "photo", f"p0-{task_id}")
    deleting.join()
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "held")}
    assert is_stored(world, photo())


def test_a_removal_waits_for_a_person_who_keeps_a_file_and_leaves_it(
    on_postgres: None, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Also one that was stated to be other bytes, whose own digest its upload does not name."""
    path = begin(world.lead, photo(), length=len(NO_PHOTO))
    patch(world.lead, path, NO_PHOTO, 0)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - LONG_AGO))
        upload_id = session.scalars(select(Upload.id)).one()
    set_terms(world, quarantined=1)
    act_id, deleting = approved_act(world), Thread(target=carry_out, args=(world,))

    def delete_meanwhile() -> None:
        deleting.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "write.ready", delete_meanwhile)
    body = {"outcome": "kept", "reason": "可能与投诉有关"}
    assert world.supervisor.post(f"/quarantine/{upload_id}/settle", body).status_code == 200
    deleting.join()
    assert items(world, act_id) == {upload_id: ("kept", "settled_kept")}
    assert world.parts.media.quarantine.exists(digest(NO_PHOTO))


def test_who_would_keep_a_file_that_is_being_marked_hears_that_it_is_gone(
    on_postgres: None, world: World, monkeypatch: pytest.MonkeyPatch
):
    upload(world.lead, NO_PHOTO)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - LONG_AGO))
        upload_id = session.scalars(select(Upload.id)).one()
    set_terms(world, quarantined=1)
    act_id = approved_act(world)
    told: list[int] = []
    body = {"outcome": "kept", "reason": "可能与投诉有关"}
    settling = Thread(
        target=lambda: told.append(
            world.supervisor.post(f"/quarantine/{upload_id}/settle", body).status_code
        )
    )

    def settle_meanwhile() -> None:
        settling.start()
        wait_until_somebody_waits_for_a_lock(world.parts.database)

    at(monkeypatch, "write.ready", settle_meanwhile, passed=1)  # what waits is sealed first
    carry_out(world)
    settling.join()
    assert told == [404]
    assert items(world, act_id) == {upload_id: ("deleted", None)}

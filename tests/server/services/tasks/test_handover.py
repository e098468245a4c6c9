"""What each officer's feed holds when a task comes, changes hands, is cancelled, is released."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text

from server.clock import china_date, now
from server.errors import DomainError
from server.models import Assignment, FeedEntry, Task
from server.services.sync.documents import ServerDocument, put_documents, read_documents
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from server.services.tasks.frequency import FrequencyRules
from server.services.tasks.handover import items_for_object_holders, release_due
from server.services.tasks.lifecycle import move
from server.services.tasks.projections import project_objects, project_task
from server.services.tasks.tasks import NewTask, cancel_task, create_task
from tests.world import World

NOW = now()
TODAY = china_date(NOW)


def feed(world: World, officer_id: str) -> dict[tuple[str, str], str]:
    with world.parts.database.read() as session:
        rows = session.execute(
            select(FeedEntry.type, FeedEntry.id, FeedEntry.op)
            .where(FeedEntry.officer_id == officer_id)
            .order_by(FeedEntry.seq)
        )
        return {(type_, id_): op for type_, id_, op in rows}


def data(world: World, type_: str, id_: str) -> dict:
    with world.parts.database.read() as session:
        return read_documents(session, [(type_, id_)])[type_, id_].data


def reassign(world: World, task_id: str, *team: tuple[str, str], moment=NOW) -> None:
    posts = [Post(officer, role) for officer, role in team]
    with world.parts.database.write() as session:
        assign(
            session, actor=world.actor(world.supervisor), task_id=task_id, posts=posts,
            reason="出差", now=moment,
        )  # fmt: skip


def cancel(world: World, task_id: str, moment=NOW) -> None:
    with world.parts.database.write() as session:
        cancel_task(
            session, actor=world.actor(world.supervisor), task_id=task_id, reason="误建", now=moment
        )


def release(world: World, moment, days: int = 14) -> int:
    with world.parts.database.write() as session:
        return release_due(session, now=moment, salvage_days=days)


def write_down(world: World, task_id: str, *, deleted: bool = False) -> None:
    """Documents as devices would have made them: a record, an answer, a finding, a photo."""
    with world.parts.database.write() as session:
        put_documents(
            session,
            [
                ServerDocument("record", task_id, {"outcome": "oral_order"}, task_id),
                ServerDocument("answer", f"{task_id}.1.1", {"value": "fail"}, task_id),
                ServerDocument("finding", f"f-{task_id}", {"kind": "hazard"}, task_id),
                ServerDocument("photo", f"p-{task_id}", {}, task_id),
            ],
            now=NOW,
        )
        if deleted:
            session.execute(text("UPDATE documents SET deleted = true WHERE type = 'photo'"))


def task_keys(task_id: str) -> set[tuple[str, str]]:
    return {
        ("task", task_id), ("record", task_id), ("answer", f"{task_id}.1.1"),
        ("finding", f"f-{task_id}"), ("photo", f"p-{task_id}"),
    }  # fmt: skip


def test_assigning_brings_task_object_history_and_checklist(world):
    object_id = world.object(name="塞上饭店", tags=["餐饮"])
    task_id = world.task(object_id=object_id)
    everything = {
        ("task", task_id): "upsert", ("object", object_id): "upsert",
        ("history", object_id): "upsert", ("checklist", "list-1"): "upsert",
    }  # fmt: skip
    assert feed(world, "o-lead") == feed(world, "o-assistant") == everything
    assert data(world, "object", object_id) == {
        "name": "塞上饭店", "kind": "small", "small_kind": None, "address": "新城区中山东路1号",
        "credit_code": None, "division_code": "150102", "latitude": None, "longitude": None,
        "tags": ["餐饮"], "contact_name": None, "contact_phone": None,
    }  # fmt: skip
    assert data(world, "checklist", "list-1")["items"][0]["code"] == "1.1"
    assert data(world, "history", object_id) == {"object_id": object_id, "checks": []}
    task = data(world, "task", task_id)
    assert (task["status"], task["round"], task["checklist_version"]) == ("assigned", 1, 1)
    assert task["assignments"] == [
        {"officer_id": "o-lead", "name": "lead", "role": "lead"},
        {"officer_id": "o-assistant", "name": "assistant", "role": "assistant"},
    ]


def test_who_leaves_is_revoked_who_comes_gets_all_and_who_stays_sees_the_task_change(world):
    object_id = world.object()
    task_id = world.task(object_id=object_id)
    write_down(world, task_id)
    third = world.officer("third").officer_id
    reassign(world, task_id, ("o-lead", "lead"), (third, "assistant"))
    shared = {("object", object_id), ("history", object_id), ("checklist", "list-1")}
    everything = task_keys(task_id) | shared
    assert feed(world, "o-assistant") == dict.fromkeys(everything, "revoke")
    assert feed(world, third) == dict.fromkeys(everything, "upsert")
    assert list(feed(world, "o-lead"))[-1] == ("task", task_id)
    assert [a["officer_id"] for a in data(world, "task", task_id)["assignments"]] == [
        "o-lead", third,
    ]  # fmt: skip


def test_who_leaves_keeps_the_object_that_another_task_of_theirs_needs(world):
    object_id = world.object()
    first, second = world.task(object_id=object_id), world.task(object_id=object_id)
    world.officer("third")
    reassign(world, first, ("o-lead", "lead"), ("o-third", "assistant"))
    left = feed(world, "o-assistant")
    assert left["task", first] == "revoke"
    assert left["task", second] == "upsert"
    assert left["object", object_id] == left["history", object_id] == "upsert"
    assert left["checklist", "list-1"] == "upsert"


def test_exchanging_roles_takes_nothing_from_anyone(world):
    task_id = world.task()
    reassign(world, task_id, ("o-assistant", "lead"), ("o-lead", "assistant"))
    assert set(feed(world, "o-lead").values()) == {"upsert"}
    assert set(feed(world, "o-assistant").values()) == {"upsert"}
    assert data(world, "task", task_id)["assignments"][0]["officer_id"] == "o-assistant"
    assert release(world, NOW + timedelta(days=15)) == 0


def test_who_returns_gets_everything_again_and_learns_what_was_deleted(world):
    task_id = world.task()
    write_down(world, task_id)
    world.officer("third")
    reassign(world, task_id, ("o-lead", "lead"), ("o-third", "assistant"))
    write_down(world, task_id, deleted=True)
    reassign(world, task_id, ("o-lead", "lead"), ("o-assistant", "assistant"))
    back = feed(world, "o-assistant")
    assert back.pop(("photo", f"p-{task_id}")) == "delete"
    assert set(back.values()) == {"upsert"}
    assert release(world, NOW + timedelta(days=15)) == 8  # only the third one's copies
    assert "purge" not in feed(world, "o-assistant").values()


def test_cancelling_shows_why_and_revokes_the_rest(world):
    task_id = world.task()
    write_down(world, task_id)
    cancel(world, task_id)
    for officer in ("o-lead", "o-assistant"):
        held = feed(world, officer)
        assert held.pop(("task", task_id)) == "upsert"
        assert set(held.values()) == {"revoke"}
    told = data(world, "task", task_id)
    assert (told["status"], told["cancel_reason"]) == ("cancelled", "误建")


def test_a_draft_is_cancelled_without_a_word_to_devices(world):
    actor = world.actor(world.supervisor)
    asked = NewTask(
        origin="recheck", source_document="责令限期改正通知书〔2026〕3号",
        object_id=world.object(), checklist_id="list-1", planned_on=TODAY,
    )  # fmt: skip
    with world.parts.database.write() as session:
        task_id = create_task(session, actor=actor, asked=asked, rules=FrequencyRules(), now=NOW).id
    cancel(world, task_id)
    with world.parts.database.read() as session:
        assert read_documents(session, [("task", task_id)]) == {}


def test_what_was_left_is_purged_once_and_only_after_the_salvage_days(world):
    object_id = world.object()
    task_id = world.task(object_id=object_id)
    write_down(world, task_id)
    world.officer("third")
    reassign(world, task_id, ("o-lead", "lead"), ("o-third", "assistant"))
    assert release(world, NOW + timedelta(days=14)) == 0
    assert release(world, NOW + timedelta(days=14, milliseconds=1)) == 8
    assert set(feed(world, "o-assistant").values()) == {"purge"}
    assert set(feed(world, "o-lead").values()) == {"upsert"}
    assert release(world, NOW + timedelta(days=30)) == 0
    with world.parts.database.read() as session:
        purged = session.scalars(
            select(Assignment.officer_id).where(Assignment.purged_at.is_not(None))
        )
        assert list(purged) == ["o-assistant"]


def test_a_cancelled_task_is_purged_whole(world):
    task_id = world.task()
    cancel(world, task_id)
    assert release(world, NOW + timedelta(days=15)) == 8
    assert set(feed(world, "o-lead").values()) == {"purge"}


def test_purging_leaves_the_object_to_a_task_that_was_left_later(world):
    object_id = world.object()
    first, second = world.task(object_id=object_id), world.task(object_id=object_id)
    cancel(world, first)
    cancel(world, second, NOW + timedelta(days=7))
    release(world, NOW + timedelta(days=15))
    held = feed(world, "o-lead")
    assert held["task", first] == "purge"
    assert held["task", second] == "upsert"
    assert held["object", object_id] == "revoke"
    release(world, NOW + timedelta(days=22))
    assert set(feed(world, "o-lead").values()) == {"purge"}


def test_projecting_says_whether_the_document_changed(world):
    task_id = world.task()
    with world.parts.database.write() as session:
        assert not project_task(session, task_id, NOW)
        task = session.get(Task, task_id)
        move(task, "start")
        task.started_at = NOW
        assert project_task(session, task_id, NOW)
        assert not project_task(session, task_id, NOW)
    told = data(world, "task", task_id)
    assert told["status"] == "in_progress"
    assert told["started_at"].endswith("Z")


def test_moving_against_the_table_says_what_is_allowed(world):
    task_id = world.task()
    with world.parts.database.write() as session:
        with pytest.raises(DomainError) as refused:
            move(session.get(Task, task_id), "approve")
        assert refused.value.details == {
            "step": "approve", "status": "assigned", "allowed": ["start", "submit", "cancel"],
        }  # fmt: skip


def test_an_approved_check_stands_in_the_history_of_whoever_goes_there_next(world):
    object_id = world.object()
    first, second = world.task(object_id=object_id), world.task(object_id=object_id)
    write_down(world, first)
    with world.parts.database.write() as session:
        task = session.get(Task, first)
        task.status, task.finished_at = "reviewed", NOW
        changed = project_objects(session, [object_id, "unknown"], NOW)
        assert changed == {("history", object_id)}
        told = items_for_object_holders(session, changed)
        assert {item.officer_id for item in told} == {"o-lead", "o-assistant"}
    (check,) = data(world, "history", object_id)["checks"]
    assert check["task_id"] == first
    assert (check["outcome"], check["hazards_count"]) == ("oral_order", 1)
    assert second not in str(check)


def test_the_history_shows_the_last_five_checks(world):
    object_id = world.object()
    made = [
        world.task(object_id=object_id, planned_on=TODAY + timedelta(days=n)) for n in range(1, 8)
    ]
    with world.parts.database.write() as session:
        session.execute(text("UPDATE tasks SET status = 'closed'"))
        project_objects(session, [object_id], NOW)
    checks = data(world, "history", object_id)["checks"]
    assert [check["task_id"] for check in checks] == made[:1:-1]


def test_of_many_who_ask_at_once_only_one_gets_the_last_free_place(world):
    """The object's row is locked while its checks are counted."""
    actor, object_id, at_once = world.actor(world.supervisor), world.object(), 6
    start = Barrier(at_once)
    asked = NewTask(
        origin="other", source_document="请示〔2026〕1号", object_id=object_id,
        checklist_id="list-1", planned_on=TODAY + timedelta(days=1),
    )  # fmt: skip

    def ask(_: int) -> str:
        start.wait()
        try:
            with world.parts.database.write() as session:
                return create_task(
                    session, actor=actor, asked=asked, rules=FrequencyRules(), now=NOW
                ).number
        except DomainError as refused:
            return refused.code

    with ThreadPoolExecutor(at_once) as pool:
        answers = sorted(pool.map(ask, range(at_once)))
    assert answers[1:] == ["interval_too_short"] * (at_once - 1)
    assert answers[0].endswith("-00001")


def test_an_object_lost_with_one_task_and_gained_with_another_at_once_stays(world):
    """Feeds are held while it is decided what leaves them."""
    third = world.officer("third")
    world.officer("fourth")
    for _ in range(5):
        object_id = world.object()
        mine = world.task(object_id=object_id)
        others = world.task(object_id=object_id, assistant=third)
        start = Barrier(2)

        def lose(task_id: str = mine, start: Barrier = start) -> None:
            start.wait()
            cancel(world, task_id)

        def gain(task_id: str = others, start: Barrier = start) -> None:
            start.wait()
            reassign(world, task_id, ("o-fourth", "lead"), ("o-assistant", "assistant"))

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(lose), pool.submit(gain)]:
                done.result()
        held = feed(world, "o-assistant")
        assert held["object", object_id] == held["history", object_id] == "upsert"
        assert feed(world, "o-lead")["object", object_id] == "revoke"

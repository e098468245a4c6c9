"""What is missing is told to those in charge and to those on the task, as approval sees it."""

from typing import Any

import pytest

from tests.server.inspections import new_photo, ok, set_photo, submitted
from tests.server.sync.ops import new_finding, op
from tests.server.tus.speaker import begin, declare, new_photo_id, patch, photo, state_of, upload
from tests.world import Caller, World

NO_PHOTO = b"%PDF-1.7 " + bytes(300)


def missing(caller: Caller, **args: Any) -> list[dict[str, Any]]:
    answer = caller.get("/photos/missing", query_string=args)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


def counts(caller: Caller, **args: Any) -> dict[str, Any]:
    answer = caller.get("/photos/missing/summary", query_string=args)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_each_is_told_with_who_declared_it_where_and_how_far_it_has_come(world: World):
    task_id, (plain, rising, wrong) = world.task(), (new_photo_id() for _ in range(3))
    ok(world.lead.push(new_finding("f1", task_id)))
    declare(world.lead, task_id, plain, photo(1), of_type="finding", of_id="f1")
    declare(world.assistant, task_id, rising, photo(2))
    path = begin(world.assistant, photo(2), rising)
    patch(world.assistant, path, photo(2)[:100], 0)
    declare(world.lead, task_id, wrong, NO_PHOTO)
    upload(world.lead, NO_PHOTO, wrong)
    ok(world.lead.push(op("finding", "f1", {"photos": [plain, "never-declared"]}, base_rev=1)))
    world.assistant.post(f"/photos/{plain}/lost", {"reason": "终端烧毁"})
    told = {each["photo_id"]: each for each in missing(world.supervisor)}
    assert {id_: each["state"] for id_, each in told.items()} == {
        plain: "declared", rising: "uploading", wrong: "quarantined",
        "never-declared": "not_declared",
    }  # fmt: skip
    assert (told[plain]["of_type"], told[plain]["of_id"]) == ("finding", "f1")
    assert (told[plain]["user_name"], told[plain]["device_id"]) == ("lead", "d-lead")
    assert told[plain]["lost_request"]["state"] == "open"
    assert (told[rising]["received_bytes"], told[rising]["size_bytes"]) == (100, len(photo(2)))
    assert told[wrong]["fault"]["code"] == "media_type_unsupported"
    never = told["never-declared"]
    assert (never["of_type"], never["of_id"], never["device_id"]) == ("finding", "f1", "d-lead")
    assert counts(world.supervisor) == {
        "total": 4, "by_state": {"declared": 2, "quarantined": 1, "not_declared": 1},
        "uploading": 1, "lost_asked": 1, "oldest_at": told[plain]["declared_at"],
    }  # fmt: skip


def test_it_is_what_approval_waits_for(world: World):
    task_id = submitted(world)
    ok(world.lead.push(*(new_photo(f"{task_id}-{n}", task_id) for n in range(6))))
    ok(world.lead.push(op("record", task_id, {"photos": ["never", f"{task_id}-1"]})))
    for n, state in enumerate(("received", "quarantined", "lost", "verified")):
        set_photo(world, f"{task_id}-{n}", state=state)
    review = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
    waited_for = {gap["id"] for gap in review["blocking"] if gap["type"] == "photo"}
    assert {each["photo_id"] for each in review["missing_photos"]} == waited_for
    assert waited_for == {f"{task_id}-{n}" for n in (0, 1, 4, 5)} | {"never"}
    assert {each["photo_id"] for each in missing(world.supervisor, task_id=task_id)} == waited_for


def test_what_is_approved_or_cancelled_misses_nothing(world: World):
    task_id = world.task()
    declare(world.lead, task_id, new_photo_id(), photo())
    world.supervisor.post(f"/tasks/{task_id}/cancel", {"reason": "误建"})
    assert missing(world.supervisor) == []
    assert counts(world.supervisor)["oldest_at"] is None


def test_pages_go_on_oldest_first_whatever_arrives_between_them(world: World):
    tasks = [world.task(), world.task()]
    datas = {new_photo_id(): photo(n) for n in range(5)}
    for n, (photo_id, data) in enumerate(datas.items()):
        declare(world.lead, tasks[n % 2], photo_id, data)
    seen, after = [], {}
    while True:
        answer = world.supervisor.get("/photos/missing", query_string={"limit": 2, **after})
        page = answer.get_json()
        seen += [each["photo_id"] for each in page["items"]]
        upload(world.lead, datas[seen[-1]], seen[-1])  # the mark itself is missing no more
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == list(datas)


def test_an_id_that_two_tasks_name_is_missing_in_each_that_did_not_declare_it(world: World):
    """Approval waits per task: that another task has the photo, or names it too, helps neither."""
    declared_here, second, third = world.task(), world.task(), world.task()
    photo_id = new_photo_id()
    declare(world.lead, declared_here, photo_id, photo())
    upload(world.lead, photo(), photo_id)
    names = [op("record", task, {"photos": [photo_id]}) for task in (declared_here, second, third)]
    ok(world.lead.push(*names))
    told = [(each["photo_id"], each["task_id"]) for each in missing(world.supervisor)]
    assert told == sorted((photo_id, task) for task in (second, third))
    assert counts(world.supervisor)["by_state"] == {"not_declared": 2}
    first = world.supervisor.get("/photos/missing", query_string={"limit": 1}).get_json()
    rest = missing(world.supervisor, after=first["next"])
    assert [each["task_id"] for each in [*first["items"], *rest]] == sorted((second, third))


def test_everyone_is_told_of_their_own_part(world: World):
    own, other = new_photo_id(), new_photo_id()
    task_id = world.task()
    declare(world.lead, task_id, own, photo(1))
    there = world.task(
        lead=world.outsider, assistant=world.officer("b2", organisation="brig-b"),
        supervisor=world.other_supervisor, object_id=world.object(organisation="brig-b"),
    )  # fmt: skip
    declare(world.outsider, there, other, photo(2))
    told = {
        name: [each["photo_id"] for each in missing(getattr(world, name))]
        for name in ("lead", "assistant", "supervisor", "outsider", "other_supervisor", "auditor")
    }
    assert told == {
        "lead": [own], "assistant": [own], "supervisor": [own], "outsider": [other],
        "other_supervisor": [other], "auditor": [own, other],
    }  # fmt: skip
    assert missing(world.other_supervisor, task_id=task_id) == []
    assert missing(world.admin, organisation_id="brig-b")[0]["photo_id"] == other


@pytest.mark.parametrize(
    "args",
    [
        {"after": "x"}, {"after": "1/p"}, {"after": "1/p/"}, {"after": "1/p/t/u"},
        {"limit": 0}, {"limit": 201}, {"of": "x"},
    ],
)  # fmt: skip
def test_what_is_no_such_page_is_refused(world: World, args: dict):
    answer = world.supervisor.get("/photos/missing", query_string=args)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")


def test_a_device_is_told_whose_a_photo_is_that_has_not_come(world: World):
    photo_id = new_photo_id()
    declare(world.assistant, world.task(), photo_id, photo())
    shown = state_of(world.lead, photo_id)
    assert (shown["by"], shown["device"]) == (world.assistant.officer_id, "d-assistant")
    assert shown["state"] == "declared"

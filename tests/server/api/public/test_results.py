"""Publication, correction and withdrawal, as supervisors do them and as the public reads them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from server.models import AuditEntry, InspectionObject, Publication, Task
from tests.server.inspections import approved, by_id_of, published, submitted


def read(world, notice_id, **query):
    answer = world.http.get(f"/api/v1/public/results/{notice_id}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def search(world, **query):
    answer = world.http.get("/api/v1/public/results", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def world(world):
    world.http = world.app.test_client()
    return world


def rename(world, task_id, name):
    with world.parts.database.write() as session:
        task = session.get_one(Task, task_id)
        session.get_one(InspectionObject, task.object_id).name = name


def test_an_approved_result_is_published_and_its_task_closed(world):
    task_id, notice_id = published(world)
    assert by_id_of(world, "task", task_id)["data"]["status"] == "closed"
    shown = read(world, notice_id)
    assert (shown["version"], shown["status"], shown["supersedes"]) == (1, "current", None)
    record = shown["record"]
    assert record["unit"]["name"] == "第1小吃店"
    assert record["organisation"] == {
        "id": "brig-a", "name": "新城大队", "division_code": "150102",
    }  # fmt: skip
    assert record["finished_on"] == "2026-11-21"  # 00:30 in China, half past four in the UTC day
    assert (record["officers_count"], record["certified_officers_count"]) == (2, 2)
    assert [(item["code"], item["value"]) for item in record["items"]] == [
        ("1.1", "fail"), ("1.2", "pass"),
    ]  # fmt: skip
    assert record["findings"] == [
        {
            "item_code": "1.1", "title": "灭火器失效", "description": "二层灭火器2具空瓶",
            "severity": "serious", "action": "term_correction", "term_until": "2026-12-20",
        }
    ]  # fmt: skip
    assert (record["result"], record["result_text"]) == (
        "ordered_to_correct", "发现问题已责令改正",
    )  # fmt: skip


@pytest.mark.parametrize("prepare", [submitted, lambda world: world.task()])
def test_what_was_not_approved_is_not_published(world, prepare):
    task_id = prepare(world)
    answer = world.supervisor.post(f"/tasks/{task_id}/publish", {})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "state_invalid")
    assert search(world)["items"] == []


def test_a_result_that_the_record_cannot_say_is_chosen_by_a_person(world):
    task_id = approved(world)
    body = {"result": "uncooperative"}
    notice_id = world.supervisor.post(f"/tasks/{task_id}/publish", body).get_json()["notice_id"]
    assert read(world, notice_id)["record"]["result_text"] == "不配合检查情节严重"


def test_a_chosen_result_may_not_deny_the_problems_found(world):
    task_id = approved(world)
    answer = world.supervisor.post(f"/tasks/{task_id}/publish", {"result": "no_problem"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "result_contradicts")
    assert search(world)["items"] == []


def test_a_correction_is_a_new_version_that_names_the_old_one_and_why(world):
    task_id, notice_id = published(world)
    rename(world, task_id, "改名小吃店")
    body = {"reason": "单位名称登记有误"}
    answer = world.supervisor.post(f"/tasks/{task_id}/publish", body)
    assert (answer.status_code, answer.get_json()["notice_id"]) == (201, notice_id)
    new, old = read(world, notice_id), read(world, notice_id, version=1)
    assert (new["version"], new["supersedes"], new["reason"]) == (2, 1, "单位名称登记有误")
    assert new["record"]["unit"]["name"] == "改名小吃店"
    assert (old["status"], old["record"]["unit"]["name"]) == ("superseded", "第1小吃店")
    assert [each["status"] for each in old["versions"]] == ["superseded", "current"]
    assert [line["unit_name"] for line in search(world)["items"]] == ["改名小吃店"]


def test_a_correction_needs_a_reason_and_a_change(world):
    task_id, _ = published(world)
    without = world.supervisor.post(f"/tasks/{task_id}/publish", {})
    assert (without.status_code, without.get_json()["code"]) == (422, "correction_reason_needed")
    same = world.supervisor.post(f"/tasks/{task_id}/publish", {"reason": "再发一次"})
    assert (same.status_code, same.get_json()["code"]) == (409, "nothing_to_correct")


def test_a_withdrawal_hides_every_version_and_leaves_its_record(world):
    task_id, notice_id = published(world)
    rename(world, task_id, "改名小吃店")
    world.supervisor.post(f"/tasks/{task_id}/publish", {"reason": "改名小吃店才对"})
    answer = world.supervisor.post(
        f"/publications/{notice_id}/withdraw", {"reason": "决定被撤销，联系人13800138000"}
    )
    assert answer.status_code == 200, answer.text
    for version in (None, 1, 2):
        query = {"version": version} if version else {}
        shown = read(world, notice_id, **query)
        assert (shown["status"], shown["record"], shown["reason"]) == ("withdrawn", None, None)
        assert shown["withdrawal_reason"] == "决定被撤销，联系人【电话已隐去】"
        assert shown["number"]
    [line] = search(world)["items"]
    assert (line["status"], line["unit_name"], line["result"]) == ("withdrawn", None, None)


def test_a_withdrawn_unit_is_not_found_by_its_name_but_by_its_number(world):
    _, notice_id = published(world)
    number = read(world, notice_id)["number"]
    world.supervisor.post(f"/publications/{notice_id}/withdraw", {"reason": "决定被撤销"})
    assert search(world, q="小吃")["items"] == []
    assert len(search(world, q=number)["items"]) == 1


def test_a_notice_is_withdrawn_once_and_may_be_published_anew(world):
    task_id, notice_id = published(world)
    path = f"/publications/{notice_id}/withdraw"
    assert world.supervisor.post(path, {"reason": "决定被撤销"}).status_code == 200
    again = world.supervisor.post(path, {"reason": "决定被撤销"})
    assert (again.status_code, again.get_json()["code"]) == (409, "already_withdrawn")
    anew = world.supervisor.post(f"/tasks/{task_id}/publish", {"reason": "复议维持原决定"})
    assert anew.status_code == 201, anew.text
    assert read(world, notice_id)["status"] == "current"
    assert read(world, notice_id, version=1)["status"] == "withdrawn"


def test_another_brigades_notice_is_not_withdrawn(world):
    _, notice_id = published(world)
    path = f"/publications/{notice_id}/withdraw"
    answer = world.other_supervisor.post(path, {"reason": "决定被撤销"})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert world.lead.post(path, {"reason": "决定被撤销"}).status_code == 403
    unknown = world.supervisor.post("/publications/unknown/withdraw", {"reason": "决定被撤销"})
    assert unknown.status_code == 404


def test_every_act_of_publication_leaves_its_trace_with_the_reason_as_typed(world):
    _, notice_id = published(world)
    reason = "决定被撤销，联系人13800138000"
    world.supervisor.post(f"/publications/{notice_id}/withdraw", {"reason": reason})
    with world.parts.database.read() as session:
        acts = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.target_type == "publication")
            .order_by(AuditEntry.id)
        ).all()
    assert [act.action for act in acts] == ["publication.publish", "publication.withdraw"]
    assert acts[1].after["reason"] == reason
    assert {act.target_id for act in acts} == {notice_id}


def test_of_many_publications_at_once_one_is_the_first_version(world):
    task_id = approved(world)
    path = f"/tasks/{task_id}/publish"
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(world.supervisor.post, path, {}) for _ in range(8)]
        statuses = sorted(answer.result().status_code for answer in answers)
    assert statuses == [201] + [422] * 7
    with world.parts.database.read() as session:
        assert session.scalars(select(Publication.version)).all() == [1]


def at(world, notice_id, moment):
    with world.parts.database.write() as session:
        query = select(Publication).where(Publication.notice_id == notice_id)
        session.scalars(query).one().published_at = moment


def test_results_are_paged_newest_first_without_gap_or_repetition(world):
    notices = [published(world)[1] for _ in range(5)]
    moment = datetime(2026, 11, 20, 4, tzinfo=UTC)
    for notice_id in notices:
        at(world, notice_id, moment)  # all in one millisecond
    seen, after = [], None
    while True:
        page = search(world, limit=2, **({"after": after} if after else {}))
        seen += [line["notice_id"] for line in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 5
    assert set(seen) == set(notices)
    at(world, notices[2], moment + timedelta(seconds=1))
    assert search(world, limit=1)["items"][0]["notice_id"] == notices[2]


def test_results_are_found_by_part_of_the_name_taken_literally(world):
    published(world, object_id=world.object(name="百分之100%火锅店"))
    published(world, object_id=world.object(name="百分之1000火锅店"))
    assert len(search(world, q="火锅")["items"]) == 2
    assert len(search(world, q="100%")["items"]) == 1
    assert search(world, q="灭火器失效")["items"] == []


def test_results_are_found_by_a_body_and_all_below_it(world):
    published(world)
    assert len(search(world, organisation="brig-a")["items"]) == 1
    assert len(search(world, organisation="corps")["items"]) == 1
    assert search(world, organisation="brig-b")["items"] == []
    assert search(world, organisation="unknown")["items"] == []


def test_days_of_publication_are_chinese_days_both_included(world):
    _, notice_id = published(world)
    at(world, notice_id, datetime(2026, 11, 20, 16, 0, tzinfo=UTC))  # midnight of the 21st
    assert search(world, to="2026-11-20")["items"] == []
    assert len(search(world, **{"from": "2026-11-21", "to": "2026-11-21"})["items"]) == 1
    assert search(world, **{"from": "2026-11-22"})["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 101}, {"from": "gestern"}, {"from": "0001-01-01"},
        {"to": "9999-12-31"}, {"q": "x" * 101}, {"q": "a\x00b"}, {"after": "x"},
        {"after": "99999999999999." + "0" * 32}, {"unknown": "1"}, {"organisation": "../x"},
    ],
)  # fmt: skip
def test_a_search_outside_its_limits_is_refused(world, query):
    answer = world.http.get("/api/v1/public/results", query_string=query)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("query", [{"limit": 1}, {"limit": 100}, {"q": "x" * 100}])
def test_a_search_at_its_limits_is_answered(world, query):
    assert search(world, **query) == {"items": [], "next": None}


@pytest.mark.parametrize("version", [2, 1_000_000])
def test_an_unknown_notice_or_version_is_not_found(world, version):
    _, notice_id = published(world)
    path = f"/api/v1/public/results/{notice_id}"
    assert world.http.get(path, query_string={"version": version}).status_code == 404
    assert world.http.get("/api/v1/public/results/unknown").status_code == 404


@pytest.mark.parametrize("version", [0, 1_000_001, "x"])
def test_a_version_that_is_no_number_of_one_is_refused(world, version):
    _, notice_id = published(world)
    path = f"/api/v1/public/results/{notice_id}"
    assert world.http.get(path, query_string={"version": version}).status_code == 422


@pytest.mark.parametrize("path", ["/api/v1/public/results", "/public/"])
def test_who_has_the_present_state_gets_304_until_it_changes(world, path):
    _, notice_id = published(world)
    for address in (path, f"{path.rstrip('/').removesuffix('/results')}/results/{notice_id}"):
        first = world.http.get(address)
        tag = first.headers["ETag"]
        again = world.http.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == "public, no-cache"
    world.supervisor.post(f"/publications/{notice_id}/withdraw", {"reason": "决定被撤销"})
    changed = world.http.get(address, headers={"If-None-Match": tag})
    assert changed.status_code == 200

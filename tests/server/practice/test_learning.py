"""People learn the real thing: all of it works, says that it is practice, and ends before the
public."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from server.clock import china_date, now
from server.errors import DomainError
from server.models import InspectionObject, LedgerEntry, Officer, Organisation, Publication
from server.services.registers.objects import list_objects, object_in_scope
from server.services.registers.region import ensure_region
from server.services.scope import Actor
from tests.server.plans import decide, file, monthly, stratum
from tests.server.practice.school import CANARY, made, upload
from tests.server.register_samples import credit_code, firms
from tests.world import BORN

TWO = stratum(quotas=[2], reserve=1)


@pytest.fixture
def shops(school):
    return [school.object() for _ in range(5)]


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body


def test_a_draw_is_drawn_and_replayed_and_its_slot_says_what_it_is(stage, school, shops, tmp_path):
    drawn = school.drawn(TWO)
    assert (drawn["practice"], drawn["entries"]) == (True, {})
    assert drawn["slot"].endswith("/150102/PRACTICE-monthly#1")
    assert drawn["rules"]["practice"] is True
    assert school.report(drawn).holds
    for name, step in (("d.json", "bundle"), ("d.pool.ndjson", "pool")):
        (tmp_path / name).write_bytes(school.supervisor.get(f"/draws/{drawn['id']}/{step}").data)
    verifying = [sys.executable, "-m", "draw", "verify", str(tmp_path / "d.json"), "--json"]
    done = subprocess.run(verifying, capture_output=True, check=False, env={})
    assert (done.returncode, json.loads(done.stdout)["slot"]) == (0, drawn["slot"])
    bundle = json.loads((tmp_path / "d.json").read_text())
    bundle["slot"] = bundle["slot"].replace("PRACTICE-", "")  # passed off as real
    (tmp_path / "d.json").write_text(json.dumps(bundle))
    assert subprocess.run(verifying, capture_output=True, check=False, env={}).returncode == 1


def test_nothing_of_it_stands_in_the_ledger_whatever_becomes_of_the_draw(
    world, stage, school, shops
):
    drawn = school.drawn(TWO)
    first = drawn["assignments"][0]
    about = {"object": first["object"], "reason": CANARY}
    school.step(f"/draws/{drawn['id']}/events", {"kind": "object_replaced", **about})
    frozen = school.frozen(TWO, code="second")
    school.step(f"/draws/{frozen['id']}/abandonment", {"reason": CANARY})
    with world.parts.database.read() as session:
        assert session.scalars(select(LedgerEntry.position)).all() == []


def test_no_plan_in_earnest_takes_the_word(world, stage):
    for code in ("PRACTICE-monthly", "practice-monthly"):
        body = refused(
            world.supervisor.post("/plans", monthly(TWO, code=code)), 422, "practice_word"
        )
        assert body["details"] == {"word": "PRACTICE-"}
    asked = {"file": (__import__("io").BytesIO(b""), "f.csv")}
    assert asked


def test_no_register_in_earnest_comes_from_a_source_for_practice(world, school):
    answer = upload(world.admin, firms(1), "?source=演练：市场")
    assert refused(answer, 422, "practice_word")["details"] == {"word": "演练："}


def test_a_corrected_file_may_give_a_code_that_a_real_object_has(world, school):
    world.object(credit_code=credit_code(7))
    practised = school.object(credit_code=credit_code(1))
    file = school.supervisor.get("/registers/export/objects.csv").data
    assert credit_code(1).encode() in file
    changed = file.replace(*(credit_code(number).encode() for number in (1, 7)))
    answer = upload(school.supervisor, changed)
    assert (answer.get_json()["updated"], answer.get_json()["problems"]) == (1, [])
    found = school.supervisor.get(f"/objects/{practised}").get_json()
    assert found["credit_code"] == credit_code(7)


def test_every_answer_says_that_it_is_practice(world, stage, school, shops):
    drawn = school.drawn(TWO)
    task_id = school.task()
    by = school.supervisor
    assert all(each["practice"] for each in by.get("/draws").get_json()["items"])
    assert by.get(f"/plans/{drawn['plan_id']}").get_json()["practice"] is True
    year = drawn["from_day"][:4]
    assert [p["practice"] for p in by.get(f"/plans?year={year}").get_json()["items"]] == [True]
    tasks = by.get("/tasks").get_json()["items"]
    assert {task["practice"] for task in tasks} == {True}
    assert all(task["number"].startswith("演练-150102-") for task in tasks)
    assert by.get(f"/organisations/{school.id}").get_json()["practice"] is True
    review = by.get(f"/tasks/{task_id}/review").get_json()
    assert (review["task"]["practice"], review["organisation"]["practice"]) == (True, True)
    real = world.supervisor
    assert real.get(f"/tasks/{world.task()}").get_json()["practice"] is False
    assert real.get("/organisations/brig-a").get_json()["practice"] is False


def test_the_device_sees_it_in_the_task_and_only_there(world, school):
    school.task()
    world.task()
    [practised] = [c["data"] for c in school.lead.pull()["changes"] if c["type"] == "task"]
    [real] = [c["data"] for c in world.lead.pull()["changes"] if c["type"] == "task"]
    assert practised["practice"] is True
    assert "practice" not in real


def test_a_witness_is_told_too(world, stage, school, shops):
    frozen = school.frozen(TWO)
    body = {"kind": "media", "name": CANARY, "body": CANARY}
    token = school.step(f"/draws/{frozen['id']}/witnesses", body, 201)["token"]
    headers = {"X-Witness-Token": token}
    seen = world.app.test_client().get("/api/v1/draw-watch", headers=headers).get_json()
    assert (seen["practice"], "/PRACTICE-" in seen["slot"]) == (True, True)


def test_who_stands_above_sees_practice_when_asking_for_it_and_nothing_else_then(
    world, school, shops
):
    real = world.object()
    for caller in (
        world.admin,
        world.account("corps-sup", role="supervisor", organisation="corps"),
    ):
        assert [o["id"] for o in caller.get("/objects").get_json()["items"]] == [real]
        asked = caller.get("/objects?practice=true&limit=100").get_json()["items"]
        assert {o["id"] for o in asked} == set(shops)
        refused(caller.get(f"/objects/{shops[0]}"), 404, "not_found")
        assert caller.get(f"/objects/{shops[0]}?practice=true").status_code == 200
        refused(caller.get(f"/objects/{real}?practice=true"), 404, "not_found")
    bodies = world.admin.get("/organisations?practice=true").get_json()["items"]
    assert len(bodies) == 2
    assert all(body["practice"] for body in bodies)
    beside = world.other_supervisor.get("/objects?practice=true").get_json()
    assert beside["items"] == []


def test_another_word_than_true_is_refused(world, school):
    for word in ("false", "1", "", "True"):
        answer = world.admin.get(f"/objects?practice={word}")
        assert refused(answer, 400, "bad_request")["details"] == {"field": "practice"}


def test_nobody_else_may_ask(world, school, http):
    for path in ("/sync/changes", "/conflicts", "/officers/interests/own"):
        refused(world.lead.get(f"{path}?practice=true"), 403, "forbidden")
    assert http.get("/api/v1/public/results?practice=true").status_code == 422


def test_who_practises_never_sees_or_touches_what_is_real(world, stage, school):
    real = world.object()
    task_id = world.task(object_id=real)
    for query in ("", "?practice=true"):
        refused(school.supervisor.get(f"/objects/{real}{query}"), 404, "not_found")
        refused(school.supervisor.get(f"/tasks/{task_id}{query}"), 404, "not_found")
        refused(school.chief.get(f"/organisations/det{query}"), 404, "not_found")
    for _ in range(5):
        world.object()
    plan = decide(stage.second, file(world.supervisor, monthly(stratum(quotas=[1]))))
    refused(school.chief.post(f"/plans/{plan['id']}/draws", {}), 404, "not_found")


def test_the_operator_who_holds_the_whole_tree_holds_the_real_one(world, school):
    real, practised = world.object(), school.object()
    operator = Actor(user_id="x", name="x", role="admin", organisation_id="corps", path="/")
    with world.parts.database.read() as session:
        listed = list_objects(session, actor=operator, filters={}, after=None, limit=9)
        assert [site.id for site in listed] == [real]
        with pytest.raises(DomainError, match="not_found"):
            object_in_scope(session, actor=operator, object_id=practised)
        body = session.get_one(Organisation, school.id)
        assert not operator.holds(body.path)


def test_objects_move_down_to_bodies_of_their_own_tree_alone(world, school):
    facts = {"name": "x", "kind": "small", "address": "x", "division_code": "150105"}
    above = world.account("det-sup", role="supervisor", organisation="det")
    practised, site = (made(by.post("/objects", facts))["id"] for by in (school.chief, above))
    first = Organisation(  # its id, and so its place, is before every other's
        id="0-", name="x", kind="brigade", division_code="150105", parent_id="corps",
        path="/~practice/corps/0-/", practice=True,
    )  # fmt: skip
    with world.parts.database.write() as session:
        session.add(first)
    new = {"name": "x", "kind": "brigade", "division_code": "150105", "parent_id": "det"}
    real = made(world.admin.post("/organisations", new))["id"]
    with world.parts.database.read() as session:
        assert session.get_one(InspectionObject, site).organisation_id == real
        holder = session.get_one(InspectionObject, practised).organisation_id
    assert holder == world.actor(school.chief).organisation_id


def test_an_object_of_practice_moves_down_to_a_practice_brigade(world, school):
    facts = {"name": "x", "kind": "small", "address": "x", "division_code": "150105"}
    site = made(school.chief.post("/objects", facts))
    new = {
        "name": "x", "kind": "brigade", "division_code": "150105",
        "parent_id": site["organisation_id"],
    }  # fmt: skip
    below = made(world.admin.post("/organisations?practice=true", new))["id"]
    moved = school.chief.get(f"/objects/{site['id']}").get_json()
    assert (moved["organisation_id"], below != site["organisation_id"]) == (below, True)


def test_a_region_is_made_whole_beside_practice_bodies(world, school):
    with world.parts.database.write() as session:
        made_now = ensure_region(session, now=now())
        bodies = session.scalars(select(Organisation).where(Organisation.kind == "brigade")).all()
        assert all(not body.practice for body in bodies if body.id != school.id)
    assert made_now["brigade"] + 2 == sum(not body.practice for body in bodies)


def test_officers_of_the_one_are_not_sent_in_the_other(world, school):
    practised, real = school.object(), world.object()
    for by, site, officer in (
        (school.supervisor, practised, world.lead),
        (world.supervisor, real, school.lead),
    ):
        asked = {
            "origin": "complaint", "source_document": "1号", "object_id": site,
            "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
        }  # fmt: skip
        task = made(by.post("/tasks", asked))
        others = school.assistant if by is school.supervisor else world.assistant
        team = [
            {"officer_id": officer.officer_id, "role": "lead"},
            {"officer_id": others.officer_id, "role": "assistant"},
        ]
        answer = by.call("PUT", f"/tasks/{task['id']}/assignments", json={"assignments": team})
        assert answer.get_json()["details"]["problems"] == [
            {"code": "officer_unknown", "officer_id": officer.officer_id}
        ]


def test_who_comes_from_a_real_body_does_no_act_of_their_own_body_there(world, school, shops):
    body = {"tag": "x", "act": "add", "which": {"keys": shops}}
    refused(world.admin.post("/registers/tags?practice=true", body), 404, "not_found")
    hold = {"target_type": "object", "target_id": shops[0], "reason": "x"}
    refused(world.admin.post("/holds?practice=true", hold), 404, "not_found")


def test_what_is_below_a_practice_body_is_for_practice_and_stays_so(world, school):
    with world.parts.database.read() as session:
        body = session.get_one(Organisation, school.id)
        assert (body.practice, body.path.startswith("/~practice/corps/")) == (True, True)
    patch = {"practice": False}
    assert world.admin.call(
        "PATCH", f"/organisations/{school.id}?practice=true", json=patch
    ).status_code == 422  # fmt: skip


def test_the_database_itself_lets_no_body_change_sides(world, school):
    real = {"practice": False, "path": "/corps/det/elsewhere/", "parent_id": "det"}
    practised = {"practice": True, "path": "/~practice/corps/det/brig-b/"}
    for id_, change in (
        (school.id, {"practice": False}), (school.id, {"path": real["path"]}),
        ("brig-a", {"parent_id": school.id}), (school.id, real), ("brig-b", practised),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), world.parts.database.write() as session:
            session.execute(update(Organisation).where(Organisation.id == id_).values(**change))


def test_nor_a_real_body_stand_below_one_nor_rows_cross_over(world, school):
    below = {"kind": "brigade", "division_code": "150104", "parent_id": school.id, "name": "x"}
    for row in (
        Organisation(id="astray", path="/corps/det/astray/", practice=False, **below),
        Organisation(id="astray", path="/corps/det/astray/", practice=True, **below),
        Officer(id="x", organisation_id=school.id, name="x", post="x"),
        Officer(id="x", organisation_id="brig-a", name="x", post="x", practice=True),
    ):
        with pytest.raises(IntegrityError), world.parts.database.write() as session:
            session.add(row)
    practised = school.object()
    with pytest.raises(IntegrityError), world.parts.database.write() as session:
        session.get_one(InspectionObject, practised).organisation_id = "brig-a"


def test_nor_is_there_a_row_to_publish(world, school):
    task_id = school.task()
    for practice in (True, False):
        with pytest.raises(IntegrityError), world.parts.database.write() as session:
            session.add(
                Publication(
                    id="x", notice_id="x", version=1, task_id=task_id, organisation_id=school.id,
                    practice=practice, data={}, published_at=BORN, published_by="x",
                )
            )  # fmt: skip

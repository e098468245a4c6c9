"""Practice data (演练数据) is never published nor counted (N7): whatever is practised, no byte of
any other answer changes, and nothing of it can be heard in public."""

import pytest
from sqlalchemy import select, text

from server.clock import china_date, now
from server.models import ItemList, Organisation, Publication, Task
from server.services.registers.duplicates import find_duplicates
from tests.server.inspections import published
from tests.server.item_lists import item
from tests.server.item_lists import publish as publish_items
from tests.server.plans import stratum
from tests.server.practice.school import CANARY, made, upload
from tests.server.practice.walk import PUBLIC, SUPERVISOR, addresses, ids_now
from tests.server.register_samples import credit_code, firms
from tests.server.weight_tables import content as weight_content
from tests.server.weight_tables import publish as publish_weights

TWO = stratum(quotas=[2], reserve=1)
SAME = {"X-Request-ID": "the-same-each-time"}
YEARS = {"year": china_date(now()).year, "next_year": china_date(now()).year + 1}


@pytest.fixture
def real(world, stage):
    """Something of everything in earnest: objects, a plan, a draw, a published result, a pair."""
    for number in range(6):
        world.object(name=f"某某{number}号小吃店", credit_code=credit_code(number))
    stage.drawn(TWO)
    published(world)
    made(upload(world.admin, firms(11, 12, 13)), 200)
    return world


def import_the_same_firms(school):
    report = made(upload(school.chief, firms(11, 12, 13)), 200)
    assert (report["imported"], report["attached"]) == (3, 0)


def register_the_same_codes(school):
    for number in range(6):
        school.object(credit_code=credit_code(number), tags=[CANARY])
    facts = {"name": CANARY, "post": "专职消防监督员", "certificate_number": "C-lead"}
    made(school.supervisor.post("/officers", {"organisation_id": school.id, **facts}))


def fill_the_year_of_an_object(school):
    site = school.object()
    for _ in range(3):
        school.task(object_id=site)


def draw_the_same_plan(school):
    for _ in range(4):
        school.object()
    school.drawn(TWO)


def abandon_a_draw_of_another(school):
    for _ in range(4):
        school.object()
    draw = school.frozen(TWO, code="second")
    school.step(f"/draws/{draw['id']}/commitment", None)
    school.step(f"/draws/{draw['id']}/abandonment", {"reason": CANARY})


def inspect_and_approve(school):
    school.approved(school.task())


def have_weights_of_its_own(school):
    publish_weights(school.chief, weight_content(base=7), reason=CANARY)


def find_pairs(school):
    for _ in range(2):
        school.object(name="某某1号小吃店", address="新城区中山东路1号")
    find_duplicates(school.world.parts.database, practice=True, now=now(), progress=lambda *_: None)
    assert school.supervisor.get("/registers/duplicates").get_json()["items"]


def tag_and_recuse(school):
    site = school.object()
    body = {"tag": CANARY, "act": "add", "which": {"keys": [site]}}
    made(school.supervisor.post("/registers/tags", body))
    ground = {"object_id": site, "ground": CANARY}
    made(school.supervisor.post(f"/officers/{school.lead.officer_id}/interests", ground))


def let_conflicts_and_photos_be_looked_after(school):
    school.approved(school.task())
    for job in ("escalate_conflicts", "make_derivatives", "compare_photos", "open_draws"):
        school.world.parts.jobs.run_now(job)


def add_a_body_below(school):
    asked = {
        "name": CANARY, "kind": "brigade", "division_code": "150105", "parent_id": "det",
        "practice": True,
    }  # fmt: skip
    made(school.world.admin.post("/organisations", asked))


PRACTISED = [
    import_the_same_firms, register_the_same_codes, fill_the_year_of_an_object, draw_the_same_plan,
    abandon_a_draw_of_another, inspect_and_approve, have_weights_of_its_own, find_pairs,
    tag_and_recuse, let_conflicts_and_photos_be_looked_after, add_a_body_below,
]  # fmt: skip


def answers(world, callers, ids):
    """Address and caller → status and body, of all that can be read of what there was."""
    http = world.app.test_client()
    told = {
        ("everyone", path): http.get(path, headers=SAME)
        for path in addresses(world, PUBLIC, ids, YEARS)
    }
    for caller in callers:
        for path in addresses(world, SUPERVISOR, ids, YEARS):
            told[caller.user_id, path] = caller.get(path.removeprefix("/api/v1"), headers=SAME)
    return {key: (answer.status_code, answer.data) for key, answer in told.items()}


def test_whatever_is_practised_no_byte_of_any_other_answer_changes_n7(real, school):
    callers = [real.admin, real.supervisor]
    ids = {name: some[:2] for name, some in ids_now(real).items()}
    ids["organisation_id"] = ["corps", "brig-a"]
    before = answers(real, callers, ids)
    assert [key for key, (status, _) in before.items() if status not in (200, 302, 403, 404)] == []
    assert sum(status == 200 for status, _ in before.values()) > 80
    for practise in PRACTISED:
        practise(school)
    after = answers(real, callers, ids)
    assert [key for key in before if before[key] != after[key]] == []


def sneak_past_the_services(world, school):
    """A notice and an item list of a practice body, as no service and no trigger lets them be."""
    with world.parts.database.write() as session:
        on = " ON publications" if session.get_bind().dialect.name == "postgresql" else ""
        session.execute(text(f"DROP TRIGGER publications_in_earnest{on}"))
        session.add(
            Publication(
                id="sneaked", notice_id="sneaked", version=1, organisation_id=school.id,
                task_id=session.scalars(select(Task.id).where(Task.practice).limit(1)).one(),
                practice=True, published_at=now(), published_by="x",
                data={"number": CANARY, "organisation": {"id": school.id, "name": CANARY},
                      "unit": {"name": CANARY}},
            )
        )  # fmt: skip
        above = session.get_one(Organisation, school.id).parent_id
        session.add(
            ItemList(
                id="sneaked", organisation_id=above, version=1, items=[item("A")], digest="-",
                effective_from=china_date(now()), reason=CANARY, published_at=now(),
                published_by="x",
            )
        )  # fmt: skip


def test_no_public_byte_tells_of_practice_n7(real, school):
    for practise in PRACTISED:
        practise(school)
    sneak_past_the_services(real, school)
    ids = ids_now(real)
    http = real.app.test_client()
    assert school.id in ids["organisation_id"]
    told = {
        path: http.get(path).data.decode(errors="replace")
        for path in addresses(real, PUBLIC, ids, YEARS)
    }
    assert sum("monthly#1" in body or "小吃店" in body for body in told.values()) > 5
    words = (CANARY, "\\u91d1", "演练", "PRACTICE", school.id)
    heard = [path for path, body in told.items() if any(word in body for word in words)]
    assert heard == []


def test_what_comes_in_earnest_afterwards_is_as_if_nobody_had_practised(world, stage, school):
    for practise in PRACTISED:
        practise(school)
    for number in range(6):
        shop = {"name": "甲", "kind": "small", "division_code": "150102", "address": "中山东路1号"}
        made(world.supervisor.post("/objects", {**shop, "credit_code": credit_code(number)}))
    drawn = stage.drawn(TWO)
    assert drawn["slot"].endswith("/150102/monthly#1")
    assert drawn["pool_counts"]["small"]["all"] == 6
    assert {each["id"] for each in drawn["officers"]} <= {"o-lead", "o-assistant", *_more()}
    numbers = {task["number"] for task in world.supervisor.get("/tasks").get_json()["items"]}
    assert numbers == {f"150102-{YEARS['year']}-0000{number}" for number in (1, 2)}
    assert drawn["entries"] == {"draw_commitment": 0, "draw_result": 1}
    report = made(upload(world.admin, firms(11, 12, 13)), 200)
    assert report["imported"] + report["attached"] == 3
    assert not [p for p in report["problems"] if p["code"] == "credit_code_taken"]


def _more():
    return {f"o-more-{number}" for number in range(3)}


def test_item_lists_and_results_are_refused_to_the_public_with_what_to_do(world, school):
    answer = school.supervisor.post(f"/tasks/{school.approved(school.task())}/publish", {})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "practice_never_published")
    assert "演练" in answer.get_json()["message"]
    refused = publish_items(school.chief, item("Z"), status=409)
    assert refused["code"] == "practice_never_published"

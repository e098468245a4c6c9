"""Photos, packages, conflicts, terms and pairs of practice: as in earnest, marked, and apart."""

import io
import json
import zipfile
from types import SimpleNamespace

import pytest

from media.stamp import Line
from server.clock import now
from server.services.evidence.printing import print_photo
from server.services.registers.duplicates import find_duplicates
from server.services.retention.terms import standing_terms
from tests.media.pictures import encoded
from tests.media.test_likeness import scene
from tests.server.evidence.test_flags import codes, compare, copy_of
from tests.server.practice.school import made
from tests.server.practice.test_learning import refused
from tests.server.retention.closed import set_terms
from tests.server.sync.disputes import TERM, disputed, sweep
from tests.server.tus.speaker import declare, new_photo_id, upload


def taken(lead, task_id, data):
    """A verified photo of a task, by its lead; gives its id."""
    photo_id = new_photo_id()
    declare(lead, task_id, photo_id, data, taken_at=now().isoformat())
    assert upload(lead, data, photo_id).status_code == 204
    return photo_id


@pytest.mark.parametrize("copied", [copy_of, bytes])
def test_a_photo_of_practice_casts_no_doubt_on_a_real_one_nor_the_other_way(world, school, copied):
    data = encoded(scene(1))
    practised = taken(school.lead, school.task(), data)
    real = taken(world.lead, world.task(), copied(data))
    again = taken(school.lead, school.task(), copied(data))
    compare(world)
    assert codes(world, real) == []
    assert codes(world, practised, school.supervisor) == []
    assert codes(world, again, school.supervisor) == [
        "same_bytes" if copied is bytes else "near_duplicate"
    ]


def test_the_printed_copy_says_so_first(world, school):
    practised = taken(school.lead, school.task(), encoded(scene(1)))
    real = taken(world.lead, world.task(), encoded(scene(1)))
    compare(world)
    with world.parts.database.write() as session:
        actors = [world.actor(by) for by in (school.supervisor, world.supervisor)]
        first, second = (
            print_photo(session, actor=actor, photo_id=photo_id, now=now()).lines
            for actor, photo_id in zip(actors, (practised, real), strict=True)
        )
    assert first[0] == Line("演练", "演练中拍摄，不是执法证据")
    assert "演练-150102-" in first[1].value
    assert not any("演练" in line.label + line.value for line in second)
    assert school.supervisor.get(f"/photos/{practised}/print").status_code == 200


def test_the_evidence_package_says_so_in_its_name_its_first_words_and_its_record(world, school):
    task_id = school.task()
    taken(school.lead, task_id, encoded(scene(1)))
    answer = school.supervisor.get(f"/tasks/{task_id}/evidence-package")
    assert answer.status_code == 200, answer.text
    assert f"practice-{task_id}.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert (
            package.read("README.txt").decode().startswith("【演练】本包是演练数据，不是执法证据")
        )
        record = json.loads(package.read("record.json"))
    assert record["organisation"]["practice"] is True
    assert record["task"]["number"].startswith("演练-")
    real = world.supervisor.get(f"/tasks/{world.task()}/evidence-package").data
    with zipfile.ZipFile(io.BytesIO(real)) as package:
        assert "演练" not in package.read("README.txt").decode()


def test_a_conflict_of_practice_goes_up_to_no_real_body(world, school):
    facts = {"name": "x", "kind": "small", "address": "中山东路1号", "division_code": "150105"}
    site = made(school.chief.post("/objects", facts))  # of the detachment: only the corps is above
    task_id = world.task(
        lead=school.lead, assistant=school.assistant, supervisor=school.chief, object_id=site["id"]
    )
    disputed(SimpleNamespace(lead=school.lead, assistant=school.assistant), task_id)
    for terms in (1, 2, 3):
        sweep(world, after=terms * TERM + TERM / 2)
    acts = world.admin.get("/audit?action=conflict.escalate").get_json()["items"]
    assert acts == []
    above = world.admin.get("/audit?action=conflict.escalate&practice=true").get_json()["items"]
    assert [act["after"] for act in above] == [
        {"step": 1, "organisation_id": site["organisation_id"]}
    ]


def test_its_term_is_that_of_the_real_bodies_above(world, school):
    set_terms(world)
    with world.parts.database.read() as session:
        terms = standing_terms(session)
    kinds = {kind: years for (id_, kind), years in terms.items() if id_ == "brig-a"}
    assert kinds
    assert {kind: years for (id_, kind), years in terms.items() if id_ == school.id} == kinds


def test_pairs_are_sought_among_those_of_practice_or_among_the_others(world, school):
    for _ in range(2):
        school.object(name="某某小吃店")
    world.object(name="某某小吃店", address="新城区中山东路1号")

    def search(**where):
        return find_duplicates(world.parts.database, now=now(), progress=lambda *_: None, **where)

    assert (search().objects, search().new) == (1, 0)
    assert (search(practice=True).objects, search(practice=True).new) == (2, 0)
    assert len(school.supervisor.get("/registers/duplicates").get_json()["items"]) == 1
    assert world.admin.get("/registers/duplicates").get_json()["items"] == []


def test_a_merge_is_practised_too(world, school):
    for _ in range(2):
        school.object(name="某某小吃店")
    find_duplicates(world.parts.database, practice=True, now=now(), progress=lambda *_: None)
    [pair] = school.supervisor.get("/registers/duplicates").get_json()["items"]
    body = {"note": "x", "keep_id": pair["first"]["id"]}
    made(school.supervisor.post(f"/registers/duplicates/{pair['id']}/merge", body), 200)


def test_checklists_are_the_real_ones_and_stay_as_they_are(world, school):
    assert school.supervisor.get("/checklists/list-1").status_code == 200
    assert school.supervisor.get("/checklists").get_json()["items"]
    item = {"code": "1.1", "section": "x", "text": "x", "answer_kind": "verdict"}
    draft = {"code": "own", "title": "x", "kind": "small", "items": [item]}
    admin = world.account("practice-admin", role="admin", organisation=school.id)
    for path, by in (("/checklists", admin), ("/checklists?practice=true", world.admin)):
        assert "演练" in refused(by.post(path, draft), 409, "practice_only_uses")["message"]

"""Checklists over HTTP: versions, visibility, XLSX and JSON in."""

import io

import pytest

from server.checklist_forms.items import make_draft
from server.checklist_forms.statutory import statutory_drafts
from server.checklist_forms.xlsform_out import write_xlsform
from tests.server.checklist_forms.workbooks import form

ITEM = {"code": "1.1", "text": "灭火器配置", "answer_kind": "verdict"}


def draft(**changes):
    return {"code": "own", "title": "本支队检查表", "kind": "small", "items": [ITEM], **changes}


def refused(answer, code: str, status: int) -> dict:
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def upload(caller, raw: bytes):
    return caller.call("POST", "/checklists/import", data={"file": (io.BytesIO(raw), "form.xlsx")})


def codes_of(caller, **query) -> list[tuple[str, int]]:
    answer = caller.get("/checklists", query_string=query)
    assert answer.status_code == 200, answer.text
    return [(each["code"], each["version"]) for each in answer.get_json()["items"]]


def test_the_same_content_makes_no_new_version_and_a_change_does(world):
    first = world.admin.post("/checklists", draft())
    assert (first.status_code, first.get_json()["version"]) == (201, 1)
    again = world.admin.post("/checklists", draft(title=" 本支队检查表 "))
    assert (again.status_code, again.get_json()["id"]) == (200, first.get_json()["id"])
    changed = world.admin.post("/checklists", draft(items=[ITEM, {**ITEM, "code": "1.2"}]))
    assert (changed.status_code, changed.get_json()["version"]) == (201, 2)
    kept = world.admin.get(f"/checklists/{first.get_json()['id']}").get_json()
    assert kept == first.get_json()
    assert codes_of(world.admin, code="own") == [("own", 2), ("own", 1)]
    assert codes_of(world.admin, code="own", newest=True) == [("own", 2)]


def test_going_back_to_older_content_is_a_new_version(world):
    for items, version in (([ITEM], 1), ([{**ITEM, "text": "乙"}], 2), ([ITEM], 3)):
        assert world.admin.post("/checklists", draft(items=items)).get_json()["version"] == version


def test_what_is_left_out_gets_its_default(world):
    made = world.admin.post("/checklists", draft()).get_json()
    assert made["items"] == [
        {
            "code": "1.1", "section": "", "text": "灭火器配置", "legal_basis": "",
            "answer_kind": "verdict", "options": [], "guidance": "", "required": False,
            "requires_photo_when": [], "requires_note_when": [],
        }
    ]  # fmt: skip


def test_a_workbook_and_json_of_the_same_content_are_one_version(world):
    statutory = statutory_drafts()[0]
    by_json = world.admin.post("/checklists", vars(statutory))
    assert by_json.status_code == 201, by_json.text
    file = io.BytesIO()
    write_xlsform(statutory, version=1, file=file)
    by_xlsx = upload(world.admin, file.getvalue())
    assert (by_xlsx.status_code, by_xlsx.get_json()) == (200, by_json.get_json())


def test_a_workbook_with_errors_names_each_and_writes_nothing(world):
    raw = form(("text", "a", "甲"), ("image", "b", "乙"), ("text", "a", "丙"))
    details = refused(upload(world.admin, raw), "checklist_invalid", 422)
    assert [(e["sheet"], e["row"], e["column"]) for e in details["errors"]] == [
        ("survey", 3, "type"), ("survey", 4, "name"),
    ]  # fmt: skip
    assert details["errors_count"] == 2
    assert codes_of(world.admin) == [("short", 1)]


def test_json_that_contradicts_itself_names_each_item_and_writes_nothing(world):
    bad = [ITEM, ITEM, {**ITEM, "code": "1.2", "requires_photo_when": ["burnt"]}]
    details = refused(world.admin.post("/checklists", draft(items=bad)), "checklist_invalid", 422)
    assert [(e["row"], e["column"]) for e in details["errors"]] == [(2, "name"), (3, "photo_when")]
    assert codes_of(world.admin) == [("short", 1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"items": []},
        {"items": [{**ITEM, "surprise": 1}]},
        {"items": [{**ITEM, "code": "../x"}]},
        {"items": [{**ITEM, "code": "a" * 32}]},
        {"items": [{**ITEM, "text": "a\x00b"}]},
        {"items": [{**ITEM, "required": "maybe"}]},
        {"items": [ITEM] * 501},
        {"kind": "huge"},
        {"code": ".."},
    ],
)
def test_bad_json_is_answered_in_the_envelope(world, changes):
    refused(world.admin.post("/checklists", draft(**changes)), "invalid_request", 422)


@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [
        (b"%PDF-1.7 not a workbook", "checklist_unreadable", 422),
        (b"PK" * (1024 * 1024 + 1), "checklist_too_large", 413),
    ],
)
def test_a_file_that_is_no_form_is_refused(world, raw, code, status):
    refused(upload(world.admin, raw), code, status)


def test_an_import_without_a_file_is_refused(world):
    refused(world.admin.call("POST", "/checklists/import", data={}), "invalid_request", 422)


def test_only_supervisors_and_admins_make_checklists_and_auditors_read_them(world):
    for caller in (world.lead, world.auditor):
        refused(caller.post("/checklists", draft()), "forbidden", 403)
        refused(upload(caller, form(("text", "a", "甲"))), "forbidden", 403)
    assert codes_of(world.auditor) == [("short", 1)]
    refused(world.lead.get("/checklists"), "forbidden", 403)


def test_a_checklist_is_seen_below_and_above_its_owner_and_not_beside(world):
    made = world.supervisor.post("/checklists", draft()).get_json()
    assert made["organisation_id"] == "brig-a"
    path = f"/checklists/{made['id']}"
    for caller in (world.supervisor, world.auditor, world.admin):
        assert caller.get(path).status_code == 200
    refused(world.other_supervisor.get(path), "not_found", 404)
    assert codes_of(world.other_supervisor) == [("short", 1)]
    refused(world.other_supervisor.post("/checklists", draft(title="抢用")), "forbidden", 403)
    refused(world.supervisor.get("/checklists/..%2f%00"), "not_found", 404)


def test_a_list_of_the_corps_is_used_below_but_changed_only_above(world):
    assert world.supervisor.get("/checklists/list-1").status_code == 200
    refused(world.supervisor.post("/checklists", draft(code="short")), "forbidden", 403)
    changed = world.admin.post("/checklists", draft(code="short"))
    assert (changed.status_code, changed.get_json()["version"]) == (201, 2)


def test_a_task_keeps_the_version_that_it_pinned(world):
    task_id = world.task()
    world.admin.post("/checklists", draft(code="short"))
    told = world.supervisor.get(f"/tasks/{task_id}").get_json()
    assert told["checklist"]["version"] == 1


def test_a_task_cannot_pin_a_neighbours_checklist(world):
    made = world.other_supervisor.post("/checklists", draft()).get_json()
    body = {
        "origin": "complaint", "source_document": "x", "object_id": world.object(),
        "checklist_id": made["id"], "planned_on": "2999-01-01",
    }  # fmt: skip
    refused(world.supervisor.post("/tasks", body), "date_out_of_range", 422)
    from server.clock import china_date, now

    body["planned_on"] = china_date(now()).isoformat()
    assert refused(world.supervisor.post("/tasks", body), "not_found", 404) == {
        "field": "checklist_id"
    }


def test_the_list_is_paged(world):
    for number in range(4):
        world.admin.post("/checklists", draft(code=f"c{number}"))
    seen, after = [], None
    for _ in range(3):
        query = {"limit": 2, **({"after": after} if after else {})}
        page = world.admin.get("/checklists", query_string=query).get_json()
        seen += [each["code"] for each in page["items"]]
        after = page["next"]
    assert seen == ["c0", "c1", "c2", "c3", "short"]
    assert after is None


def test_one_draft_equals_itself_after_tidying():
    assert make_draft(**vars(make_draft(**draft()))) == make_draft(**draft())

"""Nothing internal reaches the public: every field but those named here carries a canary, and no
byte of a public answer, nor of what is stored for publication, may sing.

The list of public fields is kept here a second time, so that giving a field away takes two hands.
"""

import json
import re

import pytest
from sqlalchemy import JSON, String, Text, select

from server.models import (
    Assignment,
    Checklist,
    Device,
    Document,
    InspectionObject,
    Officer,
    Organisation,
    Photo,
    Publication,
    Task,
    User,
)
from sync.entities import FIELDS
from tests.server.inspections import approved

CANARY = "金丝雀"
#: what the public may read; what is masked is filled with personal data below
SHOWN = {
    "task": {"number"},
    "object": {"name", "kind", "small_kind", "credit_code"},
    "organisation": {"id", "name", "division_code"},
    "checklist": {"title", "version"},
    "record": {"outcome"},
    "answer": {"value"},
    "finding": {"item_code", "title", "description", "severity", "action", "term_until"},
    "photo": set(),
}
#: what the steps of publication need as it is
LEFT_ALONE = {"status", "role", "state", "kind", "path", "clock_flags", "division_code"}
TABLES = [
    (Task, "task"), (InspectionObject, "object"), (Organisation, "organisation"),
    (Checklist, "checklist"), (Officer, None), (User, None), (Device, None), (Assignment, None),
    (Photo, None),
]  # fmt: skip
PERSONAL = "，当事人金丝雀当事人，电话13800138000，证件150102199001011234，蒙A12345，a@b.cn"


def fill_rows(session):
    """A canary in each text and JSON column that nothing refers to."""
    filled = 0
    for model, type_ in TABLES:
        shown = SHOWN.get(type_, set())
        for row in session.scalars(select(model)):
            for column in model.__table__.columns:
                if column.primary_key or column.foreign_keys or column.name in LEFT_ALONE | shown:
                    continue
                if isinstance(column.type, String | Text) and (column.type.length or 99) >= 20:
                    mark = f"{CANARY}{column.name}{row.id}"[: column.type.length]
                    setattr(row, column.name, mark)
                    filled += 1
                if isinstance(column.type, JSON) and column.name not in ("items", "data"):
                    setattr(row, column.name, {"x": CANARY})
    for item in (items := [dict(i) for i in session.get_one(Checklist, "list-1").items]):
        item |= {"guidance": CANARY, "options": [CANARY], "brand_new": CANARY}
    session.get_one(Checklist, "list-1").items = items
    return filled


def fill_documents(session, task_id):
    """A canary in each field of each document that is not for the public, and in new ones."""
    for document in session.scalars(select(Document).where(Document.task_id == task_id)):
        if document.type not in FIELDS or document.type == "task":
            continue
        data = dict(document.data)
        for name in set(FIELDS[document.type]) - SHOWN[document.type] - LEFT_ALONE:
            data[name] = f"{CANARY}{name}"
        data["brand_new_field"] = CANARY
        if document.type == "finding":
            data |= {"title": "灭火器失效" + PERSONAL, "description": "空瓶" + PERSONAL}
            data["item_code"] = "1.1" + PERSONAL
        if document.type == "answer" and document.id.endswith("1.2"):
            data["value"] = "已填" + PERSONAL
        if document.type == "record":
            data["legal_representative"] = "金丝雀当事人"
        document.data = data


def public_bytes(http, notice_id):
    """Every public answer about a notice."""
    for path in (
        "/api/v1/public/results", "/public/", f"/api/v1/public/results/{notice_id}",
        f"/public/results/{notice_id}", f"/api/v1/public/results/{notice_id}?version=1",
        f"/public/results/{notice_id}?version=1", f"/public/results/{notice_id}?version=9",
        "/public/?q=金丝雀",
    ):  # fmt: skip
        answer = http.get(path)
        body = answer.get_data(as_text=True)
        yield path, body.replace('value="金丝雀"', "")  # the search box repeats what was typed


def stored_bytes(world):
    """What is kept for publication: pages and feeds of later days will be made of it."""
    with world.parts.database.read() as session:
        for version in session.scalars(select(Publication)):
            kept = [version.data, version.reason, version.withdrawal_reason]
            yield f"version {version.version}", json.dumps(kept, ensure_ascii=False)


def assert_silent(world, http, notice_id):
    for path, body in [*public_bytes(http, notice_id), *stored_bytes(world)]:
        assert CANARY not in body, path
        assert "\\u91d1" not in body, path  # nor as an escape
        for secret in ("13800138000", "150102199001011234", "A12345", "a@b.cn", "当事人金"):
            assert secret not in body, path
        assert not re.search(r"u-supervisor|o-lead|o-assistant|d-lead|obj-1|举报投诉", body), path


@pytest.fixture
def sung(world):
    """A task whose internal fields all carry canaries, published."""
    task_id = approved(world)
    with world.parts.database.write() as session:
        assert fill_rows(session) > 30
        fill_documents(session, task_id)
    body = {"reason": "不应显示"}
    answer = world.supervisor.post(f"/tasks/{task_id}/publish", body)
    assert answer.status_code == 201, answer.text
    return task_id, answer.get_json()["notice_id"]


def test_no_internal_field_is_in_any_public_answer(world, http, sung):
    task_id, notice_id = sung
    assert_silent(world, http, notice_id)
    shown = http.get(f"/api/v1/public/results/{notice_id}").get_json()["record"]
    assert shown["findings"][0]["title"].startswith("灭火器失效，当事人某某，电话【电话已隐去】")
    assert task_id not in http.get(f"/public/results/{notice_id}").text


def test_nor_after_a_correction_and_a_withdrawal(world, http, sung):
    task_id, notice_id = sung
    with world.parts.database.write() as session:
        task = session.get_one(Task, task_id)
        session.get_one(InspectionObject, task.object_id).name = "更名小吃店"
    reason = {"reason": "名称有误" + PERSONAL}
    assert world.supervisor.post(f"/tasks/{task_id}/publish", reason).status_code == 201
    assert_silent(world, http, notice_id)
    path = f"/publications/{notice_id}/withdraw"
    assert world.supervisor.post(path, reason).status_code == 200
    assert_silent(world, http, notice_id)
    for path, body in public_bytes(http, notice_id):
        assert "小吃店" not in body, path
        assert "灭火器失效" not in body, path

"""What a person can do with a file that was kept aside: see it, fetch it, settle it."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from server.models import AuditEntry, CustodyEvent, User
from tests.media.pictures import clip
from tests.server.evidence.facts import kinds_of_custody
from tests.server.tus.speaker import begin, declare, digest, new_photo_id, patch, photo, upload
from tests.world import Caller, World

PAGE = b"<script>alert(1)</script>" + bytes(400)
FOUND = {"outcome": "explained", "reason": "误传了会议材料，已当面核实"}


def put_aside(caller: Caller, data: bytes = PAGE, photo_id: str | None = None) -> str:
    """Send what is no photo; gives the id of its upload."""
    path = begin(caller, data, photo_id)
    assert patch(caller, path, data, 0).status_code >= 400
    return path.rpartition("/")[2]


def seen(caller: Caller, **query: object) -> list[dict]:
    answer = caller.get("/quarantine", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


def test_a_supervisor_sees_who_sent_what_for_which_photo_and_why_it_is_none(world: World):
    task_id, photo_id = world.task(), new_photo_id()
    declare(world.lead, task_id, photo_id, PAGE)
    upload_id = put_aside(world.lead, photo_id=photo_id)
    (item,) = seen(world.supervisor)
    assert item.items() >= {
        "id": upload_id, "user_id": world.lead.user_id, "user_name": "lead",
        "officer_id": world.lead.officer_id, "device_id": world.lead.device_id,
        "photo_id": photo_id, "photo_state": "quarantined", "task_id": task_id,
        "size_bytes": len(PAGE), "code": "media_type_unsupported", "detected_type": "text/html",
        "received_sha256": digest(PAGE), "stated_sha256": digest(PAGE), "sound": False,
        "outcome": None, "settled_at": None, "filename": "楼梯间.jpg",
    }.items()  # fmt: skip
    assert item["task_number"]
    assert item["quarantined_at"]
    assert "切勿直接打开" in item["advice"]
    assert world.supervisor.get(f"/quarantine/{upload_id}").get_json() == item


def test_of_a_photo_that_nobody_declared_what_is_known_is_shown(world: World):
    put_aside(world.lead)
    (item,) = seen(world.supervisor)
    assert (item["photo_state"], item["task_id"], item["task_number"]) == (None, None, None)
    assert item["photo_id"]


def test_sound_bytes_under_another_digest_are_told_from_damaged_ones(world: World):
    sound, damaged = photo(1), photo(2)[:-1] + b"\0"
    for data in (sound, damaged[: len(damaged) // 2]):
        path = begin(world.lead, photo(3), length=len(data))
        assert patch(world.lead, path, data, 0).get_json()["code"] == "sha256_mismatch"
    first, second = seen(world.supervisor)
    assert (first["sound"], first["detected_type"]) == (True, "image/jpeg")
    assert "以新的照片编号重新申报" in first["advice"]
    assert (second["sound"], second["detected_type"]) == (False, "image/jpeg")
    assert "以新的照片编号" not in second["advice"]


@pytest.mark.parametrize(
    ("data", "code", "detected"),
    [
        (b"%PDF-1.7 " + bytes(99), "media_type_unsupported", "application/pdf"),
        (photo()[:2000], "image_truncated", "image/jpeg"),
        (clip()[:-9], "video_truncated", "video/mp4"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "image_unreadable", "image/jpeg"),
    ],
)
def test_each_code_has_its_advice(world: World, data: bytes, code: str, detected: str):
    put_aside(world.lead, data)
    (item,) = seen(world.supervisor)
    assert (item["code"], item["detected_type"]) == (code, detected)
    assert item["advice"].endswith("。")


@pytest.mark.parametrize("who", ["supervisor", "admin", "auditor"])
def test_the_bytes_come_as_a_download_that_no_browser_shows(world: World, who: str):
    photo_id = new_photo_id()
    upload_id = put_aside(world.lead, photo_id=photo_id)
    answer = getattr(world, who).get(f"/quarantine/{upload_id}/file")
    assert (answer.status_code, answer.data) == (200, PAGE)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={upload_id}.bin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert kinds_of_custody(world, photo_id)[-1] == "viewed"
    with world.parts.database.read() as session:
        act = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "quarantine.fetch")
        ).one()
        event = session.scalars(select(CustodyEvent).where(CustodyEvent.kind == "viewed")).one()
    assert (act.user_id, act.target_id) == (getattr(world, who).user_id, upload_id)
    assert event.details["purpose"] == "quarantine"


def test_bytes_that_a_kill_left_where_they_arrived_come_too(world: World):
    upload_id = put_aside(world.lead)
    left = world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id
    left.write_bytes(PAGE)
    world.parts.media.quarantine.delete(digest(PAGE))
    assert world.supervisor.get(f"/quarantine/{upload_id}/file").data == PAGE


def test_one_that_is_settled_says_by_whom_and_why_and_its_file_stays(world: World):
    photo_id = new_photo_id()
    upload_id = put_aside(world.lead, photo_id=photo_id)
    other = put_aside(world.lead, PAGE + b"2")
    answer = world.supervisor.post(f"/quarantine/{upload_id}/settle", FOUND)
    assert answer.status_code == 200
    settled = answer.get_json()
    assert settled.items() >= {**FOUND, "settled_by_name": "supervisor"}.items()
    assert [item["id"] for item in seen(world.supervisor, settled="true")] == [upload_id]
    assert [item["id"] for item in seen(world.supervisor, settled="false")] == [other]
    assert world.supervisor.get(f"/quarantine/{upload_id}/file").data == PAGE
    assert "settled" in kinds_of_custody(world, photo_id)
    with world.parts.database.read() as session:
        act = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "quarantine.settle")
        ).one()
    assert (act.target_id, act.after) == (upload_id, FOUND)


@pytest.mark.parametrize(
    ("first", "then"), [("explained", "explained"), ("explained", "kept"), ("kept", "kept")]
)
def test_it_is_settled_once(world: World, first: str, then: str):
    upload_id = put_aside(world.lead)
    world.supervisor.post(f"/quarantine/{upload_id}/settle", {**FOUND, "outcome": first})
    again = world.admin.post(f"/quarantine/{upload_id}/settle", {**FOUND, "outcome": then})
    assert (again.status_code, again.get_json()["code"]) == (409, "state_invalid")
    assert again.get_json()["details"] == {"state": first}


def test_what_was_kept_may_be_explained_later_and_both_stand_in_the_trail(world: World):
    photo_id = new_photo_id()
    upload_id = put_aside(world.lead, photo_id=photo_id)
    kept = {"outcome": "kept", "reason": "待核"}
    world.supervisor.post(f"/quarantine/{upload_id}/settle", kept)
    answer = world.admin.post(f"/quarantine/{upload_id}/settle", FOUND)
    assert answer.status_code == 200
    assert answer.get_json().items() >= {**FOUND, "settled_by": world.admin.user_id}.items()
    assert kinds_of_custody(world, photo_id).count("settled") == 2
    with world.parts.database.read() as session:
        acts = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "quarantine.settle")
            .order_by(AuditEntry.id)
        ).all()
    assert [(act.before, act.after) for act in acts] == [(None, kept), (kept, FOUND)]


def test_its_sender_may_give_the_upload_up_and_people_still_see_it(world: World):
    upload_id = put_aside(world.lead)
    headers = {"Tus-Resumable": "1.0.0"}
    assert world.lead.call("DELETE", f"/files/{upload_id}", headers=headers).status_code == 204
    assert [item["id"] for item in seen(world.supervisor)] == [upload_id]


READ: list[Callable[[Caller, str], object]] = [
    lambda caller, upload_id: caller.get(f"/quarantine/{upload_id}"),
    lambda caller, upload_id: caller.get(f"/quarantine/{upload_id}/file"),
    lambda caller, upload_id: caller.post(f"/quarantine/{upload_id}/settle", FOUND),
]


@pytest.mark.parametrize("ask", READ, ids=["look", "fetch", "settle"])
def test_only_those_in_charge_of_its_sender_reach_it(world: World, ask):
    upload_id = put_aside(world.lead)
    assert ask(world.other_supervisor, upload_id).status_code == 404
    assert ask(world.lead, upload_id).status_code == 403
    for nobody in ("unknown", "..", "a" * 65):
        assert ask(world.supervisor, nobody).status_code == 404
    assert seen(world.other_supervisor) == []
    assert world.lead.get("/quarantine").status_code == 403
    with world.parts.database.read() as session:
        acts = session.scalars(select(AuditEntry.action)).all()
    assert not [act for act in acts if act.startswith("quarantine.")]


def test_what_is_no_quarantined_file_is_not_found(world: World):
    path = begin(world.lead, photo())
    for ask in READ:
        assert ask(world.supervisor, path.rpartition("/")[2]).status_code == 404
    upload(world.lead, photo())
    assert seen(world.supervisor) == []


def test_an_auditor_looks_but_settles_nothing(world: World):
    upload_id = put_aside(world.lead)
    assert world.auditor.post(f"/quarantine/{upload_id}/settle", FOUND).status_code == 403
    assert seen(world.auditor)[0]["outcome"] is None


def test_nobody_settles_what_they_sent_or_what_was_sent_for_a_task_of_theirs(world: World):
    chief, photo_id = world.officer("chief"), new_photo_id()
    task_id = world.task(assistant=chief)
    declare(world.lead, task_id, photo_id, PAGE)
    own = put_aside(chief, PAGE + b"2")
    of_own_task = put_aside(world.lead, photo_id=photo_id)
    with world.parts.database.write() as session:
        session.get_one(User, chief.user_id).role = "supervisor"
    for upload_id, code in ((own, "quarantine_own"), (of_own_task, "reviewer_on_task")):
        answer = chief.post(f"/quarantine/{upload_id}/settle", FOUND)
        assert (answer.status_code, answer.get_json()["code"]) == (403, code)
    assert [item["outcome"] for item in seen(world.supervisor)] == [None, None]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "explained"},
        {"outcome": "explained", "reason": ""},
        {"outcome": "explained", "reason": "x" * 1001},
        {"outcome": "discard", "reason": "x"},
        {"outcome": "accepted", "reason": "x"},
        {**FOUND, "more": 1},
    ],
)
def test_an_outcome_that_there_is_and_a_reason_are_needed(world: World, body: dict):
    upload_id = put_aside(world.lead)
    assert world.supervisor.post(f"/quarantine/{upload_id}/settle", body).status_code == 422
    assert seen(world.supervisor)[0]["outcome"] is None


def test_it_is_listed_page_by_page_oldest_first(world: World):
    ids = [put_aside(world.lead, PAGE + b"%d" % number) for number in range(5)]
    found, after = [], None
    while True:
        query = {"limit": 2, **({"after": after} if after else {})}
        page = world.supervisor.get("/quarantine", query_string=query).get_json()
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == ids
    assert world.supervisor.get("/quarantine?after=unknown").status_code == 404


def test_it_is_found_by_sender_device_and_photo(world: World):
    photo_id = new_photo_id()
    mine = put_aside(world.lead, photo_id=photo_id)
    put_aside(world.assistant, PAGE + b"2")
    for name, value in (
        ("user_id", world.lead.user_id), ("device_id", world.lead.device_id),
        ("photo_id", photo_id),
    ):  # fmt: skip
        assert [item["id"] for item in seen(world.supervisor, **{name: value})] == [mine]

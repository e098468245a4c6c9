"""Rules 1 and 2: the cursor, and that no row is ever skipped."""

import base64

from server.models import Device
from tests.server.sync.ops import by_id, new_finding, op


def test_a_new_device_gets_all_its_officer_holds_and_nothing_else(world):
    task = world.task()
    page = world.lead.pull()
    types = {change["type"] for change in page["changes"]}
    assert types >= {"task", "object", "checklist"}
    assert by_id(page)["task", task]["data"]["assignments"][0]["role"] == "lead"
    assert world.outsider.pull()["changes"] == []


def test_pages_follow_each_other_without_gap_or_repetition(world):
    task = world.task()
    world.lead.push(*(new_finding(f"f{i}", task) for i in range(20)))
    seen, cursor, more = [], None, True
    while more:
        page = world.lead.pull(cursor, limit=3)
        seen += [change["seq"] for change in page["changes"]]
        cursor, more = page["cursor"], page["has_more"]
    assert seen == sorted(set(seen))
    assert len(seen) == len(world.lead.pull()["changes"])
    assert world.lead.pull(cursor)["changes"] == []


def test_an_entity_that_changed_comes_once_in_its_newest_form(world):
    task = world.task()
    cursor = world.lead.pull()["cursor"]
    world.lead.push(new_finding("f1", task, title="一"))
    world.assistant.push(op("finding", "f1", {"title": "二"}, base_rev=1))
    [change] = world.lead.pull(cursor)["changes"]
    assert change["data"]["title"] == "二"
    assert change["rev"] == 2


def test_an_empty_pull_for_a_known_cursor_is_a_304(world):
    world.task()
    cursor = world.lead.pull()["cursor"]
    answer = world.lead.get(
        "/sync/changes", query_string={"cursor": cursor}, headers={"If-None-Match": f'"{cursor}"'}
    )
    assert (answer.status_code, answer.data) == (304, b"")


def test_a_304_ends_as_soon_as_something_is_new(world):
    task = world.task()
    cursor = world.lead.pull()["cursor"]
    world.assistant.push(new_finding("f1", task))
    for tag in (f'"{cursor}"', f'W/"{cursor}"'):
        answer = world.lead.get(
            "/sync/changes", query_string={"cursor": cursor}, headers={"If-None-Match": tag}
        )
        assert [change["id"] for change in answer.get_json()["changes"]] == ["f1"]


def test_a_proxy_may_have_weakened_the_tag_of_what_was_seen(world):
    world.task()
    cursor = world.lead.pull()["cursor"]
    answer = world.lead.get(
        "/sync/changes", query_string={"cursor": cursor}, headers={"If-None-Match": f'W/"{cursor}"'}
    )
    assert answer.status_code == 304


def test_no_304_for_one_who_may_not_read_any_more(world):
    world.task()
    cursor = world.lead.pull()["cursor"]
    with world.parts.database.write() as session:
        session.get_one(Device, world.lead.device_id).state = "revoked"
    answer = world.lead.get(
        "/sync/changes", query_string={"cursor": cursor}, headers={"If-None-Match": f'"{cursor}"'}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (403, "device_revoked")


def test_a_tampered_or_foreign_cursor_is_refused_never_from_zero(world):
    world.task()
    cursor = world.lead.pull()["cursor"]
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[-2] ^= 1
    forged = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    for bad in (forged, "nonsense", "%%%", cursor[:-4], world.assistant.pull()["cursor"]):
        answer = world.lead.get("/sync/changes", query_string={"cursor": bad})
        assert answer.status_code == 400, bad
        assert answer.get_json()["code"] == "invalid_cursor"


def test_another_epoch_asks_for_a_resync_that_keeps_what_is_pending(world):
    from sqlalchemy import text

    world.task()
    cursor = world.lead.pull()["cursor"]
    with world.parts.database.write() as session:
        session.execute(text("UPDATE settings SET value = 'restored' WHERE key = 'epoch'"))
    answer = world.lead.get("/sync/changes", query_string={"cursor": cursor})
    assert answer.status_code == 410
    assert answer.get_json()["details"] == {"action": "resync_keep_pending"}


def test_a_page_holds_1_to_1000_changes(world):
    for limit, status in ((0, 422), (1, 200), (1000, 200), (1001, 422)):
        answer = world.lead.get("/sync/changes", query_string={"limit": limit})
        assert answer.status_code == status


def test_capabilities_name_the_limits(world):
    answer = world.lead.get("/sync/capabilities").get_json()
    assert answer["preferred_batch"] == 50
    assert set(answer) >= {
        "protocol", "epoch", "schema_version", "min_schema_version", "max_request_bytes",
        "tombstone_days", "server_time",
    }  # fmt: skip


def test_an_old_client_is_told_so_and_keeps_its_ops(world):
    answer = world.lead.post("/sync/push", {"schema_version": 0, "ops": []})
    assert answer.status_code == 426
    assert answer.get_json()["code"] == "client_too_old"


def test_whoever_is_up_to_date_gets_the_same_cursor_back(world):
    world.task()
    cursor = world.lead.pull()["cursor"]
    page = world.lead.pull(cursor)
    assert (page["changes"], page["cursor"], page["has_more"]) == ([], cursor, False)


def test_being_up_to_date_helps_nobody_whose_device_or_account_is_closed(world):
    """The short answer to a poll is given only to who would get the long one."""
    from sqlalchemy import text

    world.task()
    cursor = world.lead.pull()["cursor"]
    for change, undo, status, code in (
        ("devices SET state = 'revoked'", "devices SET state = 'active'", 403, "device_revoked"),
        ("devices SET state = 'wipe'", "devices SET state = 'active'", 403, "device_wipe"),
        ("users SET active = false", "users SET active = true", 401, "token_invalid"),
        ("users SET scope_version = 2", "users SET scope_version = 1", 410, "resync_required"),
        ("feed_heads SET seq = 1", "feed_heads SET seq = 9", 410, "resync_required"),
    ):
        for statement, expected in ((change, (status, code)), (undo, None)):
            with world.parts.database.write() as session:
                session.execute(text(f"UPDATE {statement}"))
            answer = world.lead.get(
                "/sync/changes",
                query_string={"cursor": cursor},
                headers={"If-None-Match": f'"{cursor}"'},
            )
            if expected:
                assert (answer.status_code, answer.get_json()["code"]) == expected, statement

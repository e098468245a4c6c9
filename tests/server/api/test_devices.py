"""Devices as a supervisor sees and stops them, and as the stopped device hears of it."""

import pytest
from sqlalchemy import select

from server.models import AuditEntry, Device
from tests.server.entrance import ask, code, log_in, refresh, session_of


def wiped_at(world, device_id):
    with world.parts.database.read() as session:
        return session.get_one(Device, device_id).wiped_at


def listed(caller, **query):
    answer = caller.get("/devices", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_the_list_shows_each_device_with_its_person_and_last_contact(http, world):
    device_id = session_of(http)["device"]["id"]
    (shown,) = [item for item in listed(world.supervisor)["items"] if item["id"] == device_id]
    assert shown["last_seen_at"].endswith("Z")
    assert shown | {"created_at": "", "last_seen_at": ""} == {
        "id": device_id, "name": "平板", "platform": "android", "state": "active",
        "user_id": "u-lead", "user_name": "lead", "organisation_id": "brig-a", "created_at": "",
        "last_seen_at": "", "last_push_at": None, "wiped_at": None, "drain_until": None,
        "pending": None, "pending_told_at": None,
    }  # fmt: skip


def test_the_list_comes_in_pages_and_by_person(world):
    first = listed(world.admin, limit=3)
    rest = listed(world.admin, limit=200, after=first["next"])
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert len(first["items"]) == 3
    assert rest["next"] is None
    assert ids == sorted(set(ids))
    assert [d["id"] for d in listed(world.admin, user_id="u-lead")["items"]] == ["d-lead"]


def test_nobody_sees_or_stops_devices_outside_their_part_of_the_tree(world):
    seen = {item["organisation_id"] for item in listed(world.supervisor)["items"]}
    assert seen == {"brig-a"}
    for act in ("revoke", "wipe"):
        assert code(world.supervisor.post("/devices/d-outsider/" + act)) == "not_found"
        assert code(world.supervisor.post("/devices/d-nobody/" + act)) == "not_found"
        assert code(world.other_supervisor.post("/devices/d-lead/" + act)) == "not_found"
        assert code(world.supervisor.post("/devices/d-admin/" + act)) == "not_found"


@pytest.mark.parametrize("who", ["lead", "auditor"])
def test_only_supervisors_and_admins_stop_devices(world, who):
    for act in ("revoke", "wipe"):
        answer = getattr(world, who).post(f"/devices/d-assistant/{act}")
        assert (answer.status_code, code(answer)) == (403, "forbidden")


def test_a_supervisor_does_not_stop_an_administrators_device(world):
    world.account("brigade-admin", role="admin")
    assert code(world.supervisor.post("/devices/d-brigade-admin/wipe")) == "forbidden"
    assert world.admin.post("/devices/d-brigade-admin/wipe").status_code == 204


@pytest.mark.parametrize("device_id", ["..", "a%00b", "a%2Fb", "x" * 65, "é"])
def test_an_id_that_can_be_none_is_not_found(world, device_id):
    assert world.admin.post(f"/devices/{device_id}/wipe").status_code == 404


def test_a_revoked_device_is_told_so_wherever_it_knocks(http, world):
    session = session_of(http)
    device_id = session["device"]["id"]
    assert world.supervisor.post(f"/devices/{device_id}/revoke").status_code == 204
    for answer in (
        ask(http, session["access_token"]),
        refresh(http, session["refresh_token"]),
        log_in(http, device_id=device_id),
    ):
        assert (answer.status_code, code(answer)) == (403, "device_revoked")
    assert log_in(http).status_code == 200  # the person may go on, on another installation


@pytest.mark.parametrize("contact", ["request", "refresh", "login"])
def test_a_lost_device_is_told_to_wipe_at_its_next_contact_and_that_is_recorded(
    http, world, contact
):
    session = session_of(http)
    device_id = session["device"]["id"]
    assert world.supervisor.post(f"/devices/{device_id}/wipe").status_code == 204
    assert wiped_at(world, device_id) is None
    answer = {
        "request": lambda: ask(http, session["access_token"]),
        "refresh": lambda: refresh(http, session["refresh_token"]),
        "login": lambda: log_in(http, device_id=device_id),
    }[contact]()
    assert (answer.status_code, code(answer)) == (403, "device_wipe")
    assert answer.get_json()["details"] == {"action": "wipe"}
    told = wiped_at(world, device_id)
    assert told is not None
    assert ask(http, session["access_token"]).status_code == 403
    assert wiped_at(world, device_id) == told


def test_reading_is_contact_too(world):
    world.supervisor.post("/devices/d-auditor/wipe")
    assert world.admin.post("/devices/d-auditor/wipe").status_code == 204
    assert code(world.auditor.get("/devices")) == "device_wipe"
    assert wiped_at(world, "d-auditor") is not None


def test_a_wrong_password_learns_nothing_about_a_device(http, world):
    world.supervisor.post("/devices/d-lead/wipe")
    assert code(log_in(http, password="wrong one", device_id="d-lead")) == "credentials_wrong"
    assert wiped_at(world, "d-lead") is None


def test_another_person_on_a_lost_tablet_does_not_count_as_its_contact(http, world):
    world.supervisor.post("/devices/d-lead/wipe")
    assert log_in(http, "assistant", device_id="d-lead").status_code == 200
    assert wiped_at(world, "d-lead") is None


def test_a_revoked_device_may_still_be_declared_lost_but_not_the_other_way_round(world):
    assert world.supervisor.post("/devices/d-lead/revoke").status_code == 204
    assert world.supervisor.post("/devices/d-lead/wipe").status_code == 204
    answer = world.supervisor.post("/devices/d-lead/revoke")
    assert (answer.status_code, code(answer)) == (409, "state_invalid")


def test_stopping_twice_is_one_act(world):
    for _ in range(2):
        assert world.supervisor.post("/devices/d-lead/revoke").status_code == 204
    with world.parts.database.read() as session:
        (act,) = session.scalars(select(AuditEntry)).all()
    assert (act.action, act.target_id, act.user_id) == ("device_revoked", "d-lead", "u-supervisor")
    assert (act.before, act.after) == ({"state": "active"}, {"state": "revoked"})

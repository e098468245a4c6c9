"""Accounts: what an administrator may grant, and what nobody may take."""

import pytest
from sqlalchemy import select

from server.models import AuditEntry, Officer, User
from tests.server.entrance import code, log_in, refresh, session_of


def new(**changes):
    return {
        "username": "newcomer", "password": "ten signs.", "name": "新人", "role": "supervisor",
        "organisation_id": "brig-a", **changes,
    }  # fmt: skip


def patch(caller, user_id, **changes):
    return caller.call("PATCH", f"/users/{user_id}", json=changes)


@pytest.fixture
def brigade_admin(world):
    return world.account("brigade-admin", role="admin")


def test_an_admin_makes_an_account_that_can_log_in(http, world):
    answer = world.admin.post("/users", new())
    assert answer.status_code == 201
    made = answer.get_json()
    assert "password" not in answer.text
    assert (made["username"], made["role"], made["active"]) == ("newcomer", "supervisor", True)
    assert log_in(http, "newcomer", "ten signs.").status_code == 200
    assert world.admin.get(f"/users/{made['id']}").get_json() == made


def test_an_officers_account_names_a_free_officer_of_the_register(world):
    with world.parts.database.write() as session:
        session.add(Officer(id="o-new", organisation_id="brig-a", name="新", post="监督员"))
    asked = new(role="officer")
    assert code(world.admin.post("/users", asked)) == "invalid_request"
    assert code(world.admin.post("/users", {**asked, "officer_id": "o-lead"})) == "officer_taken"
    assert code(world.admin.post("/users", {**asked, "officer_id": "o-none"})) == "not_found"
    assert world.admin.post("/users", {**asked, "officer_id": "o-new"}).status_code == 201


def test_a_username_is_given_once(world):
    assert code(world.admin.post("/users", new(username="lead"))) == "username_taken"


@pytest.mark.parametrize(
    "change",
    [
        {"password": "nine sign"},
        {"password": "x" * 201},
        {"username": "UPPER"},
        {"username": "a b"},
        {"username": "x"},
        {"role": "root"},
        {"organisation_id": "../corps"},
        {"active": True},
        {"id": "u-mine"},
        {"password_hash": "x"},
    ],
)
def test_what_an_account_cannot_be(world, change):
    assert code(world.admin.post("/users", new(**change))) == "invalid_request"


@pytest.mark.parametrize("who", ["lead", "supervisor", "auditor"])
def test_nobody_but_an_administrator_makes_or_changes_accounts(world, who):
    caller = getattr(world, who)
    for role in ("admin", "supervisor", "officer", "auditor"):
        assert code(caller.post("/users", new(role=role))) == "forbidden"
    assert code(patch(caller, "u-assistant", name="别名")) == "forbidden"
    assert code(patch(caller, caller.user_id, role="admin")) == "forbidden"
    assert code(caller.post("/users/u-assistant/password", {"password": "x" * 10})) == "forbidden"


def test_a_brigades_administrator_reaches_no_further_than_the_brigade(world, brigade_admin):
    for organisation in ("det", "corps", "brig-b", "nowhere"):
        asked = new(role="admin", organisation_id=organisation)
        assert code(brigade_admin.post("/users", asked)) == "not_found"
        assert code(patch(brigade_admin, "u-lead", organisation_id=organisation)) == "not_found"
    for user_id in ("u-admin", "u-auditor", "u-outsider", "u-nobody"):
        assert code(brigade_admin.get(f"/users/{user_id}")) == "not_found"
        assert code(patch(brigade_admin, user_id, name="别名")) == "not_found"
        reset = brigade_admin.post(f"/users/{user_id}/password", {"password": "x" * 10})
        assert code(reset) == "not_found"


def test_an_officer_of_another_brigade_cannot_be_given_an_account(world, brigade_admin):
    with world.parts.database.write() as session:
        session.add(Officer(id="o-far", organisation_id="brig-b", name="远", post="监督员"))
    asked = new(role="officer", officer_id="o-far")
    assert code(brigade_admin.post("/users", asked)) == "not_found"
    assert code(patch(brigade_admin, "u-supervisor", officer_id="o-far")) == "not_found"


@pytest.mark.parametrize(
    "change", [{"role": "auditor"}, {"organisation_id": "det"}, {"active": False}]
)
def test_nobody_changes_the_powers_of_their_own_account(world, change):
    assert code(patch(world.admin, "u-admin", **change)) == "forbidden"
    assert patch(world.admin, "u-admin", name="管理员").status_code == 200


def test_a_patch_changes_what_it_names_and_nothing_else(world):
    before = world.admin.get("/users/u-supervisor").get_json()
    after = patch(world.admin, "u-supervisor", name="王队").get_json()
    assert after == before | {"name": "王队"}
    assert patch(world.admin, "u-supervisor").get_json() == after
    assert code(patch(world.admin, "u-lead", officer_id=None)) == "invalid_request"
    assert patch(world.admin, "u-lead", officer_id=None, role="auditor").status_code == 200


def test_a_new_role_counts_from_the_next_request(world):
    assert world.lead.get("/devices").status_code == 403
    assert patch(world.admin, "u-lead", role="supervisor").status_code == 200
    assert world.lead.get("/devices").status_code == 200


def test_deactivating_ends_every_session_and_activating_again_lets_in(http, world):
    token = session_of(http)["refresh_token"]
    assert patch(world.admin, "u-lead", active=False).get_json()["active"] is False
    assert code(refresh(http, token)) == "token_invalid"
    assert code(world.lead.post("/auth/logout")) == "token_invalid"
    assert patch(world.admin, "u-lead", active=True).status_code == 200
    assert code(refresh(http, token)) == "token_invalid"
    assert log_in(http).status_code == 200


def test_a_reset_ends_the_sessions_and_the_old_password(http, world):
    token = session_of(http)["refresh_token"]
    answer = world.admin.post("/users/u-lead/password", {"password": "a new password"})
    assert answer.status_code == 204
    assert code(refresh(http, token)) == "token_invalid"
    assert code(log_in(http)) == "credentials_wrong"
    assert log_in(http, password="a new password").status_code == 200


def test_the_list_stays_in_ones_part_of_the_tree_and_shows_no_secret(world):
    answer = world.supervisor.get("/users")
    assert {user["organisation_id"] for user in answer.get_json()["items"]} == {"brig-a"}
    assert "argon2" not in answer.text
    assert len(world.admin.get("/users", query_string={"limit": 2}).get_json()["items"]) == 2
    assert code(world.lead.get("/users")) == "forbidden"


def test_every_act_is_on_the_record_without_the_password(world):
    made = world.admin.post("/users", new()).get_json()
    patch(world.admin, made["id"], name="别名")
    world.admin.post(f"/users/{made['id']}/password", {"password": "a new password"})
    with world.parts.database.read() as session:
        acts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        stored = session.get_one(User, made["id"]).password_hash
    assert [act.action for act in acts] == ["user_created", "user_changed", "password_reset"]
    assert (acts[1].before["name"], acts[1].after["name"]) == ("新人", "别名")
    for act in acts:
        assert stored not in str((act.before, act.after))
        assert "password" not in str((act.before, act.after))

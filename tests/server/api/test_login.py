"""Logging in: who gets in, who does not, and what nobody can tell from outside."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select

from server.clock import now
from server.models import AuditEntry, Device, KnownAddress, LoginFailure, User
from server.services.accounts import passwords, throttle
from server.services.accounts.devices import Installation
from server.services.accounts.passwords import HASHER, check_password, hash_password
from server.services.accounts.sessions import begin_login, finish_login
from tests.server.entrance import ELSEWHERE, HOME, ask, code, log_in, refresh, session_of
from tests.world import PASSWORD


def test_a_login_gives_both_tokens_and_says_who_and_on_what(http, world):
    answer = log_in(http)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert set(body) == {"access_token", "refresh_token", "expires_in", "user", "device"}
    assert body["expires_in"] == 15 * 60
    assert body["user"] == {
        "id": "u-lead", "name": "lead", "role": "officer",
        "organisation_id": "brig-a", "officer_id": "o-lead",
    }  # fmt: skip
    assert set(body["device"]) == {"id", "name", "platform"}
    assert ask(http, body["access_token"]).status_code == 204


def test_the_server_issues_the_device_id_a_new_one_for_each_installation(http, world):
    first, second = session_of(http)["device"]["id"], session_of(http)["device"]["id"]
    assert first != second
    assert session_of(http, device_id=first)["device"]["id"] == first


def test_an_unknown_device_id_and_another_persons_give_a_new_device(http, world):
    invented = session_of(http, device_id="made-up-by-the-client")["device"]["id"]
    assert invented != "made-up-by-the-client"
    borrowed = session_of(http, device_id=world.assistant.device_id)["device"]["id"]
    assert borrowed not in {world.assistant.device_id, invented}


def test_a_username_is_the_same_however_it_is_typed(http, world):
    for typed in ("LEAD", " lead ", "ｌｅａｄ"):
        assert log_in(http, typed).status_code == 200


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(http, world):
    wrong, unknown = log_in(http, password="wrong one"), log_in(http, "nobody-here")
    assert wrong.status_code == unknown.status_code == 401
    for answer in (wrong, unknown):
        answer = answer.get_json() | {"request_id": ""}
        assert answer == wrong.get_json() | {"request_id": ""}
        assert answer["code"] == "credentials_wrong"


def test_an_unknown_name_costs_as_much_as_a_wrong_password():
    stored = hash_password(PASSWORD)

    def cost(stored_hash):
        spent = []
        for _ in range(5):
            began = time.process_time()
            assert not check_password(stored_hash, "wrong one").right
            spent.append(time.process_time() - began)
        return statistics.median(spent)

    check_password(None, "warm up")
    assert (
        1 / 3 < cost(None) / cost(stored) < 3
    )  # without the hashing it would be one in a thousand


def test_a_deactivated_account_cannot_log_in(http, world):
    assert world.admin.call("PATCH", "/users/u-lead", json={"active": False}).status_code == 200
    assert code(log_in(http)) == "credentials_wrong"


def test_a_hash_of_older_parameters_is_made_anew_at_login(http, world):
    session_of(http)
    with world.parts.database.read() as session:
        stored = session.get_one(User, "u-lead").password_hash
    assert stored.startswith("$argon2id$")
    assert not HASHER.check_needs_rehash(stored)
    session_of(http)


def test_logins_at_the_same_moment_all_succeed_though_the_hash_is_made_anew(app, world):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: log_in(app.test_client()), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.get_json()["device"]["id"] for answer in answers}) == 8


def test_a_password_that_was_reset_while_it_was_being_checked_lets_nobody_in(world):
    database, moment = world.parts.database, now()
    with database.read() as session:
        attempt = begin_login(session, username="lead", device_id=None, address=HOME, now=moment)
    verdict = check_password(attempt.password_hash, PASSWORD)
    assert verdict.right
    world.admin.post("/users/u-lead/password", {"password": "a new password"})
    with database.write() as session:
        outcome = finish_login(
            session, attempt=attempt, verdict=verdict, refresh_days=30, request_id="r",
            installation=Installation(id=None, name="a", platform="b"), now=moment,
        )  # fmt: skip
    assert outcome.code == "credentials_wrong"


def test_unknown_fields_and_broken_bodies_are_refused(http, world):
    body = {"username": "lead", "password": PASSWORD, "device": {"name": "a", "platform": "b"}}

    def post(json):
        return http.post("/api/v1/auth/login", json=json)

    assert code(post({**body, "role": "admin"})) == "invalid_request"
    assert (
        code(post({**body, "device": {**body["device"], "state": "active"}})) == "invalid_request"
    )
    assert code(post({**body, "password": ["a"]})) == "invalid_request"
    assert code(post({**body, "username": "a\x00b"})) == "invalid_request"
    assert code(post({**body, "device": {**body["device"], "id": "../etc"}})) == "invalid_request"
    assert code(http.post("/api/v1/auth/login", data="{", content_type="application/json")) == (
        "invalid_json"
    )


def test_a_refused_login_leaves_its_trace_though_the_request_failed(http, world):
    log_in(http, password="wrong one")
    log_in(http, "nobody-here", "wrong one")
    with world.parts.database.read() as session:
        acts = session.scalars(select(AuditEntry).where(AuditEntry.action == "login_refused")).all()
        failures = session.scalars(select(LoginFailure)).all()
    assert [(act.target_id, act.after) for act in acts] == [("u-lead", {"address": HOME})]
    assert sorted(row.failures for row in failures) == [1, 1, 2]  # two names, one address
    assert not any("nobody-here" in row.key for row in failures)


def fail(http, times, **kwargs):
    return [log_in(http, password="wrong one", **kwargs).status_code for _ in range(times)]


def fail_until_delayed(world, http, **kwargs):
    """One failure more than is free; the delay it earns is drawn out, so that no slow machine
    outlives it."""
    free = throttle.FREE_FAILURES_OF_ACCOUNT
    assert fail(http, free + 1, **kwargs) == [401] * (free + 1)
    draw_out_delays(world)


def draw_out_delays(world):
    with world.parts.database.write() as session:
        waiting = LoginFailure.next_at > LoginFailure.last_at
        for row in session.scalars(select(LoginFailure).where(waiting)):
            row.next_at += timedelta(hours=1)


def test_the_fifth_failure_is_free_and_the_sixth_delays_the_next_try(http, world):
    fail_until_delayed(world, http)
    answer = log_in(http)
    assert answer.status_code == 429
    assert code(answer) == "login_throttled"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.get_json()["details"] == {
        "retry_after_seconds": int(answer.headers["Retry-After"])
    }


def test_a_try_that_has_to_wait_is_not_counted(http, world):
    fail_until_delayed(world, http)
    with world.parts.database.read() as session:
        before = {row.key: row.failures for row in session.scalars(select(LoginFailure))}
    assert fail(http, 3) == [429] * 3
    with world.parts.database.read() as session:
        assert {row.key: row.failures for row in session.scalars(select(LoginFailure))} == before


def test_strangers_failures_delay_neither_a_known_device_nor_a_known_address(http, world):
    device_id = session_of(http)["device"]["id"]
    fail_until_delayed(world, http, address=ELSEWHERE)
    assert log_in(http, address=ELSEWHERE).status_code == 429
    assert log_in(http, address=HOME).status_code == 200
    assert log_in(http, address=ELSEWHERE, device_id=device_id).status_code == 200


def test_a_colleague_behind_the_same_address_cannot_delay_who_names_their_device(http, world):
    device_id = session_of(http)["device"]["id"]
    fail_until_delayed(world, http, address=HOME)
    assert log_in(http, address=HOME).status_code == 429
    assert log_in(http, address=HOME, device_id=device_id).status_code == 200


def test_a_known_device_of_one_account_opens_no_door_to_another(http, world):
    device_id = session_of(http, "assistant")["device"]["id"]
    fail_until_delayed(world, http, address=ELSEWHERE)
    assert log_in(http, address=ELSEWHERE, device_id=device_id).status_code == 429


def test_guessing_on_a_known_device_is_delayed_too(http, world):
    device_id = session_of(http)["device"]["id"]
    fail_until_delayed(world, http, device_id=device_id)
    assert log_in(http, device_id=device_id).status_code == 429


def test_one_address_trying_many_names_is_delayed_and_its_own_login_resets_nothing(http, world):
    session_of(http, "assistant")
    with world.parts.database.write() as session:
        session.add(
            LoginFailure(
                key=f"address:{HOME}", failures=throttle.FREE_FAILURES_OF_ADDRESS,
                last_at=session.scalars(select(KnownAddress.last_at)).one(),
                next_at=session.scalars(select(KnownAddress.last_at)).one(),
            )
        )  # fmt: skip
    session_of(http, "assistant")  # an account of the guesser's own
    assert log_in(http, "someone-else").status_code == 401
    draw_out_delays(world)
    assert log_in(http, "yet-another").status_code == 429
    assert log_in(http, "assistant").status_code == 200


def test_an_administrators_reset_lets_the_next_login_come_at_once(http, world):
    fail_until_delayed(world, http)
    assert log_in(http).status_code == 429
    answer = world.admin.post("/users/u-lead/password", {"password": "a new password"})
    assert answer.status_code == 204
    assert log_in(http, password="a new password").status_code == 200


def test_a_new_password_ends_every_session_of_the_account(http, world):
    mine, other = session_of(http), session_of(http, "assistant")
    change = {"current_password": PASSWORD, "new_password": "a new password"}
    headers = {"Authorization": f"Bearer {mine['access_token']}"}
    wrong = http.post(
        "/api/v1/auth/password", json={**change, "current_password": "no"}, headers=headers
    )
    assert code(wrong) == "credentials_wrong"
    assert http.post("/api/v1/auth/password", json=change, headers=headers).status_code == 204
    assert code(refresh(http, mine["refresh_token"])) == "token_invalid"
    assert code(log_in(http)) == "credentials_wrong"
    assert log_in(http, password="a new password").status_code == 200
    assert refresh(http, other["refresh_token"]).status_code == 200


def test_a_stolen_access_token_guesses_the_password_no_faster_than_the_login(http, world):
    headers = {"Authorization": f"Bearer {session_of(http)['access_token']}"}
    guess = {"current_password": "wrong one", "new_password": "a new password"}

    def guess_once():
        return http.post("/api/v1/auth/password", json=guess, headers=headers).status_code

    for _ in range(throttle.FREE_FAILURES_OF_ACCOUNT + 1):
        assert guess_once() == 401
    draw_out_delays(world)
    assert guess_once() == 429


def test_logging_in_says_when_the_device_was_last_heard_of(http, world):
    device_id = session_of(http)["device"]["id"]
    with world.parts.database.read() as session:
        assert session.get_one(Device, device_id).last_seen_at is not None


def test_the_wire_and_the_service_agree_on_a_passwords_length():
    from schemas import auth

    assert auth.MIN_PASSWORD_CHARS == passwords.MIN_PASSWORD_CHARS
    assert auth.MAX_PASSWORD_CHARS == passwords.MAX_PASSWORD_CHARS

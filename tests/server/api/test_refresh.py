"""Refresh tokens: a lost answer locks nobody out, a stolen one gets nobody in."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.errors import DomainError
from server.models import AuditEntry, RefreshToken, User
from server.services.accounts.refresh_tokens import digest_of
from server.services.accounts.sessions import refresh as refresh_service
from tests.server.entrance import ask, code, refresh, session_of


def successor(http, token):
    answer = refresh(http, token)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["refresh_token"]


def rows(world):
    with world.parts.database.read() as session:
        return session.scalars(select(RefreshToken)).all()


def acts(world, action):
    with world.parts.database.read() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


def test_a_refresh_rotates_and_answers_like_a_login(http, world):
    first = session_of(http)
    answer = refresh(http, first["refresh_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    second = answer.get_json()
    assert set(second) == set(first)
    assert second["refresh_token"] != first["refresh_token"]
    assert (second["user"], second["device"]) == (first["user"], first["device"])
    assert ask(http, second["access_token"]).status_code == 204


def test_only_digests_are_kept(http, world):
    token = session_of(http)["refresh_token"]
    assert [row.digest for row in rows(world)] == [hashlib.sha256(token.encode()).hexdigest()]


def test_a_lost_answer_is_asked_for_again_with_the_spent_token(http, world):
    spent = session_of(http)["refresh_token"]
    for _ in range(3):
        answered = successor(http, spent)
    assert refresh(http, answered).status_code == 200


def test_the_repetition_drops_the_successor_that_nobody_used(http, world):
    spent = session_of(http)["refresh_token"]
    lost, kept = successor(http, spent), successor(http, spent)
    assert code(refresh(http, lost)) == "token_invalid"
    assert refresh(http, kept).status_code == 200
    assert acts(world, "refresh_token_reused") == []


def test_a_spent_token_whose_successor_was_used_ends_the_family_and_is_on_the_record(http, world):
    stolen = session_of(http)["refresh_token"]
    held = successor(http, successor(http, stolen))
    assert code(refresh(http, stolen)) == "token_reused"
    assert code(refresh(http, held)) == "token_invalid"
    (act,) = acts(world, "refresh_token_reused")
    assert (act.user_id, act.target_type, act.organisation_id) == ("u-lead", "device", "brig-a")


def test_a_dropped_token_shows_the_theft_once_the_other_party_went_on(http, world):
    spent = session_of(http)["refresh_token"]
    owners, thiefs = successor(http, spent), successor(http, spent)
    thiefs_next = successor(http, thiefs)
    assert code(refresh(http, owners)) == "token_reused"
    assert code(refresh(http, thiefs_next)) == "token_invalid"


def test_reuse_on_one_device_leaves_the_persons_other_device_alone(http, world):
    tablet, phone = session_of(http)["refresh_token"], session_of(http)["refresh_token"]
    successor(http, successor(http, tablet))
    assert code(refresh(http, tablet)) == "token_reused"
    assert refresh(http, phone).status_code == 200


def test_after_a_reuse_the_device_may_log_in_again(http, world):
    session = session_of(http)
    successor(http, successor(http, session["refresh_token"]))
    refresh(http, session["refresh_token"])
    again = session_of(http, device_id=session["device"]["id"])
    assert again["device"]["id"] == session["device"]["id"]
    assert refresh(http, again["refresh_token"]).status_code == 200


def test_twenty_parallel_refreshes_of_one_token_leave_exactly_one_chain(app, http, world):
    token = session_of(http)["refresh_token"]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: refresh(app.test_client(), token), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    live = [row for row in rows(world) if row.revoked_at is None and row.used_at is None]
    assert len(live) == 1
    given = [answer.get_json()["refresh_token"] for answer in answers]
    (usable,) = [token for token in given if digest_of(token) == live[0].digest]
    dropped = [code(refresh(http, token)) for token in given if token != usable]
    assert dropped == ["token_invalid"] * 19
    assert refresh(http, usable).status_code == 200


def test_twenty_parallel_refreshes_of_a_reused_token_end_the_family_once(app, http, world):
    token = session_of(http)["refresh_token"]
    successor(http, successor(http, token))
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: code(refresh(app.test_client(), token)), range(20)))
    assert sorted(codes) == ["token_invalid"] * 19 + ["token_reused"]
    assert len(acts(world, "refresh_token_reused")) == 1


def test_a_used_and_a_repeated_token_at_once_never_leave_two_chains(app, http, world):
    for _ in range(5):
        spent = session_of(http)["refresh_token"]
        next_one = successor(http, spent)
        with ThreadPoolExecutor(2) as pool:
            tried = [next_one, spent]
            answers = list(pool.map(lambda token: refresh(app.test_client(), token), tried))
        good = [a.get_json()["refresh_token"] for a in answers if a.status_code == 200]
        assert len([t for t in good if refresh(http, t).status_code == 200]) <= 1


def test_logging_out_ends_the_family(http, world):
    session = session_of(http)
    assert ask(http, session["access_token"]).status_code == 204
    assert code(refresh(http, session["refresh_token"])) == "token_invalid"
    assert acts(world, "refresh_token_reused") == []


def test_a_second_login_on_a_device_ends_its_first_session(http, world):
    first = session_of(http)
    second = session_of(http, device_id=first["device"]["id"])
    assert code(refresh(http, first["refresh_token"])) == "token_invalid"
    assert refresh(http, second["refresh_token"]).status_code == 200


def test_a_token_lives_to_its_last_millisecond(http, world):
    token = session_of(http)["refresh_token"]
    (row,) = rows(world)
    assert row.expires_at - row.issued_at == timedelta(days=30)

    def outcome(now):
        with world.parts.database.write() as session:
            return refresh_service(
                session, token=token, refresh_days=30, request_id="r", now=now
            ).refresh_token

    assert outcome(row.expires_at - timedelta(milliseconds=1))
    with pytest.raises(DomainError, match="token_invalid"):
        outcome(row.expires_at)


def test_a_deactivated_accounts_refresh_token_is_worth_nothing(http, world):
    token = session_of(http)["refresh_token"]
    with world.parts.database.write() as session:
        session.get_one(User, "u-lead").active = False
    assert code(refresh(http, token)) == "token_invalid"


def test_invented_tokens_and_access_tokens_refresh_nothing(http, world):
    session = session_of(http)
    for token in ("x", "a" * 43, session["access_token"][:200], "’" * 40):
        assert code(refresh(http, token)) == "token_invalid"
    assert code(refresh(http, "a" * 201)) == "invalid_request"
    assert code(refresh(http, "")) == "invalid_request"

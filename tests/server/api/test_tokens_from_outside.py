"""Access tokens that nobody here issued, or that outlived what they stood for."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from server.auth import issue_access_token
from server.clock import now
from tests.conftest import SECRET
from tests.server.entrance import ask, code


def claims(**changes):
    moment = int(now().timestamp())
    return {
        "sub": "u-lead", "dev": "d-lead", "aud": "suijian", "iat": moment, "exp": moment + 600,
        **changes,
    }  # fmt: skip


def signed(payload, key=SECRET, algorithm="HS256", **headers):
    return jwt.encode(payload, key, algorithm=algorithm, headers=headers)


def unsigned(payload):
    parts = ({"alg": "none", "typ": "JWT"}, payload)
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b""]).decode()


def without(name):
    payload = claims()
    del payload[name]
    return payload


def test_the_right_token_is_taken(http, world):
    assert ask(http, signed(claims())).status_code == 204


@pytest.mark.parametrize(
    "forge",
    [
        lambda: unsigned(claims()),
        lambda: unsigned(claims()) + "c2lnbmF0dXJl",
        lambda: signed(claims(), key="another secret of more than thirty-two bytes, really"),
        lambda: signed(claims(), key=SECRET + "9" * 40, algorithm="HS512"),
        lambda: signed(claims(), algorithm="HS384"),
        lambda: signed(claims(aud="another service")),
        lambda: signed(without("aud")),
        lambda: signed(without("exp")),
        lambda: signed(without("sub")),
        lambda: signed(claims(sub="u-nobody")),
        lambda: signed(claims(dev="d-nobody")),
        lambda: signed(claims(dev="d-assistant")),
        lambda: signed(claims(dev={"id": "d-lead"})),
        lambda: signed(claims()) + "x",
        lambda: "a.b.c",
        lambda: "x" * 5000,
    ],
)
def test_a_forged_token_is_refused_and_says_nothing_more(http, world, forge):
    answer = ask(http, forge())
    assert answer.status_code == 401
    assert code(answer) == "token_invalid"
    assert answer.get_json()["details"] == {}


def test_an_expired_token_says_so(http, world):
    stale = issue_access_token(
        secret=SECRET, user_id="u-lead", device_id="d-lead", now=now() - timedelta(hours=1),
        minutes=15,
    )  # fmt: skip
    answer = ask(http, stale)
    assert (answer.status_code, code(answer)) == (401, "token_expired")


def test_without_a_token_only_the_entrance_answers(http, world):
    for path in ("/auth/logout", "/auth/password", "/devices", "/users", "/audit"):
        answer = (
            http.get(f"/api/v1{path}")
            if path[1] != "a" or path == "/audit"
            else (http.post(f"/api/v1{path}"))
        )
        assert (answer.status_code, code(answer)) == (401, "unauthenticated"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "bearer\tx", "Token x"])
def test_another_scheme_is_no_token(http, world, header):
    answer = http.post("/api/v1/auth/logout", headers={"Authorization": header})
    assert code(answer) in {"unauthenticated", "token_invalid"}


def test_a_deactivated_accounts_token_dies_at_once(http, world):
    assert world.lead.post("/auth/logout").status_code == 204
    assert world.admin.call("PATCH", "/users/u-lead", json={"active": False}).status_code == 200
    assert code(world.lead.post("/auth/logout")) == "token_invalid"


def test_a_token_of_a_device_that_is_another_persons_now_is_worth_nothing(http, world):
    assert code(ask(http, signed(claims(sub="u-assistant")))) == "token_invalid"


def test_the_body_is_not_read_before_the_token(http, world):
    answer = http.post("/api/v1/users", data=b"{" * 100_000, content_type="application/json")
    assert code(answer) == "unauthenticated"

"""Logging in from outside, for the tests of accounts and devices."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.world import PASSWORD

HOME = "198.51.100.7"
ELSEWHERE = "203.0.113.9"


def log_in(
    http: FlaskClient,
    username: str = "lead",
    password: str = PASSWORD,
    *,
    device_id: str | None = None,
    address: str = HOME,
) -> TestResponse:
    device = {"name": "平板", "platform": "android", **({"id": device_id} if device_id else {})}
    return http.post(
        "/api/v1/auth/login",
        json={"username": username, "password": password, "device": device},
        environ_overrides={"REMOTE_ADDR": address},
    )


def session_of(http: FlaskClient, username: str = "lead", **kwargs: Any) -> dict[str, Any]:
    answer = log_in(http, username, **kwargs)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def refresh(http: FlaskClient, token: str) -> TestResponse:
    return http.post("/api/v1/auth/refresh", json={"refresh_token": token})


def ask(http: FlaskClient, access_token: str, path: str = "/auth/logout") -> TestResponse:
    return http.post(f"/api/v1{path}", headers={"Authorization": f"Bearer {access_token}"})


def code(answer: TestResponse) -> str:
    body = answer.get_json()
    assert set(body) == {"code", "message", "details", "request_id"}
    return str(body["code"])

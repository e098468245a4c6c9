"""Log in, refresh, log out, change one's password."""

from typing import Any

from flask import g, request

from schemas.auth import LoginSchema, PasswordChangeSchema, RefreshSchema, SessionSchema
from server import clock
from server.api.device import device, entrance
from server.api.glue import error_responses, reading, writing
from server.auth import issue_access_token
from server.errors import DomainError
from server.failpoints import reach
from server.parts import parts
from server.services.accounts.devices import Installation
from server.services.accounts.own_password import begin_password_change, finish_password_change
from server.services.accounts.passwords import check_password, hash_password
from server.services.accounts.sessions import SignedIn, begin_login, finish_login, logout, refresh

Answer = tuple[dict[str, Any], int, dict[str, str]]
NOT_KEPT = {"Cache-Control": "no-store"}  # RFC 6749 §5.1: no cache keeps a token


@entrance.route("/auth/login", methods=["POST"])
@error_responses(400, 401, 403, 415, 429)
@entrance.arguments(LoginSchema)
@entrance.response(200, SessionSchema)
def log_in(asked: dict[str, Any]) -> Answer:
    """Log in with username and password, on a device"""
    installation = Installation(**{"id": None, **asked["device"]})
    with parts().database.read() as session:
        attempt = begin_login(
            session,
            username=asked["username"],
            device_id=installation.id,
            address=request.remote_addr or "",
            now=clock.now(),
        )
    verdict = check_password(attempt.password_hash, asked["password"])
    reach("login.checked")
    with parts().database.write(in_a_hurry=True) as session:
        outcome = finish_login(
            session,
            attempt=attempt,
            verdict=verdict,
            installation=installation,
            refresh_days=parts().settings.refresh_token_days,
            request_id=g.request_id,
            now=clock.now(),
        )
        reach("login.opened")
    reach("login.committed")
    return _session_answer(outcome)


@entrance.route("/auth/refresh", methods=["POST"])
@error_responses(400, 401, 403, 415)
@entrance.arguments(RefreshSchema)
@entrance.response(200, SessionSchema)
def continue_session(asked: dict[str, Any]) -> Answer:
    """Exchange the refresh token for new tokens; repeat it when the answer was lost"""
    with parts().database.write(in_a_hurry=True) as session:
        outcome = refresh(
            session,
            token=asked["refresh_token"],
            refresh_days=parts().settings.refresh_token_days,
            request_id=g.request_id,
            now=clock.now(),
        )
        reach("refresh.followed")
    reach("refresh.committed")
    return _session_answer(outcome)


@device.route("/auth/logout", methods=["POST"])
@error_responses(401, 403)
@device.response(204)
def log_out() -> None:
    """End the session of this device"""
    with writing() as (session, actor):
        logout(session, actor=actor, now=clock.now())


@device.route("/auth/password", methods=["POST"])
@error_responses(400, 401, 403, 415, 429)
@device.arguments(PasswordChangeSchema)
@device.response(204)
def change_own_password(asked: dict[str, Any]) -> None:
    """Change one's password; every session of the account ends"""
    address = request.remote_addr or ""
    with reading() as (session, actor):
        attempt = begin_password_change(session, actor=actor, address=address, now=clock.now())
    verdict = check_password(attempt.password_hash, asked["current_password"])
    new_hash = hash_password(asked["new_password"])
    with writing() as (session, actor):
        refusal = finish_password_change(
            session, actor=actor, attempt=attempt, verdict=verdict, password_hash=new_hash,
            now=clock.now(),
        )  # fmt: skip
    if refusal is not None:
        raise refusal


def _session_answer(outcome: SignedIn | DomainError) -> Answer:
    """The session, with an access token; a refusal is raised only now that its trace is kept."""
    if isinstance(outcome, DomainError):
        raise outcome
    settings = parts().settings
    access_token = issue_access_token(
        secret=settings.secret_key,
        user_id=outcome.user.id,
        device_id=outcome.device.id,
        now=clock.now(),
        minutes=settings.access_token_minutes,
    )
    session = {
        "access_token": access_token,
        "refresh_token": outcome.refresh_token,
        "expires_in": settings.access_token_minutes * 60,
        "user": outcome.user,
        "device": outcome.device,
    }
    return session, 200, NOT_KEPT

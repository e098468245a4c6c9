"""Accounts: who may log in."""

from typing import Any

from flask.views import MethodView

from schemas.auth import PasswordResetSchema, UserCreateSchema, UserPatchSchema, UserSchema
from schemas.common import PageArgs, page_of
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import User
from server.services.accounts.passwords import hash_password
from server.services.accounts.users import (
    change_user,
    create_user,
    list_users,
    reset_password,
    user_in_scope,
)


@supervisor.route("/users")
class Users(MethodView):
    """The accounts of one's part of the tree."""

    @error_responses(401, 403)
    @supervisor.arguments(PageArgs, location="query")
    @supervisor.response(200, page_of(UserSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The accounts, by id"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            rows = list_users(session, actor=actor, after=args.get("after"), limit=args["limit"])
        return page_of_rows(rows, limit=args["limit"])

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(UserCreateSchema)
    @supervisor.response(201, UserSchema)
    def post(self, asked: dict[str, Any]) -> User:
        """Make an account"""
        with reading("admin"):
            password_hash = hash_password(asked.pop("password"))
        with writing("admin") as (session, actor):
            return create_user(
                session, actor=actor, password_hash=password_hash, now=clock.now(), **asked
            )


@supervisor.route("/users/<user_id>")
class OneUser(MethodView):
    """One account."""

    @error_responses(401, 403, 404)
    @supervisor.response(200, UserSchema)
    def get(self, user_id: str) -> User:
        """One account"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return user_in_scope(session, actor=actor, user_id=user_id)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(UserPatchSchema)
    @supervisor.response(200, UserSchema)
    def patch(self, patch: dict[str, Any], user_id: str) -> User:
        """Change an account; `active: false` deactivates it and ends its sessions"""
        with writing("admin") as (session, actor):
            return change_user(session, actor=actor, user_id=user_id, patch=patch, now=clock.now())


@supervisor.route("/users/<user_id>/password", methods=["POST"])
@error_responses(400, 401, 403, 404, 415)
@supervisor.arguments(PasswordResetSchema)
@supervisor.response(204)
def set_password(asked: dict[str, Any], user_id: str) -> None:
    """Give an account a new password; its sessions end"""
    with reading("admin") as (session, actor):
        user_in_scope(session, actor=actor, user_id=user_id)
    password_hash = hash_password(asked["password"])
    with writing("admin") as (session, actor):
        reset_password(
            session, actor=actor, user_id=user_id, password_hash=password_hash, now=clock.now()
        )

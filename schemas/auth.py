"""Accounts and devices on the wire: login, refresh, devices, users, the audit trail."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, PageArgs, Text, UtcTime

ROLES = ("officer", "supervisor", "admin", "auditor", "helper")
DEVICE_STATES = ("active", "draining", "revoked", "wipe")
USERNAME_PATTERN = "^[a-z0-9\u4e00-\u9fff][a-z0-9\u4e00-\u9fff._-]{1,63}$"
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
MAX_AUDIT_ID = 2**63 - 1


class NewPassword(Text):
    """A password to keep: length counts, not a mixture of signs."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(
            minimum=MIN_PASSWORD_CHARS, maximum=MAX_PASSWORD_CHARS, required=True, load_only=True,
            **kwargs,
        )  # fmt: skip


class InstallationSchema(ma.Schema):
    """The installation that logs in; `id` only when the server gave it one."""

    id = Id(metadata={"description": "given by an earlier login of the same person"})
    name = Text(required=True, minimum=1, maximum=100)
    platform = Text(required=True, minimum=1, maximum=100)


class LoginSchema(ma.Schema):
    """A login."""

    username = Text(required=True, minimum=1, maximum=64)
    password = Text(required=True, minimum=1, maximum=MAX_PASSWORD_CHARS, load_only=True)
    device = ma.fields.Nested(InstallationSchema, required=True)


class RefreshSchema(ma.Schema):
    """The refresh token; one whose answer was lost may be sent again."""

    refresh_token = Text(required=True, minimum=1, maximum=200)


class PersonSchema(ma.Schema):
    """Who logged in."""

    id = Id(required=True)
    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True, validate=validate.OneOf(ROLES))
    organisation_id = Id(required=True)
    officer_id = Id(required=True, allow_none=True)


class SessionDeviceSchema(ma.Schema):
    """The device that the server knows this installation as."""

    id = Id(required=True)
    name = ma.fields.String(required=True)
    platform = ma.fields.String(required=True)


class SessionSchema(ma.Schema):
    """A session: an access token of minutes and the refresh token that continues it."""

    access_token = ma.fields.String(required=True)
    refresh_token = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})
    user = ma.fields.Nested(PersonSchema, required=True)
    device = ma.fields.Nested(SessionDeviceSchema, required=True)


class PasswordChangeSchema(ma.Schema):
    """One's own new password."""

    current_password = Text(required=True, minimum=1, maximum=MAX_PASSWORD_CHARS, load_only=True)
    new_password = NewPassword()


class PasswordResetSchema(ma.Schema):
    """A new password, set by an administrator."""

    password = NewPassword()


class UserSchema(PersonSchema):
    """An account."""

    username = ma.fields.String(required=True)
    active = ma.fields.Boolean(required=True)
    created_at = UtcTime(required=True)


class UserCreateSchema(ma.Schema):
    """A new account. An officer's names the officer of the register."""

    username = ma.fields.String(required=True, validate=validate.Regexp(USERNAME_PATTERN))
    password = NewPassword()
    name = Text(required=True, minimum=1, maximum=100)
    role = ma.fields.String(required=True, validate=validate.OneOf(ROLES))
    organisation_id = Id(required=True)
    officer_id = Id(load_default=None, allow_none=True)


class UserPatchSchema(ma.Schema):
    """What changes; absent: unchanged. `active: false` ends every session of the account."""

    name = Text(minimum=1, maximum=100)
    role = ma.fields.String(validate=validate.OneOf(ROLES))
    organisation_id = Id()
    officer_id = Id(allow_none=True)
    active = ma.fields.Boolean(truthy={True}, falsy={False})


class DeviceSchema(ma.Schema):
    """A device and when it was last heard of (`last_seen_at`: logged in or refreshed)."""

    id = Id(required=True)
    name = ma.fields.String(required=True)
    platform = ma.fields.String(required=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(DEVICE_STATES))
    user_id = Id(required=True)
    user_name = ma.fields.String(required=True)
    organisation_id = Id(required=True)
    created_at = UtcTime(required=True)
    last_seen_at = UtcTime(required=True, allow_none=True)
    last_push_at = UtcTime(required=True, allow_none=True)
    wiped_at = UtcTime(
        required=True,
        allow_none=True,
        metadata={"description": "when a lost device made contact and was told to drop its data"},
    )
    drain_until = UtcTime(
        required=True, allow_none=True, metadata={"description": "of a draining one: at the latest"}
    )
    pending = ma.fields.List(
        ma.fields.Dict(),
        required=True,
        allow_none=True,
        metadata={"description": "what it last said still waits: `{task_id, ops, photos}` each"},
    )
    pending_told_at = UtcTime(required=True, allow_none=True)


class RevokeArgs(ma.Schema):
    """How a device is stopped."""

    drain = ma.fields.Boolean(
        load_default=False,
        metadata={
            "description": "let it send what it holds first; it is revoked when it says that "
            "nothing waits, or after `SALVAGE_DAYS`"
        },
    )


class DeviceArgs(PageArgs):
    """Which devices."""

    user_id = Id()


class AuditArgs(ma.Schema):
    """Which entries of the audit trail; newest first."""

    after = ma.fields.Integer(
        validate=validate.Range(1, MAX_AUDIT_ID), metadata={"description": "`next` of before"}
    )
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, 200))
    target_type = Text(maximum=40)
    target_id = Id()
    user_id = Id(metadata={"description": "who acted"})
    action = Text(maximum=64)


class AuditEntrySchema(ma.Schema):
    """One act."""

    id = ma.fields.Integer(required=True)
    at = UtcTime(required=True)
    user_id = Id(required=True, allow_none=True)
    device_id = Id(required=True, allow_none=True)
    organisation_id = Id(required=True, allow_none=True)
    request_id = ma.fields.String(required=True, allow_none=True)
    action = ma.fields.String(required=True)
    target_type = ma.fields.String(required=True)
    target_id = ma.fields.String(required=True)
    before = ma.fields.Dict(required=True, allow_none=True)
    after = ma.fields.Dict(required=True, allow_none=True)
    sealed_at = UtcTime(
        required=True, allow_none=True, metadata={"description": "when it was chained"}
    )


class AuditPageSchema(ma.Schema):
    """A page of the audit trail."""

    items = ma.fields.List(ma.fields.Nested(AuditEntrySchema), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)

"""Photos on the wire, besides their bytes: what need not be sent, what will never come."""

import marshmallow as ma
from marshmallow import validate

from custody.kinds import KINDS
from schemas.common import Id, Text, UtcTime, WholeMatch

MAX_DIGESTS = 1000
SHA256_PATTERN = r"^[0-9a-f]{64}\Z"
PHOTO_STATES = ("declared", "received", "verified", "quarantined", "lost", "deleting", "deleted")
REQUEST_STATES = ("open", "approved", "refused", "withdrawn", "found")


def _digests() -> ma.fields.List[str]:
    return ma.fields.List(
        ma.fields.String(validate=validate.Regexp(SHA256_PATTERN)),
        required=True,
        metadata={"description": "sha256 of whole files, 64 lower-case hexadecimal digits"},
        validate=validate.Length(max=MAX_DIGESTS),
    )


class PhotoCheckSchema(ma.Schema):
    """Which files a device has."""

    sha256 = _digests()


class PhotoCheckedSchema(ma.Schema):
    """Which of them need not be sent, and which must be."""

    have = _digests()
    need = _digests()


class LostPhotoSchema(ma.Schema):
    """Why a photo will never come."""

    reason = Text(required=True, minimum=1, maximum=1000)


class ApproveLostSchema(ma.Schema):
    """What its approver says about it, if anything."""

    note = Text(load_default=None, allow_none=True, minimum=1, maximum=1000)


class LostRequestSchema(ma.Schema):
    """A request to call a photo lost (申报遗失), and what became of it."""

    state = ma.fields.String(required=True, validate=validate.OneOf(REQUEST_STATES))
    reason = ma.fields.String(required=True)
    asked_by = ma.fields.String(required=True)
    asked_by_name = ma.fields.String(required=True, allow_none=True)
    asked_on = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the device; null: at a console"},
    )
    asked_at = UtcTime(required=True)
    decided_by = ma.fields.String(required=True, allow_none=True)
    decided_by_name = ma.fields.String(required=True, allow_none=True)
    decided_at = UtcTime(required=True, allow_none=True)
    decision = ma.fields.String(required=True, allow_none=True)


class PhotoSchema(ma.Schema):
    """A declared photo as supervisors see it."""

    id = ma.fields.String(required=True)
    task_id = ma.fields.String(required=True)
    sha256 = ma.fields.String(required=True, allow_none=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(PHOTO_STATES))
    lost_reason = ma.fields.String(required=True, allow_none=True)
    lost_request = ma.fields.Nested(LostRequestSchema, required=True, allow_none=True)
    declared_at = UtcTime(required=True)
    received_at = UtcTime(required=True, allow_none=True)
    verified_at = UtcTime(required=True, allow_none=True)


MISSING_STATES = ("declared", "uploading", "received", "quarantined", "not_declared")


class MissingFilterArgs(ma.Schema):
    """Whose missing photos."""

    task_id = Id()
    organisation_id = Id()


class MissingListArgs(MissingFilterArgs):
    """Which missing photos to list; the mark is the `next` of the page before."""

    after = ma.fields.String(
        validate=WholeMatch(r"[0-9]{1,15}(/[A-Za-z0-9._-]{1,64}){2}"),
        metadata={"description": "the `next` of the page before"},
    )
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, 200))


class FaultSchema(ma.Schema):
    """What was wrong with the file that came."""

    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class MissingPhotoSchema(ma.Schema):
    """A photo that approval waits for: who declared it, on which device, and where it stands."""

    photo_id = ma.fields.String(required=True)
    state = ma.fields.String(
        required=True,
        validate=validate.OneOf(MISSING_STATES),
        metadata={
            "description": "`uploading`: `received_bytes` of `size_bytes` are here; "
            "`not_declared`: named, but its declaration never came"
        },
    )
    task_id = ma.fields.String(required=True)
    task_number = ma.fields.String(required=True)
    task_status = ma.fields.String(required=True)
    organisation_id = ma.fields.String(required=True)
    organisation = ma.fields.String(required=True)
    of_type = ma.fields.String(required=True)
    of_id = ma.fields.String(required=True)
    filename = ma.fields.String(required=True, allow_none=True)
    taken_at = ma.fields.String(required=True, allow_none=True)
    size_bytes = ma.fields.Integer(required=True, allow_none=True)
    received_bytes = ma.fields.Integer(required=True)
    fault = ma.fields.Nested(FaultSchema, required=True, allow_none=True)
    lost_request = ma.fields.Dict(required=True, allow_none=True)
    declared_at = UtcTime(required=True, metadata={"description": "when the server heard of it"})
    user_id = ma.fields.String(required=True, allow_none=True)
    user_name = ma.fields.String(required=True, allow_none=True)
    device_id = ma.fields.String(required=True)
    device_name = ma.fields.String(required=True, allow_none=True)
    device_last_seen_at = UtcTime(required=True, allow_none=True)


class MissingCountsSchema(ma.Schema):
    """How many photos are missing."""

    total = ma.fields.Integer(required=True)
    by_state = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    uploading = ma.fields.Integer(required=True)
    lost_asked = ma.fields.Integer(required=True)
    oldest_at = UtcTime(required=True, allow_none=True)


class CustodyArgs(ma.Schema):
    """Which page of a photo's ledger."""

    after = ma.fields.Integer(
        load_default=0, strict=False, validate=validate.Range(0, 2**53),
        metadata={"description": "the `next` of the page before"},
    )  # fmt: skip
    limit = ma.fields.Integer(load_default=100, strict=False, validate=validate.Range(1, 200))


class CustodyEventSchema(ma.Schema):
    """Something that happened to a photo, and its link in the photo's chain."""

    id = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=validate.OneOf(KINDS))
    at = UtcTime(required=True)
    user_id = ma.fields.String(required=True, allow_none=True)
    user_name = ma.fields.String(required=True, allow_none=True)
    device_id = ma.fields.String(required=True, allow_none=True)
    device_name = ma.fields.String(required=True, allow_none=True)
    details = ma.fields.Dict(required=True)
    position = ma.fields.Integer(
        required=True, allow_none=True,
        metadata={"description": "in the photo's chain, from 1; none until it is sealed"},
    )  # fmt: skip
    digest = ma.fields.String(required=True, allow_none=True)
    sealed_at = UtcTime(required=True, allow_none=True)
    anchored_on = ma.fields.Date(
        required=True, allow_none=True,
        metadata={"description": "the day whose anchor, outside the database, covers it"},
    )  # fmt: skip


class CustodySchema(ma.Schema):
    """A page of a photo's ledger, in the order of its chain."""

    photo_id = ma.fields.String(required=True)
    items = ma.fields.List(ma.fields.Nested(CustodyEventSchema), required=True)
    next = ma.fields.Integer(required=True, allow_none=True)

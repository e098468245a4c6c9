"""Photos on the wire, besides their bytes: what need not be sent, what will never come."""

import marshmallow as ma
from marshmallow import validate

from schemas.common import Text, UtcTime

MAX_DIGESTS = 1000
SHA256_PATTERN = r"^[0-9a-f]{64}\Z"
PHOTO_STATES = ("declared", "received", "verified", "quarantined", "lost")


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


class PhotoSchema(ma.Schema):
    """A declared photo as supervisors see it."""

    id = ma.fields.String(required=True)
    task_id = ma.fields.String(required=True)
    sha256 = ma.fields.String(required=True, allow_none=True)
    state = ma.fields.String(required=True, validate=validate.OneOf(PHOTO_STATES))
    lost_reason = ma.fields.String(required=True, allow_none=True)
    declared_at = UtcTime(required=True)
    received_at = UtcTime(required=True, allow_none=True)
    verified_at = UtcTime(required=True, allow_none=True)

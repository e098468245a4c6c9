"""Fields and schemas that every part of the wire shares."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import marshmallow as ma
from marshmallow import validate

ID_PATTERN = r"^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$"
MAX_TEXT = 4000


class WholeMatch(validate.Regexp):
    """A pattern that the whole text must fit; `$` alone would let a last line break through."""

    def __call__(self, value: Any) -> Any:
        """The value, if it fits."""
        if self.regex.fullmatch(value) is None:
            raise ma.ValidationError(self._format_error(value))
        return value


def is_storable(text: str) -> bool:
    """Whether every database can keep a text: no NUL, no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


class Text(ma.fields.String):
    """Text that every database can keep: no NUL, no lone surrogate, at most `maximum` signs."""

    default_error_messages = {"unstorable": "Contains a character that cannot be stored."}

    def __init__(self, *, maximum: int = MAX_TEXT, minimum: int = 0, **kwargs: Any) -> None:
        checks = [validate.Length(min=minimum, max=maximum), *kwargs.pop("validators", ())]
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_storable(text):
            raise self.make_error("unstorable")
        return text


class Id(ma.fields.String):
    """An id: 1–64 of `A-Z a-z 0-9 . _ -`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=WholeMatch(ID_PATTERN), **kwargs)


class UtcTime(ma.fields.AwareDateTime):
    """ISO 8601 on the wire, aware UTC inside; written with milliseconds and `Z`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=None, **kwargs)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type="datetime") from None


class ReasonSchema(ma.Schema):
    """Why; it stays for good."""

    reason = Text(required=True, minimum=1, maximum=1000)


class ErrorEnvelopeSchema(ma.Schema):
    """The one envelope of every error."""

    code = ma.fields.String(required=True, metadata={"description": "stable code, docs/errors.md"})
    message = ma.fields.String(required=True, metadata={"description": "what to do next, Chinese"})
    details = ma.fields.Dict(required=True)
    request_id = ma.fields.String(required=True)


class PageArgs(ma.Schema):
    """Paging by the last id seen."""

    after = Id(metadata={"description": "the `next` of the page before"})
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, 200), strict=False)


@cache
def page_of(item: type[ma.Schema]) -> ma.Schema:
    """A schema for a page of items with the mark where the next begins."""
    return ma.Schema.from_dict(
        {
            "items": ma.fields.List(ma.fields.Nested(item), required=True),
            "next": ma.fields.String(required=True, allow_none=True),
        },
        name=f"{item.__name__.removesuffix('Schema')}Page",
    )()

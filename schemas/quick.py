"""The short way through a schema, compiled from its own fields, for what a push has thousands of.

marshmallow takes about 50 µs for a finding; most of that finds nothing wrong. What is compiled here
lets pass only what marshmallow would surely load, and loads it to the same values. For anything
else it gives None, and marshmallow decides and explains. So the schema stays the one source of
truth, and every error is marshmallow's own.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
from marshmallow import validate

from schemas.common import Id, Text, WholeMatch
from schemas.entities import MAX_LIST, Notes, WireDate, WireTime, day_text, utc_text

Load = Callable[[Mapping[str, Any]], dict[str, Any] | None]
#: a value → what marshmallow would load; raises where that is not sure
Convert = Callable[[Any], Any]


class NotSure(Exception):
    """A value that must be looked at by marshmallow."""


def compile_schema(schema: ma.Schema) -> Load:
    """A loader for objects of this schema: the loaded values, or None where marshmallow must look.

    A schema with hooks (`validates_schema`, `post_load`, …) is always marshmallow's.
    """
    if any(schema._hooks.values()):
        return lambda _: None
    fields = {name: _compiled(field) for name, field in schema.load_fields.items()}
    nulls = {name: None for name, field in schema.load_fields.items() if field.allow_none}
    defaults = {
        name: field.load_default
        for name, field in schema.load_fields.items()
        if field.load_default is not ma.missing
    }
    required = {name for name, field in schema.load_fields.items() if field.required}

    def load(data: Mapping[str, Any]) -> dict[str, Any] | None:
        if not required <= data.keys():
            return None
        loaded: dict[str, Any] = {}
        try:
            for name, value in data.items():
                loaded[name] = nulls[name] if value is None else fields[name](value)
        except (NotSure, KeyError, ValueError, OverflowError, ma.ValidationError):
            return None
        for name, default in defaults.items():
            if name not in loaded:
                loaded[name] = default() if callable(default) else default
        return loaded

    return load


def _compiled(field: ma.fields.Field[Any]) -> Convert:
    make = _MAKERS.get(type(field))
    convert = make(field) if make else None
    return convert or field.deserialize


def _text(field: Any) -> Convert | None:
    """A text with bounds on its length, and storable if the field asks for that."""
    match field.validators:
        case [validate.Length(equal=None, min=low, max=high)]:
            least, most = low or 0, high if high is not None else float("inf")
        case _:
            return None
    must_be_storable = isinstance(field, Text)

    def convert(value: Any) -> Any:
        if type(value) is not str or not least <= len(value) <= most:
            raise NotSure
        if must_be_storable:
            value.encode()  # as in `is_storable`, which is called by marshmallow's own way
            if "\x00" in value:
                raise NotSure
        return value

    return convert


def _code(field: Any) -> Convert | None:
    """A text that is one of a list or fits a pattern."""
    match field.validators:
        case [validate.OneOf(choices=choices)]:
            fits: Callable[[str], Any] = frozenset(choices).__contains__
        case [WholeMatch(regex=re.Pattern() as pattern)]:
            fits = pattern.fullmatch
        case _:
            return _text(field)

    def convert(value: Any) -> Any:
        if type(value) is not str or not fits(value):
            raise NotSure
        return value

    return convert


def _number(field: Any) -> Convert | None:
    """A number within bounds."""
    match field.validators:
        case [validate.Range(min=low, max=high, min_inclusive=True, max_inclusive=True)] if (
            low is not None and high is not None
        ):
            least, most = low, high
        case _:
            return None
    whole = isinstance(field, ma.fields.Integer)
    kinds = (int,) if whole else (int, float)  # never bool
    reads_digits = whole and not field.strict  # as they stand in an address

    def convert(value: Any) -> Any:
        if reads_digits and type(value) is str and value.isascii() and value.isdigit():
            value = int(value)
        if type(value) not in kinds or not least <= value <= most:
            raise NotSure
        return field.num_type(value)

    return convert


def _iso(write: Callable[[str], str]) -> Callable[[Any], Convert | None]:
    """A time or a day, as it is written on the wire."""

    def make(field: Any) -> Convert | None:
        if field.validators:
            return None

        def convert(value: Any) -> Any:
            if type(value) is not str:
                raise NotSure
            return write(value)

        return convert

    return make


def _notes(field: Any) -> Convert | None:
    """One note or several."""
    text = _text(field.text)
    if text is None or field.validators:
        return None

    def convert(value: Any) -> Any:
        if type(value) is str:
            return [text(value)]
        if type(value) is not list or not 1 <= len(value) <= MAX_LIST:
            raise NotSure
        return [text(each) for each in value]

    return convert


_TEXTS = frozenset({str})


def _object(field: Any) -> Convert | None:
    """A JSON object of whatever values."""
    if type(field.key_field) is not ma.fields.String or field.value_field or field.validators:
        return None

    def convert(value: Any) -> Any:
        if type(value) is not dict or not _TEXTS.issuperset(map(type, value)):
            raise NotSure
        return value

    return convert


def _anything(field: Any) -> Convert | None:
    """Any JSON value."""
    if field.validators:
        return None

    def convert(value: Any) -> Any:
        if value is None:
            raise NotSure
        return value

    return convert


_MAKERS: dict[type, Callable[[Any], Convert | None]] = {
    Text: _text,
    Id: _code,
    ma.fields.String: _code,
    ma.fields.Float: _number,
    ma.fields.Integer: _number,
    WireTime: _iso(utc_text),
    WireDate: _iso(day_text),
    Notes: _notes,
    ma.fields.Dict: _object,
    ma.fields.Raw: _anything,
}

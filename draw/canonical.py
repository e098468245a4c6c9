"""Canonical JSON (规范 JSON): RFC 8785 with only objects, lists, text, integers, booleans and null.

Text is NFC, keys are ASCII, integers stay below 2^53. A float, a repeated key and whatever else
would let two programs read one file differently is refused.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from draw.faults import MAX_FAULTS, Fault, Refused, refuse, refuse_any

MAX_INTEGER = 2**53 - 1
#: a Python integer of more digits than 2^53 has is never made
MAX_DIGITS = len(str(MAX_INTEGER))
#: far above any bundle, far below every parser's own limit
MAX_DEPTH = 64

#: RFC 8785, 3.2: no blanks, keys sorted. ASCII keys sort alike by bytes and by UTF-16 units.
encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class _Unfit(NamedTuple):
    """Stands in a parsed value where something stood that is refused."""

    code: str
    found: str


class _UnfitMet(ValueError):
    """Something that is refused was met; it has to be looked for."""


def parse(raw: bytes, path: str = "") -> Any:
    """The value of a JSON text. Raises Refused, with the place of each fault."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse("not_utf8", path, "UTF-8", f"byte {error.start}") from None
    try:
        value = _STRICT.decode(text)
    except _UnfitMet:
        raise Refused(_first(unfit(_MARKING.decode(text), path))) from None
    except json.JSONDecodeError as error:
        raise refuse("not_json", path, "JSON", f"{error.msg}: character {error.pos}") from None
    except RecursionError:
        raise refuse("too_deep", path, f"at most {MAX_DEPTH} levels") from None
    if _is_suspicious(text):
        refuse_any(_first(unfit(value, path)))
    return value


def canonical(value: Any, path: str = "") -> bytes:
    """The one way to write a value, as UTF-8. Raises Refused for what is not allowed."""
    refuse_any(_first(unfit(value, path)))
    return encode(value).encode()


def _first(faults: Iterator[Fault]) -> Iterable[Fault]:
    return [fault for fault, _ in zip(faults, range(MAX_FAULTS), strict=False)]


def _is_suspicious(text: str) -> bool:
    """Whether a text that parsed must still be looked through: escapes may hide half a surrogate,
    other characters may not be NFC (every part of an NFC text is NFC), brackets may be deep."""
    if text.isascii():
        fine = "\\u" not in text
    else:
        fine = "\\u" not in text and unicodedata.is_normalized("NFC", text)
    return not fine or text.count("[") + text.count("{") > MAX_DEPTH


def unfit(value: Any, path: str, depth: int = 0) -> Iterator[Fault]:
    """Every place in a value that canonical JSON does not allow."""
    if depth > MAX_DEPTH:
        yield Fault("too_deep", path, f"at most {MAX_DEPTH} levels")
    elif isinstance(value, str):
        yield from _unfit_text(value, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unfit_key(key, path)
            yield from unfit(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unfit(inner, f"{path}[{index}]", depth + 1)
    else:
        yield from _unfit_scalar(value, path)


def _unfit_text(text: str, path: str) -> Iterator[Fault]:
    if text.isascii():
        return
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield Fault("lone_surrogate", path, "whole characters", text)
    elif not unicodedata.is_normalized("NFC", text):
        yield Fault("text_not_nfc", path, unicodedata.normalize("NFC", text), text)


def _unfit_key(key: Any, path: str) -> Iterator[Fault]:
    if not isinstance(key, str) or not key.isascii():
        yield Fault("key_not_ascii", path, "an ASCII key", key)


def _unfit_scalar(value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, _Unfit):
        yield Fault(value.code, path, None, value.found)
    elif isinstance(value, float):
        yield Fault(_float_code(repr(value)), path, "an integer", value)
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            yield Fault("integer_too_large", path, "below 2^53")
    elif value is not None:
        yield Fault("wrong_type", path, "JSON", type(value).__name__)


def _float_code(text: str) -> str:
    return "not_a_number" if text.strip("-") in {"NaN", "Infinity", "nan", "inf"} else "float"


def _integer(text: str) -> int:
    if len(text) <= MAX_DIGITS + 1 and abs(number := int(text)) <= MAX_INTEGER:
        return number
    raise _UnfitMet


def _stop(_text: str) -> None:
    raise _UnfitMet


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs) or not "".join(whole).isascii():
        raise _UnfitMet
    return whole


def _marked_integer(text: str) -> Any:
    try:
        return _integer(text)
    except _UnfitMet:
        return _Unfit("integer_too_large", text[: MAX_DIGITS + 1])


def _marked_float(text: str) -> _Unfit:
    return _Unfit(_float_code(text), text)


def _marked_object(pairs: list[tuple[str, Any]]) -> Any:
    whole: dict[str, Any] = {}
    for key, value in pairs:
        if key in whole:
            return _Unfit("repeated_key", key)
        whole[key] = value
    return whole


#: stops at the first thing that is refused, without knowing where it is
_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_stop, parse_constant=_stop
)
#: marks all of them, so that their places can be told
_MARKING = json.JSONDecoder(
    object_pairs_hook=_marked_object, parse_int=_marked_integer,
    parse_float=_marked_float, parse_constant=_marked_float,
)  # fmt: skip

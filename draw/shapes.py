"""How rows are checked: a table of fields, each with what must hold of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from draw.faults import Fault

#: 1–64 printable ASCII characters without blank (编号); never a person's name
MAX_CODE = 64
_CODE = re.compile(rf"[!-~]{{1,{MAX_CODE}}}")
#: 32 bytes as lower-case hexadecimal digits
_HEX = re.compile(r"[0-9a-f]{64}")
#: month, division code (GB/T 2260), name of the plan, attempt
_SLOT = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])/[0-9]{6}/[^/#\x00-\x1f\x7f]+#[1-9][0-9]*")


class Field(NamedTuple):
    """What must hold of a field, the fault if it does not, and what should stand there."""

    holds: Callable[[Any], bool]
    code: str
    expected: str


def is_code(value: Any) -> bool:
    """Whether a value is a code."""
    return type(value) is str and _CODE.fullmatch(value) is not None


def is_hex(value: Any) -> bool:
    """Whether a value is the hex of 32 bytes."""
    return type(value) is str and _HEX.fullmatch(value) is not None


def is_slot(value: Any) -> bool:
    """Whether a value is written as a slot (期次)."""
    return type(value) is str and _SLOT.fullmatch(value) is not None


def is_text(value: Any) -> bool:
    """Whether a value is a text with something in it."""
    return type(value) is str and value != ""


def or_null(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The same, or null."""
    return lambda value: value is None or holds(value)


def whole(value: Any, low: int = 0, high: int | None = None) -> bool:
    """Whether a value is an integer in a range; true and false are none."""
    return type(value) is int and low <= value and (high is None or value <= high)


def list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value is a list of such."""
    return lambda value: type(value) is list and all(map(holds, value))


CODE = Field(is_code, "not_a_code", "a code")
CODE_OR_NULL = Field(or_null(is_code), "not_a_code", "a code or null")
CODES = Field(list_of(is_code), "not_a_code", "a list of codes")
FLAG = Field(lambda value: type(value) is bool, "wrong_type", "true or false")
TEXT = Field(lambda value: type(value) is str, "wrong_type", "text")
WORDS = Field(is_text, "empty_text", "text")
HEX = Field(is_hex, "not_hex", "64 hexadecimal digits")
HEX_OR_NULL = Field(or_null(is_hex), "not_hex", "64 hexadecimal digits or null")
LIST = Field(lambda value: type(value) is list, "wrong_type", "a list")
OBJECT = Field(lambda value: type(value) is dict, "wrong_type", "an object")


def misshapen(
    value: Any, path: str, fields: Mapping[str, Field], *, further: bool = False
) -> Iterator[Fault]:
    """What is wrong with an object that must have these fields, and no others unless `further`."""
    if type(value) is not dict:
        yield Fault("wrong_type", path, "an object", value)
        return
    for name, field in fields.items():
        if name not in value:
            yield Fault("missing_key", f"{path}.{name}".strip("."), field.expected)
        elif not field.holds(value[name]):
            yield Fault(field.code, f"{path}.{name}".strip("."), field.expected, value[name])
    if not further:
        for name in sorted(value.keys() - fields.keys()):
            yield Fault("unknown_key", f"{path}.{name}".strip("."), None, value[name])


def repeated(values: list[Any], code: str, path: str, name: str = "") -> Iterator[Fault]:
    """A fault for each value that stood in the list before; `name` is its field in a row."""
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Fault(code, f"{path}[{index}]{name}", "each once", value)
        seen.add(value)

"""When an item applies: the part of XLSForm's `relevant` that devices and server both understand.

`${code} = 'value'` or `${code} != 'value'`, several joined by `and`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_CONDITION = re.compile(r"\s*\$\{\s*([^{}\s]+)\s*\}\s*(!?=)\s*(?:'([^'\"]*)'|\"([^'\"]*)\")\s*")


class Condition(NamedTuple):
    """One comparison of an item's value."""

    code: str
    equal: bool
    value: str

    def __str__(self) -> str:
        return f"${{{self.code}}} {'=' if self.equal else '!='} '{self.value}'"


def parse_relevant(text: str) -> list[Condition] | None:
    """The conditions of a text, all of which must hold; nothing where it says anything else."""
    found = [_CONDITION.fullmatch(part) for part in re.split(r"\band\b(?=\s*\$\{)", text)]
    if not all(found):
        return None
    return [
        Condition(match[1], match[2] == "=", match[3] if match[3] is not None else match[4])
        for match in found
        if match
    ]


def write_relevant(conditions: list[Condition], rename: Callable[[str], str]) -> str:
    """The conditions as text, their items renamed (a code is not always an XLSForm name)."""
    return " and ".join(str(each._replace(code=rename(each.code))) for each in conditions)


def is_relevant(item: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether an item applies under the given values by item code; an absent value equals none."""
    return all(
        (values.get(code) == value) == equal
        for code, equal, value in parse_relevant(item.get("relevant", "")) or []
    )

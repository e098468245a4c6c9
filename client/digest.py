"""Digests of what the device holds, byte for byte as the server makes them.

An entity: SHA-256 of `00` and the canonical JSON (RFC 8785) of `[type, id, rev, data]`. A range:
SHA-256 of `01` and the digests of its entities in the order of their ids. Vectors for a client of
your own stand in `docs/vectors/digest.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Any

FORMAT = "suijian-digest/1"
EXACT_BELOW = 2**53
"""Whole numbers that a double holds exactly, as every JSON number is one by RFC 8785."""


def entity_digest(type_: str, id_: str, rev: int, data: Any) -> bytes:
    """The digest of one entity."""
    return sha256(b"\x00" + canonical([type_, id_, rev, data]).encode()).digest()


def range_digest(digests: Iterable[bytes]) -> bytes:
    """The digest of entities that follow each other."""
    return sha256(b"\x01" + b"".join(digests)).digest()


def canonical(value: Any) -> str:
    """JSON by RFC 8785: no blanks, names in order, numbers and texts as ECMAScript writes them."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(n) + ":" + canonical(value[n]) for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(each) for each in value) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    if value == int(value) and abs(value) < EXACT_BELOW:
        return str(int(value))
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if len(text) <= point <= 21:
        text = text.ljust(point, "0")
    elif 0 < point <= 21:
        text = text[:point] + "." + text[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        text = text[0] + ("." + text[1:] if text[1:] else "") + f"e{point - 1:+d}"
    return "-" * sign + text

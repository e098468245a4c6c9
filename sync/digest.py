"""Digests (摘要): a few bytes that say whether two sides hold the same, and if not, where.

An entity's digest covers its type, id, version and data; a range's digest covers the digests of its
entities in the order of their ids. Both are told apart by their first byte, as in RFC 6962. The
data is written by RFC 8785 (JSON Canonicalization Scheme), so that no spelling of a number, no
order of names and no blank makes a difference. Vectors stand in docs/vectors/digest.json.
"""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

FORMAT = "suijian-digest/1"
ENTITY, RANGE = b"\x00", b"\x01"
MAX_SAFE_INTEGER = 2**53 - 1

Item = TypeVar("Item")


def entity_digest(type_: str, id_: str, rev: int, data: Any) -> bytes:
    """SHA-256 of a zero byte and the canonical JSON of `[type, id, rev, data]`."""
    return sha256(ENTITY + canonical([type_, id_, rev, data]).encode()).digest()


def range_digest(digests: Iterable[bytes]) -> bytes:
    """SHA-256 of a one byte and the entities' digests, in the byte order of types, then ids."""
    whole = sha256(RANGE)
    for digest in digests:
        whole.update(digest)
    return whole.digest()


def split(items: Sequence[Item], parts: int) -> list[Sequence[Item]]:
    """Cut a sequence into at most so many parts, each as long as the first but for the last."""
    length = -(-len(items) // parts) or 1
    return [items[start : start + length] for start in range(0, len(items), length)]


def canonical(value: Any) -> str:
    """JSON by RFC 8785. Raises TypeError for what is no JSON."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        names = sorted(value, key=_utf16)
        return f"{{{','.join(f'{canonical(name)}:{canonical(value[name])}' for name in names)}}}"
    raise TypeError(f"no JSON: {type(value).__name__}")


def _utf16(name: str) -> bytes:
    """RFC 8785, 3.2.3: names are sorted as arrays of UTF-16 code units."""
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """RFC 8785, 3.2.2.3: every number is a double, written as ECMAScript does: the shortest digits
    that mean it, without exponent from 1e-6 up to 1e21."""
    if value == int(value) and abs(value) <= MAX_SAFE_INTEGER:
        return str(int(value))
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    return ("-" if sign else "") + _placed(text, point)


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point after so many of them."""
    if 0 < point <= 21:
        whole, rest = digits[:point].ljust(point, "0"), digits[point:]
        return f"{whole}.{rest}" if rest else whole
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"

"""The bundle (抽取档案): one file in which a draw is published, whole; anyone can replay it.

It is `NAME.json`, or, where the pool is large, the same without `pool` beside `NAME.pool.ndjson`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from draw.canonical import parse
from draw.ceremony import Drawn
from draw.entropy import entropy_faults
from draw.events import Event, Result, event_faults
from draw.faults import Fault, refuse
from draw.officers import officer_faults
from draw.rules import rules_faults
from draw.shapes import HEX, LIST, OBJECT, Field, is_slot, misshapen

FORMAT = "suijian-draw-bundle/1"
#: beyond this the pool belongs beside the bundle, where it is read as a stream
MAX_BYTES = 256 << 20

_FIELDS = {
    "format": Field(lambda value: value == FORMAT, "format_unknown", FORMAT),
    "slot": Field(is_slot, "not_a_slot", "YYYY-MM/code/plan#attempt"),
    "pool": LIST,
    "officers": LIST,
    "rules": OBJECT,
    "entropy": OBJECT,
    "events": LIST,
    "commitment": HEX,
    "seed": HEX,
    "objects": LIST,
    "reserve": LIST,
    "assignments": LIST,
    "after": LIST,
}


def assemble(
    *,
    slot: str,
    officers: Sequence[dict[str, Any]],
    rules: dict[str, Any],
    entropy: dict[str, Any],
    drawn: Drawn,
    events: Iterable[tuple[Event, Result]] = (),
    pool: Sequence[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The bundle of a draw, with its late events and their results so far. Without `pool` the rows
    go beside it (`pool.pool_lines`)."""
    happened = list(events)
    return {
        "format": FORMAT,
        "slot": slot,
        **({} if pool is None else {"pool": list(pool)}),
        "officers": list(officers),
        "rules": rules,
        "entropy": entropy,
        "events": [event for event, _ in happened],
        **drawn.objects_drawn.published(),
        "assignments": drawn.assignments,
        "after": [result for _, result in happened],
    }


def write(bundle: dict[str, Any]) -> bytes:
    """The text of `NAME.json`, UTF-8, for people too."""
    return json.dumps(bundle, ensure_ascii=False, indent=1).encode() + b"\n"


def read(stream: BinaryIO) -> Any:
    """What `NAME.json` says. Raises Refused for what is no canonical value."""
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise refuse("file_too_large", "", f"at most {MAX_BYTES} bytes")
    return parse(raw)


def bundle_faults(bundle: Any, *, pool_beside: bool) -> Iterator[Fault]:
    """What is wrong with a bundle before anything is computed, all of it but the pool."""
    if pool_beside and type(bundle) is dict and "pool" in bundle:
        yield Fault("two_pools", "pool", "one pool")
        return
    fields = {name: field for name, field in _FIELDS.items() if name != "pool" or not pool_beside}
    for fault in (faults := list(misshapen(bundle, "", fields))):
        missing = (fault.code, fault.path) == ("missing_key", "pool")
        yield fault._replace(code="pool_missing") if missing else fault
    if not faults:
        yield from officer_faults(bundle["officers"])
        yield from rules_faults(bundle["rules"])
        yield from entropy_faults(bundle["entropy"])
        for index, event in enumerate(bundle["events"]):
            yield from event_faults(event, f"events[{index}]")

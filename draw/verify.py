"""The verifier (核验): every published field is computed again from pool, officers, rules, entropy
and events. It needs no database, secret or setting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any, BinaryIO

from draw.bundle import bundle_faults
from draw.canonical import encode
from draw.ceremony import Drawn, Frozen, ObjectsDrawn, draw_objects, draw_officers, freeze
from draw.events import apply
from draw.faults import MAX_FAULTS, Fault, Refused, refuse_any
from draw.pool import Spread

_DIFFERS = {
    "commitment": "commitment_differs",
    "seed": "seed_differs",
    "objects": "objects_differ",
    "reserve": "reserve_differs",
    "assignments": "assignments_differ",
    "after": "after_differs",
}
_ABSENT = "(absent)"


@dataclass
class Report:
    """What the verifier found. `commitment` and `seed` are the recomputed ones."""

    slot: str | None = None
    commitment: str | None = None
    seed: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the bundle is what the page allows, in every field."""
        return not self.faults


def verify(
    bundle: Any,
    pool: BinaryIO | None = None,
    *,
    spread: Spread = map,
    stage: Callable[[str], object] = lambda _name: None,
) -> Report:
    """Verify a parsed bundle (`bundle.read`); `pool` is the stream beside it, where there is one.

    All faults of a step are listed; what can't be computed because of them is not gone on with.
    `stage` hears which step begins: pool, objects, officers, events.
    """
    report = Report()
    try:
        refuse_any(islice(bundle_faults(bundle, pool_beside=pool is not None), MAX_FAULTS))
        _recompute(bundle, pool, report, spread, stage)
    except Refused as refused:
        report.faults += refused.faults
    del report.faults[MAX_FAULTS:]
    return report


def _recompute(
    bundle: dict[str, Any],
    pool: BinaryIO | None,
    report: Report,
    spread: Spread,
    stage: Callable[[str], object],
) -> None:
    report.slot = bundle["slot"]
    stage("pool")
    frozen = freeze(
        bundle["slot"], pool or bundle["pool"], bundle["officers"], bundle["rules"], spread=spread
    )
    stage("objects")
    objects = draw_objects(frozen, bundle["entropy"], spread=spread)
    report.commitment, report.seed = objects.commitment.hex(), objects.seed.hex()
    report.counts = _counts(bundle, frozen, objects)
    for name, computed in objects.published().items():
        report.faults += _compare(computed, bundle[name], name)
    stage("officers")
    drawn = draw_officers(frozen, objects)
    report.faults += _compare(drawn.assignments, bundle["assignments"], "assignments")
    stage("events")
    report.faults += _compare(_after(drawn, bundle["events"]), bundle["after"], "after")


def _counts(bundle: dict[str, Any], frozen: Frozen, objects: ObjectsDrawn) -> dict[str, int]:
    return {
        "pool": frozen.pool.size,
        "eligible": sum(map(frozen.pool.eligible, frozen.pool.strata)),
        "officers": len(frozen.roster.ids),
        "objects": len(objects.choice.objects),
        "reserve": len(objects.choice.reserve),
        "assignments": len(bundle["assignments"]),
        "events": len(bundle["events"]),
    }


def _after(drawn: Drawn, events: list[Any]) -> list[Any]:
    standing, after = drawn.standing, []
    for index, event in enumerate(events):
        standing, result = apply(standing, event, f"events[{index}]")
        after.append(result)
    return after


def _compare(computed: Any, published: Any, name: str) -> list[Fault]:
    if encode(computed) == encode(published):
        return []
    return list(islice(_differences(computed, published, name, _DIFFERS[name]), MAX_FAULTS))


def _differences(computed: Any, published: Any, path: str, code: str) -> Iterator[Fault]:
    """Where two JSON values differ; true is not 1."""
    if type(computed) is dict and type(published) is dict:
        for key in sorted(computed.keys() | published.keys()):
            inner = computed.get(key, _ABSENT), published.get(key, _ABSENT)
            yield from _differences(*inner, f"{path}.{key}", code)
    elif type(computed) is list and type(published) is list:
        pairs = zip_longest(computed, published, fillvalue=_ABSENT)
        for index, inner in enumerate(pairs):
            yield from _differences(*inner, f"{path}[{index}]", code)
    elif type(computed) is not type(published) or computed != published:
        yield Fault(code, path, computed, published)

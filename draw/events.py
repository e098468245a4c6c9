"""Late events (后续事件): what happens after the draw goes on from its seed, without a new one.

Each is applied to a `Standing` and gives another; the one before is left as it was. An event that
the page does not allow is refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from draw.choice import Choice, Chosen
from draw.drum import Assignment, Drum
from draw.faults import Fault, Refused, refuse, refuse_any
from draw.seats import Opening, openings_of
from draw.shapes import CODE, CODES, WORDS, Field, misshapen, repeated
from draw.shortage import Shortfall

Event = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """How it stands with a draw: the objects that are to be checked, the substitutes that are
    left of each stratum, and the drum with who sits where."""

    objects: Mapping[str, Chosen]
    substitutes: Mapping[str, Sequence[Chosen]]
    drum: Drum


def begin(choice: Choice, drum: Drum) -> Standing:
    """How it stands right after the draw."""
    substitutes: dict[str, list[Chosen]] = {}
    for chosen in sorted(choice.reserve, key=lambda each: each.rank):
        substitutes.setdefault(chosen.kind.stratum, []).append(chosen)
    return Standing({chosen.id: chosen for chosen in choice.objects}, substitutes, drum)


def event_faults(event: Any, path: str) -> Iterator[Fault]:
    """What is wrong with an event in itself."""
    kind = event.get("kind") if type(event) is dict else None
    if type(kind) is not str or kind not in _FIELDS:
        yield Fault("event_unknown", path, list(_FIELDS), kind)
        return
    faults = list(misshapen(event, path, _FIELDS[kind]))
    yield from faults
    if not faults and kind == "officer_unavailable":
        yield from repeated(event["objects"], "repeated_object", f"{path}.objects")


def apply(standing: Standing, event: Event, path: str = "event") -> tuple[Standing, Result]:
    """How it stands after an event, and the event's result as `after` lists it.

    Raises Refused: `object_not_standing`, `officer_unknown`, `officer_not_on_object`,
    `no_substitute`, `nobody_admissible`, or what `event_faults` names. Nothing has changed then.
    """
    refuse_any(event_faults(event, path))
    try:
        return _APPLY[event["kind"]](standing, event, path)
    except Shortfall as shortfall:
        faults = [
            Fault("nobody_admissible", path, None, each.published()) for each in shortfall.shortages
        ]
        raise Refused(faults) from None


def _object_replaced(standing: Standing, event: Event, path: str) -> tuple[Standing, Result]:
    old = _standing_object(standing, event["object"], f"{path}.object")
    waiting = standing.substitutes.get(old.kind.stratum, ())
    if not waiting:
        raise refuse("no_substitute", path, None, old.kind.stratum)
    new, *others = waiting
    drum = standing.drum.copy()
    for officer in drum.seated.pop(old.id, {}).values():
        drum.give_back(officer)
    assignments = drum.draw(openings_of([new], drum.rules.roles))
    objects = {id_: chosen for id_, chosen in standing.objects.items() if id_ != old.id}
    after = Standing(
        {**objects, new.id: new}, {**standing.substitutes, old.kind.stratum: others}, drum
    )
    result = {"kind": event["kind"], "object": old.id, "replacement": new.id}
    return after, {**result, "assignments": assignments}


def _officer_recused(standing: Standing, event: Event, path: str) -> tuple[Standing, Result]:
    drum = standing.drum.copy()
    officer = _officer(drum, event, path)
    opening = _leave(standing, drum, officer, event["object"], f"{path}.object")
    drum.give_back(officer)
    drum.barred[event["object"]] = drum.barred.get(event["object"], 0) | 1 << officer
    return _drawn_again(standing, drum, event, [opening])


def _officer_unavailable(standing: Standing, event: Event, path: str) -> tuple[Standing, Result]:
    drum = standing.drum.copy()
    officer = _officer(drum, event, path)
    openings = [
        _leave(standing, drum, officer, object_, f"{path}.objects[{index}]")
        for index, object_ in enumerate(event["objects"])
    ]
    drum.balls[officer] = 0
    drum.unavailable |= 1 << officer
    return _drawn_again(standing, drum, event, openings)


def _drawn_again(
    standing: Standing, drum: Drum, event: Event, openings: Sequence[Opening]
) -> tuple[Standing, Result]:
    assignments: list[Assignment] = drum.draw(openings)
    after = Standing(standing.objects, standing.substitutes, drum)
    return after, {
        "kind": event["kind"], "officer": event["officer"], "assignments": assignments,
    }  # fmt: skip


def _leave(standing: Standing, drum: Drum, officer: int, object_: str, path: str) -> Opening:
    """The seat that an officer leaves empty on an object."""
    chosen = _standing_object(standing, object_, path)
    for role, seated in drum.seated.get(object_, {}).items():
        if seated == officer:
            del drum.seated[object_][role]
            return Opening(chosen, role)
    raise refuse("officer_not_on_object", path, None, object_)


def _standing_object(standing: Standing, object_: str, path: str) -> Chosen:
    if object_ not in standing.objects:
        raise refuse("object_not_standing", path, None, object_)
    return standing.objects[object_]


def _officer(drum: Drum, event: Event, path: str) -> int:
    if event["officer"] not in drum.roster.number:
        raise refuse("officer_unknown", f"{path}.officer", None, event["officer"])
    return drum.roster.number[event["officer"]]


_KIND = Field(lambda value: type(value) is str, "event_unknown", "a kind of event")
_APPLY: dict[str, Callable[[Standing, Event, str], tuple[Standing, Result]]] = {
    "object_replaced": _object_replaced,
    "officer_recused": _officer_recused,
    "officer_unavailable": _officer_unavailable,
}
_FIELDS = {
    "object_replaced": {"kind": _KIND, "object": CODE, "reason": WORDS},
    "officer_recused": {"kind": _KIND, "officer": CODE, "object": CODE, "reason": WORDS},
    "officer_unavailable": {"kind": _KIND, "officer": CODE, "objects": CODES, "reason": WORDS},
}

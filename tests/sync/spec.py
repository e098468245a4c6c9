"""What must stand, worked out from all acts at once: no arrival, no claims, no code of the core's.

Everything follows from two questions: had one act seen the other, and which of them did nobody
who had seen it write over. The core, which meets the acts one by one, must agree in every order.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sync.clock import wire_time
from sync.entities import DELETABLE, EXISTENCE, EXISTS, FIELDS
from sync.policies import OFFICE, Field
from tests.sync.histories import Act


def saw(one: Act, other: Act) -> bool:
    """Whether the writer of one act knew the other."""
    return other.key in one.seen or (other.device == one.device and other.n < one.n)


def rank(act: Act) -> tuple[int, str, int]:
    """The order of writing, the same for all."""
    return (act.at, act.device, act.n)


class Spec:
    """What must stand of one entity after these acts, given with each after what it had seen."""

    def __init__(self, type_: str, acts: Sequence[Act]) -> None:
        self.type, self.acts = type_, []
        for act in acts:
            if not any(self._refuses(act, name) for name in act.patch):
                self.acts.append(act)

    def visible(self) -> dict[str, Any]:
        """As `histories.visible` shows an entity."""
        names = {name for act in self.acts for name in act.patch}
        reviewed = {name for name in names if self._field(name).policy == "review"}
        if self.type in DELETABLE:
            reviewed.add(EXISTS)
        return {
            "data": {name: self._value(name) for name in names},
            "deleted": self.deleted,
            "conflicts": {name: self._verdict(name) for name in reviewed if self._met(name)},
        }

    @cached_property
    def deleted(self) -> bool:
        return bool(self.acts) and not any(self._says(a, EXISTS) for a in self._standing(EXISTS))

    # -- fields -----------------------------------------------------------------------------

    def _field(self, name: str) -> Field:
        return EXISTENCE if name == EXISTS else FIELDS[self.type][name]

    def _touching(self, name: str) -> list[Act]:
        touching = [act for act in self.acts if name == EXISTS or name in act.patch]
        return sorted(touching, key=rank)

    def _says(self, act: Act, name: str) -> Any:
        return act.action != "delete" if name == EXISTS else act.patch[name]

    def _standing(self, name: str) -> list[Act]:
        """The acts on a field over which nobody wrote who had seen them."""
        touching = self._touching(name)
        return [act for act in touching if not any(saw(other, act) for other in touching)]

    def _value(self, name: str) -> Any:
        field, acts = self._field(name), self._touching(name)
        match field.policy:
            case "append":
                return [note for act in acts for note in _notes(act, name)]
            case "union":
                return self._set(name, field)
            case "monotonic":
                return max((a.patch[name] for a in self._round(acts)), key=field.weight)
            case "immutable":
                return self._claimants(name)[0].patch[name]
            case "lww":
                return self._standing(name)[-1].patch[name]
            case _:
                return self._gravest(name, field)

    def _gravest(self, name: str, field: Field) -> Any:
        said = [self._says(act, name) for act in self._standing(name)]
        if field.policy == "review" and not (field.order or field.graver):
            return said[0]
        return max(said, key=field.weight)

    def _round(self, acts: Sequence[Act]) -> list[Act]:
        """The office's last act and what had seen it; everything where the office did not act."""
        offices = [act for act in self.acts if act in acts and act.device == OFFICE]
        if not offices:
            return list(acts)
        return [act for act in acts if act == offices[-1] or saw(act, offices[-1])]

    def _refuses(self, act: Act, name: str) -> bool:
        field = self._field(name)
        if field.policy == "server":
            return act.device != OFFICE
        if field.policy != "immutable":
            return False
        known = [other for other in self._claimants(name) if saw(act, other)]
        return bool(known) and known[0].patch[name] != act.patch[name]

    def _claimants(self, name: str) -> list[Act]:
        """Who declared a value that is written once, and did not only repeat what they had seen."""
        fresh: list[Act] = []
        for act in self.acts:
            if name in act.patch and not any(saw(act, other) for other in fresh):
                fresh.append(act)
        return sorted(fresh, key=rank)

    # -- sets -------------------------------------------------------------------------------

    def _set(self, name: str, field: Field) -> list[Any]:
        there = dict.fromkeys(value for _, value in self._members(name, self._touching(name)))
        return sorted(there, key=field.graver) if field.graver else list(there)

    def _members(self, name: str, acts: Sequence[Act]) -> list[tuple[str, Any]]:
        """Each value with the act that added it, as long as none of these acts left it out having
        seen that addition."""
        there, gone = [], set()
        for act in acts:
            wanted = act.patch[name] or ()
            seen = [other for other in self._touching(name) if saw(act, other)]
            viewed = self._members(name, seen)
            gone |= {(key, value) for key, value in viewed if value not in wanted}
            known = {value for _, value in viewed}
            there += [(act.key, value) for value in wanted if value not in known]
        return [member for member in there if member not in gone]

    # -- conflicts --------------------------------------------------------------------------

    def _met(self, name: str) -> list[Act]:
        """Of each device the last act that contradicts another's, neither having seen the other."""
        acts = self._touching(name)
        met = [one for one in acts if any(self._contradict(one, other, name) for other in acts)]
        last = {act.device: act for act in sorted(met, key=lambda act: act.n)}
        return sorted(last.values(), key=rank)

    def _contradict(self, one: Act, other: Act, name: str) -> bool:
        differ = self._says(one, name) != self._says(other, name)
        return differ and one.device != other.device and not (saw(one, other) or saw(other, one))

    def _verdict(self, name: str) -> tuple[Any, ...]:
        """As `histories.told` tells a conflict."""
        standing, met = self._standing(name), self._met(name)
        value = self._shown(name, self._gravest(name, self._field(name)))
        differ = any(self._says(a, name) != self._says(standing[0], name) for a in standing)
        if differ and not self.deleted:
            return (True, [self._candidate(act, name) for act in standing], value, None)
        decided = EXISTS if self.deleted else name
        last, contested = self._standing(decided), self._met(decided)
        by = ([act for act in last if act not in contested] or last)[-1]
        settled_by = (rank(by), _officer(by))
        return (False, [self._candidate(act, name) for act in met], value, settled_by)

    def _candidate(self, act: Act, name: str) -> tuple[Any, ...]:
        value = self._shown(name, self._says(act, name))
        return (act.key, value, _officer(act), act.device, act.at)

    def _shown(self, name: str, value: Any) -> Any:
        return value if name != EXISTS else "kept" if value else "deleted"


def _officer(act: Act) -> str:
    return f"officer of {act.device}"


def _notes(act: Act, name: str) -> list[dict[str, Any]]:
    texts = act.patch[name]
    whose = {"by": _officer(act), "device": act.device, "at": wire_time(act.at)}
    return [{"text": t, **whose} for t in ([texts] if isinstance(texts, str) else texts)]

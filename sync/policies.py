"""How values that were written without seeing each other are settled, field by field.

A field holds *claims*: the values not yet replaced by someone who had seen them, each with the
stamp of its write. A write replaces the claims it had seen (or its own device made before) and
leaves the others beside it. What stands is a function of the claims alone. So the outcome depends
on the writes and on what each had seen, never on the order in which they arrived: claims are a
multi-value register (Shapiro et al., *A comprehensive study of convergent and commutative
replicated data types*, 2011, §3.2), and sets are observed-remove sets (§3.3.5).
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal, NamedTuple

#: the "device" of the server's own acts
OFFICE = "office"


class Stamp(NamedTuple):
    """Who wrote, and when. `at` is effective time in ms; `n` numbers a device's own ops; `rev` is
    the entity's version that this write made (the server's bookkeeping, never compared)."""

    at: int
    device: str
    n: int
    officer: str | None
    rev: int

    @property
    def rank(self) -> tuple[int, str, int]:
        """The order of writes, the same on every machine: time, then device, then number."""
        return (self.at, self.device, self.n)

    @property
    def key(self) -> str:
        """The name of this write wherever a candidate is chosen."""
        return f"{self.device}:{self.n}"


class Claim(NamedTuple):
    """A value with the write that put it there."""

    stamp: Stamp
    value: Any


Claims = Sequence[Claim]
Saw = Callable[[Stamp], bool]


class Refused(Exception):
    """A write that a policy does not take; nothing of its op is applied."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(f"{code}: {field}")
        self.code = code
        self.field = field


PolicyName = Literal["lww", "max", "union", "append", "monotonic", "server", "immutable", "review"]
#: policies that anyone may write under and that settle on one of the values
HOLD_ONE: frozenset[PolicyName] = frozenset({"lww", "max", "monotonic", "immutable", "review"})


class Field(NamedTuple):
    """A field's policy, declared once. `order` lists values from least to gravest for `max`,
    `monotonic` and `review`; `graver` gives a sort key instead where values are not a list. A
    `union` with `graver` is listed by it, others in the order of their writing."""

    policy: PolicyName
    order: tuple[Any, ...] = ()
    graver: Callable[[Any], Any] | None = None

    @property
    def holds_many(self) -> bool:
        """Whether the field's value is a list of claims rather than one of them."""
        return self.policy in ("union", "append")

    def weight(self, value: Any) -> Any:
        """How grave a value is; nothing weighs less than any value."""
        if value is None:
            return (0, 0)
        if self.graver:
            return (1, self.graver(value))
        return (1, self.order.index(value) if value in self.order else -1)


def absorb(field: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    """The claims after a write. Raises Refused where the policy does not take it."""
    return _ABSORB[field.policy](field, claims, stamp, saw, value)


def show(field: Field, claims: Claims) -> Any:
    """The value that stands. For `append` the claims themselves, in their order."""
    if field.policy == "append":
        return list(claims)
    if field.policy == "union":
        values = dict.fromkeys(claim.value for claim in _present(claims))
        return sorted(values, key=field.graver) if field.graver else list(values)
    return standing(field, claims).value if claims else None


def standing(field: Field, claims: Claims) -> Claim:
    """The one claim that stands (of fields that hold one value)."""
    if len(claims) == 1:
        return claims[0]
    if field.policy in ("lww", "server"):
        return max(claims, key=_rank)
    if field.policy == "immutable":
        return min(claims, key=_rank)
    if field.policy == "review" and not (field.order or field.graver):
        return min(claims, key=_rank)  # no order of gravity: the one that stood before stays
    gravest = max(field.weight(claim.value) for claim in claims)
    return min((c for c in claims if field.weight(c.value) == gravest), key=_rank)


def is_disputed(field: Field, claims: Claims) -> bool:
    """Whether a person must settle the field: differing values under `review`."""
    if field.policy != "review" or len(claims) < 2:
        return False
    first = claims[0].value
    return any(claim.value != first for claim in claims)


def _rank(claim: Claim) -> tuple[int, str, int]:
    return claim.stamp.rank


def _in_order(claims: Collection[Claim]) -> list[Claim]:
    return sorted(claims, key=_rank) if len(claims) > 1 else list(claims)


def _is_overtaken(claims: Claims, stamp: Stamp) -> bool:
    """Whether the writer wrote again since: this write was held, and comes after its successor."""
    return any(c.stamp.device == stamp.device and c.stamp.n > stamp.n for c in claims)


def _replace_seen(_f: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    if _is_overtaken(claims, stamp):
        return list(claims)
    unseen = [c for c in claims if not saw(c.stamp)] if claims else []
    return _in_order([*unseen, Claim(stamp, value)]) if unseen else [Claim(stamp, value)]


def _only_forward(field: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    """The furthest value stands. An act of the office opens a new round: it replaces all, and
    what had not seen it belongs to the round before and no longer counts."""
    if stamp.device == OFFICE:
        return [Claim(stamp, value)]
    if any(c.stamp.device == OFFICE and not saw(c.stamp) for c in claims):
        return list(claims)
    rounds = [c for c in claims if c.stamp.device == OFFICE]
    furthest = standing(field, [*claims, Claim(stamp, value)])
    return _in_order({*rounds, furthest})


def _write_once(_f: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    for claim in claims:
        if saw(claim.stamp):
            if claim.value == value:
                return list(claims)
            raise Refused("field_immutable")
    return _in_order([*claims, Claim(stamp, value)])


def _three_way_set(_f: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    """What the writer added is added, what they had seen and left out is gone, the rest stays.

    Removals are kept beside what they removed (`{"gone": value, "of": write}`): a writer who still
    lists a value that somebody else removed meanwhile only repeats what they had seen, whereas one
    who had seen the removal adds it anew.
    """
    if _is_overtaken(claims, stamp):
        return list(claims)
    wanted = list(dict.fromkeys(value or ()))
    in_view = _present([c for c in claims if saw(c.stamp)])
    viewed = {claim.value for claim in in_view}
    gone = [
        Claim(stamp, {"gone": claim.value, "of": claim.stamp.key})
        for claim in in_view
        if claim.value not in wanted
    ]
    added = [Claim(stamp, each) for each in wanted if each not in viewed]
    return _in_order([*claims, *gone, *added])


def _present(claims: Claims) -> list[Claim]:
    """The additions that nothing among the claims has removed."""
    removed = {(c.value["of"], c.value["gone"]) for c in claims if isinstance(c.value, dict)}
    return [
        c for c in claims if not isinstance(c.value, dict) and (c.stamp.key, c.value) not in removed
    ]


def _add_to_list(_f: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    texts = [value] if isinstance(value, str) else list(value or ())
    return _in_order([*claims, *(Claim(stamp, text) for text in texts)])


def _office_only(_f: Field, claims: Claims, stamp: Stamp, saw: Saw, value: Any) -> list[Claim]:
    if stamp.device != OFFICE:
        raise Refused("field_server_owned")
    return [Claim(stamp, value)]


_ABSORB: dict[PolicyName, Callable[[Field, Claims, Stamp, Saw, Any], list[Claim]]] = {
    "lww": _replace_seen,
    "max": _replace_seen,
    "review": _replace_seen,
    "monotonic": _only_forward,
    "immutable": _write_once,
    "union": _three_way_set,
    "append": _add_to_list,
    "server": _office_only,
}

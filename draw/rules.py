"""The rules (规则) of a draw: how many of each stratum, which roles, who is barred from what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from draw.canonical import canonical
from draw.faults import Fault, refuse_any
from draw.pool import Pool
from draw.shapes import (
    CODE,
    LIST,
    OBJECT,
    Field,
    is_code,
    is_text,
    list_of,
    misshapen,
    or_null,
    repeated,
    whole,
)

_COUNT = Field(whole, "count_out_of_range", "an integer from 0")
_STRATUM = {"quota": _COUNT, "reserve": _COUNT}
_RECUSAL = {"officer": CODE, "object": CODE}
_RULES = {
    "strata": OBJECT,
    "roles": Field(list_of(is_text), "wrong_type", "a list of texts"),
    "needs_role": Field(or_null(is_text), "wrong_type", "a role or null"),
    "recusals": LIST,
}


class Quota(NamedTuple):
    """Of one stratum: how many are drawn (抽取数) and how many substitutes follow (候补数)."""

    quota: int
    reserve: int


@dataclass(frozen=True)
class Rules:
    """Checked rules, with the canonical JSON that the commitment covers."""

    strata: Mapping[str, Quota]
    roles: tuple[str, ...]
    needs_role: str | None
    recusals: frozenset[tuple[str, str]]  # (officer, object), 回避
    written: bytes


def read_rules(rules: Any) -> Rules:
    """Rules of a bundle. Further keys may stand in them and are hashed. Raises Refused."""
    written = canonical(rules, "rules")
    refuse_any(rules_faults(rules))
    return Rules(
        strata={
            name: Quota(rule["quota"], rule["reserve"]) for name, rule in rules["strata"].items()
        },
        roles=tuple(rules["roles"]),
        needs_role=rules["needs_role"],
        recusals=frozenset((each["officer"], each["object"]) for each in rules["recusals"]),
        written=written,
    )


def rules_faults(rules: Any) -> Iterator[Fault]:
    """What is wrong with rules in themselves."""
    faults = list(misshapen(rules, "rules", _RULES, further=True))
    yield from faults
    if faults:
        return
    for name, rule in rules["strata"].items():
        if not is_code(name):
            yield Fault("not_a_code", "rules.strata", "a code", name)
        yield from misshapen(rule, f"rules.strata.{name}", _STRATUM, further=True)
    for index, recusal in enumerate(rules["recusals"]):
        yield from misshapen(recusal, f"rules.recusals[{index}]", _RECUSAL, further=True)
    yield from repeated(rules["roles"], "repeated_role", "rules.roles")
    if rules["needs_role"] not in (None, *rules["roles"]):
        yield Fault("needs_role_unknown", "rules.needs_role", rules["roles"], rules["needs_role"])


def fit_faults(rules: Rules, pool: Pool) -> Iterator[Fault]:
    """Where rules and pool do not fit: a stratum without a rule, a quota above what is eligible."""
    for stratum in sorted(pool.strata - rules.strata.keys()):
        yield Fault("stratum_without_rule", "rules.strata", stratum)
    for stratum, (quota, _) in rules.strata.items():
        if quota > (there := pool.eligible(stratum)):
            yield Fault("quota_too_large", f"rules.strata.{stratum}.quota", f"0 to {there}", quota)

"""The ceremony (抽取会): freeze, commit, let the witnesses open their shares, roll the dice, draw.

What a server calls, in this order. A bundle is verified by the same functions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, cast

from draw.choice import Choice, choose
from draw.drum import Assignment, Drum
from draw.entropy import Share, committed_shares, entropy_faults, seed_of, shares_faults
from draw.events import Standing, begin
from draw.faults import Fault, Refused, refuse, refuse_any
from draw.hashing import digest
from draw.officers import Roster
from draw.pool import Pool, Spread, freeze_rows, freeze_stream
from draw.rules import Rules, fit_faults, read_rules
from draw.seats import openings_of
from draw.shapes import is_slot
from draw.shortage import Shortfall


@dataclass(frozen=True)
class Frozen:
    """What may not change any more (冻结): slot, pool, officers, rules."""

    slot: str
    pool: Pool
    roster: Roster
    rules: Rules


class ObjectsDrawn(NamedTuple):
    """What the dice determine first."""

    commitment: bytes
    seed: bytes
    choice: Choice

    def published(self) -> dict[str, Any]:
        """The fields of the bundle that it fixes."""
        return {
            "commitment": self.commitment.hex(),
            "seed": self.seed.hex(),
            "objects": [chosen.published() for chosen in self.choice.objects],
            "reserve": [chosen.published() for chosen in self.choice.reserve],
        }


class Drawn(NamedTuple):
    """A whole draw (抽取结果). `standing` is where late events go on from."""

    objects_drawn: ObjectsDrawn
    assignments: list[Assignment]
    standing: Standing


def freeze(
    slot: str,
    pool: Iterable[dict[str, Any]] | BinaryIO,
    officers: Sequence[dict[str, Any]],
    rules: dict[str, Any],
    *,
    spread: Spread = map,
) -> Frozen:
    """Freeze all of it; the pool comes as rows or as a binary stream of NDJSON. Raises Refused."""
    if not is_slot(slot):
        raise refuse("not_a_slot", "slot", "YYYY-MM/code/plan#attempt", slot)
    known, roster = read_rules(rules), Roster(officers)
    whole = _freeze_pool(pool, spread)
    refuse_any(fit_faults(known, whole))
    return Frozen(slot, whole, roster, known)


def _freeze_pool(pool: Iterable[dict[str, Any]] | BinaryIO, spread: Spread) -> Pool:
    if not hasattr(pool, "read"):
        return freeze_rows(pool, spread=spread)
    return freeze_stream(cast(BinaryIO, pool), spread=spread)


def commitment(frozen: Frozen, shares: Sequence[Share]) -> bytes:
    """The commitment (承诺), 32 bytes, once the witnesses have handed theirs in. Raises Refused."""
    refuse_any(shares_faults(shares))
    return digest(
        "commitment", frozen.slot.encode(), frozen.pool.root, frozen.roster.root,
        frozen.rules.written, committed_shares(shares),
    )  # fmt: skip


def draw(frozen: Frozen, entropy: dict[str, Any], *, spread: Spread = map) -> Drawn:
    """Draw objects, then officers. Raises Refused; `cannot_be_staffed` names what is missing."""
    return draw_officers(frozen, draw_objects(frozen, entropy, spread=spread))


def draw_objects(frozen: Frozen, entropy: dict[str, Any], *, spread: Spread = map) -> ObjectsDrawn:
    """The first half: seed and tickets. Raises Refused."""
    refuse_any(entropy_faults(entropy))
    committed = commitment(frozen, entropy["shares"])
    seed = seed_of(committed, entropy)
    choice = choose(frozen.pool, frozen.rules.strata, seed, spread=spread)
    return ObjectsDrawn(committed, seed, choice)


def draw_officers(frozen: Frozen, drawn: ObjectsDrawn) -> Drawn:
    """The second half: the drum. Raises Refused with `cannot_be_staffed`."""
    drum = Drum.full(drawn.seed, frozen.rules, frozen.roster)
    try:
        assignments = drum.draw(openings_of(drawn.choice.objects, drum.rules.roles))
    except Shortfall as shortfall:
        raise Refused(
            Fault("cannot_be_staffed", "assignments", None, each.published())
            for each in shortfall.shortages
        ) from None
    return Drawn(drawn, assignments, begin(drawn.choice, drum))

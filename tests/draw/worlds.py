"""Small draws of every sort, found by hypothesis, and the vectors."""

import json
import random
from itertools import count
from pathlib import Path

import hypothesis.strategies as st

from draw import ceremony
from draw.bundle import assemble
from draw.entropy import share_commitment
from draw.events import apply
from draw.faults import Refused

VECTORS = Path(__file__).parents[2] / "docs" / "vectors" / "draw"
NAMES = sorted(path.stem for path in VECTORS.glob("*.json"))
JURISDICTIONS = ["150102", "150202"]
SPECIALTIES = ["school", "chemical"]
ROLES = [[], ["lead"], ["lead", "assistant"], ["assistant", "lead", "recorder"]]
SLOT = "2026-12/150100/monthly#1"
BEACON = "ab" * 32
READY = {"eligible": True, "weight": 1, "reason": None}


def vector(name):
    """A bundle of docs/vectors/draw, with its pool in it."""
    bundle = json.loads((VECTORS / f"{name}.json").read_bytes())
    beside = VECTORS / f"{name}.pool.ndjson"
    if beside.exists():
        bundle["pool"] = [json.loads(line) for line in beside.read_bytes().splitlines()]
    return bundle


def share(witness, byte, *, opened=True):
    reveal = bytes([byte]) * 32
    commitment = share_commitment(reveal, witness).hex()
    return {
        "witness": witness, "commitment": commitment, "reveal": reveal.hex() if opened else None
    }  # fmt: skip


def row(id_, **changes):
    return {
        "id": id_, "stratum": "all", "eligible": True, "weight": 1, "reason": None,
        "jurisdiction": "150102", "needs": None, **changes,
    }  # fmt: skip


def officer(id_, **changes):
    return {
        "id": id_, "post": "full-time", "balls": 2, "lead": True, "jurisdictions": ["150102"],
        "specialties": [], **changes,
    }  # fmt: skip


def rules(quota=1, reserve=0, **changes):
    return {
        "strata": {"all": {"quota": quota, "reserve": reserve}}, "roles": [], "recusals": [],
        "needs_role": None, **changes,
    }  # fmt: skip


def entropy(**changes):
    return {"dice": "31415926535897932384", "beacon": None, "shares": [], **changes}


def made(pool, officers=(), rules_=None, entropy_=None, events=(), slot=SLOT):
    """The whole bundle of a draw, as our own writer makes it."""
    rules_, entropy_ = rules_ or rules(), entropy_ or entropy()
    drawn = ceremony.draw(ceremony.freeze(slot, pool, officers, rules_), entropy_)
    standing, happened = drawn.standing, []
    for event in events:
        standing, result = apply(standing, event)
        happened.append((event, result))
    return assemble(
        slot=slot, pool=pool, officers=officers, rules=rules_, entropy=entropy_, drawn=drawn,
        events=happened,
    )  # fmt: skip


def frozen_of(bundle):
    """A bundle's frozen inputs."""
    return ceremony.freeze(bundle["slot"], bundle["pool"], bundle["officers"], bundle["rules"])


def random_row(luck, index, strata):
    eligible = luck.random() < 0.85
    return row(
        f"obj-{index}",
        stratum=luck.choice(strata),
        eligible=eligible,
        weight=luck.choice([1, 1, 2, 3, 100]) if eligible else 0,
        reason=None if eligible else "interval",
        jurisdiction=luck.choice(JURISDICTIONS),
        needs=luck.choice([None, None, *SPECIALTIES]),
    )


def random_officer(luck, index, most_balls):
    return officer(
        f"O-{index}",
        balls=luck.randint(0, most_balls),
        lead=luck.random() < 0.6,
        jurisdictions=luck.choice([JURISDICTIONS, JURISDICTIONS, *([j] for j in JURISDICTIONS)]),
        specialties=luck.sample(SPECIALTIES, luck.randint(0, 2)),
    )


def world(seed, most_balls=3):
    """The inputs of a small draw, of any sort: it may be impossible to staff."""
    luck = random.Random(seed)
    strata = luck.choice([["all"], ["key", "general"]])
    pool = [random_row(luck, index, strata) for index in range(luck.randint(1, 7))]
    staff = [random_officer(luck, index, most_balls) for index in range(luck.randint(1, 5))]
    roles = luck.choice(ROLES)
    sizes = {name: sum(r["eligible"] and r["stratum"] == name for r in pool) for name in strata}
    recusals = [(luck.choice(staff), luck.choice(pool)) for _ in range(luck.randint(0, 2))]
    return {
        "slot": SLOT,
        "pool": pool,
        "officers": staff,
        "rules": {
            "strata": {
                name: {"quota": luck.randint(0, min(size, 3)), "reserve": luck.randint(0, 3)}
                for name, size in sizes.items()
            },
            "roles": roles,
            "needs_role": luck.choice([None, *roles]),
            "recusals": [{"officer": o["id"], "object": r["id"]} for o, r in recusals],
        },
        "entropy": {
            "dice": "".join(luck.choices("0123456789", k=luck.randint(20, 24))),
            "beacon": luck.choice([None, BEACON]),
            "shares": [
                share(f"w-{n}", n, opened=luck.random() < 0.7) for n in range(luck.randint(0, 3))
            ],
        },
        "events": [],
    }


def fits(row_, role, who, needs_role):
    """Whether an officer is able for a role on an object, as far as the two rows tell."""
    return (
        row_["jurisdiction"] in who["jurisdictions"]
        and (role != "lead" or who["lead"])
        and (role != needs_role or row_["needs"] in (None, *who["specialties"]))
    )


def tight_world(seed):
    """The inputs of a small draw that can be staffed, with hardly a ball to spare."""
    luck = random.Random(seed)
    roles = luck.choice(ROLES[2:])
    needs_role = luck.choice([None, *roles])
    pool = [{**random_row(luck, n, ["all"]), **READY} for n in range(luck.randint(2, 4))]
    staff = [random_officer(luck, n, 0) for n in range(luck.randint(3, 5))]
    for row_ in pool:
        here = []
        for role in roles:
            able = [o for o in staff if o not in here and fits(row_, role, o, needs_role)]
            if not able:
                able = [officer(f"X-{len(staff)}", jurisdictions=JURISDICTIONS, balls=0,
                                specialties=SPECIALTIES)]  # fmt: skip
                staff += able
            here.append(luck.choice(able))
        for who in here:
            who["balls"] += 1
    luck.choice(staff)["balls"] += luck.randint(0, 1)
    rules_ = rules(len(pool), roles=roles, needs_role=needs_role)
    dice = "".join(luck.choices("0123456789", k=20))
    return {
        "slot": SLOT, "pool": pool, "officers": staff, "rules": rules_,
        "entropy": entropy(dice=dice), "events": [],
    }  # fmt: skip


def can_be_staffed(bundle):
    """Whether a draw of these inputs comes to its end."""
    try:
        ceremony.draw(frozen_of(bundle), bundle["entropy"])
    except Refused:
        return False
    return True


#: small draws of every sort
WORLDS = st.integers(0, 2**32).map(world)
#: those that can be staffed, with some balls to spare or none
STAFFED = st.integers(0, 2**32).map(
    lambda seed: next(filter(can_be_staffed, (world(n, 2 + seed % 3) for n in count(seed))))
)

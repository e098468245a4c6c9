"""Our own further vectors, for strangers: `python -m tests.draw.own_vectors` writes them anew."""

from draw import bundle as bundles
from draw.pool import pool_lines
from tests.draw.worlds import (
    BEACON,
    JURISDICTIONS,
    VECTORS,
    entropy,
    made,
    officer,
    row,
    rules,
    share,
)

BOTH = ["lead", "assistant"]


def beacon_and_withheld_share():
    """A beacon of drand named in the rules, three witnesses, one of whom kept the share."""
    pool = [row(f"unit-{n}", weight=1 + n % 4, name="内蒙古 呼和浩特") for n in range(6)]
    shares = [share("w-media", 3), share("w-deputy", 1, opened=False), share("w-owner", 2)]
    return made(
        pool, [officer("O-1"), officer("O-2", lead=False)],
        rules(2, 2, roles=BOTH, beacon={"chain": "quicknet", "round": 12345678}),
        entropy(beacon=BEACON, shares=shares),
    )  # fmt: skip


def two_strata_objects_alone():
    """Objects alone, in two strata: all of one by law, some of the other; substitutes run short."""
    pool = [
        *[row(f"key-{n}", stratum="key", weight=100) for n in range(2)],
        *[row(f"small-{n}", stratum="small", weight=1 + n % 3) for n in range(5)],
        row("small-closed", stratum="small", eligible=False, weight=0, reason="closed"),
    ]
    strata = {"key": {"quota": 2, "reserve": 3}, "small": {"quota": 3, "reserve": 9}}
    return made(pool, rules_=rules(strata=strata))


def look_ahead_in_chains():
    """Hardly a ball to spare in two jurisdictions, a specialty, a recusal: many are held back."""
    pool = [row(f"u-{n}", jurisdiction=JURISDICTIONS[n % 2], needs=[None, "school"][n % 2])
            for n in range(4)]  # fmt: skip
    staff = [
        officer("p-1", balls=1, jurisdictions=JURISDICTIONS, specialties=["school"]),
        officer("p-2", balls=2, jurisdictions=JURISDICTIONS),
        officer("p-3", balls=2, lead=False, jurisdictions=JURISDICTIONS, specialties=["school"]),
        officer("p-4", balls=2, jurisdictions=["150102"]),
        officer("p-5", balls=2, jurisdictions=["150202"], specialties=["school"]),
    ]
    barred = [{"officer": "p-4", "object": "u-0"}]
    return made(
        pool, staff,
        rules(4, roles=BOTH, needs_role="assistant", recusals=barred),
        entropy(dice="00000000000000000007"),
    )  # fmt: skip


def events_in_sequence():
    """An officer falls ill, an object is replaced, its substitute too; a recusal comes late."""
    pool = [row(f"u-{n}", weight=1 + n % 3) for n in range(6)]
    staff = [officer(f"p-{n}", balls=4, lead=n != 3) for n in range(5)]
    given = pool, staff, rules(2, 3, roles=BOTH)
    bundle = made(*given)
    first, second = (each["id"] for each in bundle["objects"])
    assigned = {(a["object"], a["role"]): a["officer"] for a in bundle["assignments"]}
    substitute = bundle["reserve"][0]["id"]
    return made(
        *given,
        events=[
            {"kind": "officer_unavailable", "officer": assigned[first, "lead"],
             "objects": [first], "reason": "illness"},
            {"kind": "object_replaced", "object": first, "reason": "closed"},
            {"kind": "object_replaced", "object": substitute, "reason": "moved"},
            {"kind": "officer_recused", "officer": assigned[second, "assistant"],
             "object": second, "reason": "interest"},
        ],
    )  # fmt: skip


def pool_beside():
    """The pool beside the bundle, as NDJSON, in no order of ids."""
    pool = [row(f"n-{n * 7 % 20:02}", weight=1 + n % 5) for n in range(20)]
    return made(pool, rules_=rules(5, 5), slot="2026-12/150000/专项-消防#2")


OWN = {
    "own-beacon": beacon_and_withheld_share,
    "own-two-strata": two_strata_objects_alone,
    "own-look-ahead": look_ahead_in_chains,
    "own-events": events_in_sequence,
    "own-pool-beside": pool_beside,
}


def write_all():
    """Write them beside the given ones."""
    for name, make in OWN.items():
        bundle = make()
        if name == "own-pool-beside":
            lines = b"".join(pool_lines(bundle.pop("pool")))
            (VECTORS / f"{name}.pool.ndjson").write_bytes(lines)
        (VECTORS / f"{name}.json").write_bytes(bundles.write(bundle))


if __name__ == "__main__":
    write_all()

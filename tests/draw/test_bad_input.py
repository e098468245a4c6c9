"""What the page does not allow: each its own code, at its place, in the verifier and before."""

import copy

import pytest

from draw import bundle as bundles
from draw import ceremony, entropy
from draw.events import event_faults
from draw.faults import Refused
from draw.sentences import SENTENCES
from draw.verify import verify
from tests.draw.worlds import SLOT, frozen_of, made, officer, row, rules, share, vector


def bundle_of_plain(change):
    bundle = vector("late-events")
    change(bundle)
    return bundle


def put(path, value):
    """A change: this value at that place."""

    def change(bundle):
        *way, last = path
        for key in way:
            bundle = bundle[key]
        bundle[last] = value

    change.__name__ = f"{'.'.join(map(str, path))} = {value!r}"[:60]
    return change


def without(*path):
    def change(bundle):
        *way, last = path
        for key in way:
            bundle = bundle[key]
        del bundle[last]

    change.__name__ = f"without {'.'.join(map(str, path))}"
    return change


def again(*path):
    def change(bundle):
        for key in path:
            bundle = bundle[key]
        bundle.append(copy.deepcopy(bundle[0]))

    change.__name__ = f"{'.'.join(map(str, path))} twice"
    return change


ROW, OFFICER, SHARE = ("pool", 0), ("officers", 0), ("entropy", "shares", 0)
CASES = [
    (put(("format",), "suijian-draw-bundle/2"), "format_unknown", "format"),
    (without("pool"), "pool_missing", "pool"),
    (without("seed"), "missing_key", "seed"),
    (put(("note",), "x"), "unknown_key", "note"),
    (put(("events",), {}), "wrong_type", "events"),
    *[
        (put(("slot",), slot), "not_a_slot", "slot")
        for slot in (
            "2026-13/150100/monthly#1", "2026-00/150100/monthly#1", "2026-12/150100/monthly#0",
            "2026-12/150100/monthly#01", "2026-12/150100/monthly", "2026-12/150100/#1",
            "2026-12/15010/monthly#1", "2026-12/150100/a/b#1", "2026-12/150100/monthly#1\n",
            "2026-12/150100/monthly#１", "",
        )
    ],
    *[
        (put((*ROW, "id"), id_), "not_a_code", "pool[0].id")
        for id_ in ("", "a b", "a" * 65, "企业", "a\n", "a\x7f", 7, None)
    ],
    (put((*ROW, "stratum"), "other"), "stratum_without_rule", "rules.strata"),
    (put((*ROW, "stratum"), ""), "not_a_code", "pool[0].stratum"),
    (put((*ROW, "eligible"), 1), "wrong_type", "pool[0].eligible"),
    (put((*ROW, "weight"), 0), "weight_out_of_range", "pool[0].weight"),
    (put((*ROW, "weight"), 101), "weight_out_of_range", "pool[0].weight"),
    (put((*ROW, "weight"), -1), "weight_out_of_range", "pool[0].weight"),
    (put((*ROW, "weight"), True), "weight_out_of_range", "pool[0].weight"),
    (put((*ROW, "weight"), 2.0), "float", "pool[0].weight"),
    (put((*ROW, "weight"), 2**53), "integer_too_large", "pool[0].weight"),
    (put((*ROW, "reason"), "cap"), "reason_of_eligible", "pool[0].reason"),
    (put((*ROW, "reason"), ""), "empty_text", "pool[0].reason"),
    (put(("pool", 7, "reason"), None), "reason_missing", "pool[7].reason"),
    (put(("pool", 7, "weight"), 1), "weight_of_ineligible", "pool[7].weight"),
    (put((*ROW, "jurisdiction"), None), "not_a_code", "pool[0].jurisdiction"),
    (put((*ROW, "needs"), ""), "not_a_code", "pool[0].needs"),
    (without(*ROW, "needs"), "missing_key", "pool[0].needs"),
    (put(ROW, "x"), "wrong_type", "pool[0]"),
    (put((*ROW, "name"), "e\u0301"), "text_not_nfc", "pool[0].name"),
    (put((*ROW, "name"), "\ud800"), "lone_surrogate", "pool[0].name"),
    (put((*ROW, "名"), "x"), "key_not_ascii", "pool[0]"),
    (again("pool"), "repeated_id", "pool"),
    (again("officers"), "repeated_id", "officers[5].id"),
    (put((*OFFICER, "id"), "张 三"), "not_a_code", "officers[0].id"),
    (put((*OFFICER, "balls"), 1001), "balls_out_of_range", "officers[0].balls"),
    (put((*OFFICER, "balls"), -1), "balls_out_of_range", "officers[0].balls"),
    (put((*OFFICER, "lead"), None), "wrong_type", "officers[0].lead"),
    (put((*OFFICER, "post"), None), "wrong_type", "officers[0].post"),
    (put((*OFFICER, "jurisdictions"), ["a b"]), "not_a_code", "officers[0].jurisdictions"),
    (put((*OFFICER, "specialties"), "school"), "not_a_code", "officers[0].specialties"),
    (put(("rules", "strata", "key", "quota"), 5), "quota_too_large", "rules.strata.key.quota"),
    (put(("rules", "strata", "key", "quota"), -1), "count_out_of_range", "rules.strata.key.quota"),
    (without("rules", "strata", "key", "reserve"), "missing_key", "rules.strata.key.reserve"),
    (put(("rules", "strata", "a b"), {"quota": 0, "reserve": 0}), "not_a_code", "rules.strata"),
    (put(("rules", "strata", "none"), {"quota": 1, "reserve": 0}), "quota_too_large",
     "rules.strata.none.quota"),
    (put(("rules", "roles"), ["lead", "lead"]), "repeated_role", "rules.roles[1]"),
    (put(("rules", "roles"), ["lead", ""]), "wrong_type", "rules.roles"),
    (put(("rules", "needs_role"), "recorder"), "needs_role_unknown", "rules.needs_role"),
    (without("rules", "recusals"), "missing_key", "rules.recusals"),
    (put(("rules", "recusals"), [{"officer": "O-01"}]), "missing_key", "rules.recusals[0].object"),
    (put(("entropy", "dice"), "1" * 19), "dice_too_short", "entropy.dice"),
    (put(("entropy", "dice"), "1" * 19 + "x"), "dice_not_digits", "entropy.dice"),
    (put(("entropy", "dice"), "1" * 20 + "\n"), "dice_not_digits", "entropy.dice"),
    (put(("entropy", "dice"), "１" * 20), "dice_not_digits", "entropy.dice"),
    (put(("entropy", "dice"), 10**19), "wrong_type", "entropy.dice"),
    (put(("entropy", "beacon"), "ab" * 31), "not_hex", "entropy.beacon"),
    (put(("entropy", "beacon"), "AB" * 32), "not_hex", "entropy.beacon"),
    (put(("entropy", "beacon"), ""), "not_hex", "entropy.beacon"),
    (put(("entropy", "round"), 1), "unknown_key", "entropy.round"),
    (put((*SHARE, "reveal"), "00" * 32), "share_does_not_open", "entropy.shares[0].reveal"),
    (put((*SHARE, "reveal"), "ee" * 33), "not_hex", "entropy.shares[0].reveal"),
    (put((*SHARE, "witness"), "w x"), "not_a_code", "entropy.shares[0].witness"),
    (put((*SHARE, "note"), "x"), "unknown_key", "entropy.shares[0].note"),
    (again("entropy", "shares"), "repeated_witness", "entropy.shares[3].witness"),
    (put(("events", 0, "kind"), "object_moved"), "event_unknown", "events[0]"),
    (put(("events", 0), "x"), "event_unknown", "events[0]"),
    (put(("events", 0, "kind"), ["object_replaced"]), "event_unknown", "events[0]"),
    (without("events", 0, "reason"), "missing_key", "events[0].reason"),
    (put(("events", 0, "reason"), ""), "empty_text", "events[0].reason"),
    (put(("events", 0, "at"), "x"), "unknown_key", "events[0].at"),
    (put(("events", 0, "object"), "sch-0007"), "object_not_standing", "events[0].object"),
    (put(("events", 1, "officer"), "O-99"), "officer_unknown", "events[1].officer"),
    (put(("events", 1, "officer"), "O-03"), "officer_not_on_object", "events[1].object"),
    (put(("commitment",), "AB" * 32), "not_hex", "commitment"),
    (put(("commitment",), "00" * 32), "commitment_differs", "commitment"),
    (put(("seed",), "00" * 32), "seed_differs", "seed"),
    (put(("objects", 0, "rank"), 2), "objects_differ", "objects[0].rank"),
    (put(("objects", 0, "rank"), True), "objects_differ", "objects[0].rank"),
    (put(("reserve", 0, "key"), "00" * 32), "reserve_differs", "reserve[0].key"),
    (put(("assignments", 0, "own_balls"), 9), "assignments_differ", "assignments[0].own_balls"),
    (without("assignments", 0, "role"), "assignments_differ", "assignments[0].role"),
    (without("after", 1), "after_differs", "after[1]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "path"), CASES, ids=[f"{code}: {c.__name__}" for c, code, _ in CASES]
)
def test_a_bundle_is_refused_with_a_code_of_its_own(change, code, path):
    report = verify(bundle_of_plain(change))
    assert not report.holds
    assert (code, path) in [(fault.code, fault.path) for fault in report.faults]
    assert report.faults[0].code == code or code.endswith(("differs", "differ"))


@pytest.mark.parametrize("nothing", [None, [], "x", 7, {}])
def test_what_is_no_bundle_at_all_is_refused(nothing):
    assert not verify(nothing).holds


def test_faults_of_one_step_are_all_listed():
    bundle = vector("plain")
    bundle["slot"], bundle["seed"], bundle["more"] = "x", None, 1
    faults = [(fault.code, fault.path) for fault in verify(bundle).faults]
    assert faults == [("not_a_slot", "slot"), ("not_hex", "seed"), ("unknown_key", "more")]


def test_two_pools_are_one_too_many(tmp_path):
    beside = tmp_path / "x.pool.ndjson"
    beside.write_bytes(b"")
    with beside.open("rb") as pool:
        assert [fault.code for fault in verify(vector("plain"), pool).faults] == ["two_pools"]


def test_a_bundle_that_is_too_large_is_not_read_whole(monkeypatch, tmp_path):
    bundle = tmp_path / "b.json"
    bundle.write_bytes(b"[1,2,3]")
    monkeypatch.setattr(bundles, "MAX_BYTES", 7)
    with bundle.open("rb") as file:
        assert bundles.read(file) == [1, 2, 3]
    monkeypatch.setattr(bundles, "MAX_BYTES", 6)
    with bundle.open("rb") as file, pytest.raises(Refused) as refused:
        bundles.read(file)
    assert refused.value.faults[0].code == "file_too_large"


def test_every_code_that_a_bundle_can_be_refused_with_is_tried_here_or_named():
    elsewhere = {
        "file_unreadable", "file_too_large", "two_pools", "not_utf8", "not_json", "row_too_large",
        "too_deep", "not_a_number", "repeated_key", "witness_unknown", "cannot_be_staffed",
        "repeated_object", "no_substitute", "nobody_admissible",
    }  # fmt: skip
    assert {code for _, code, _ in CASES} | elsewhere == set(SENTENCES)


def test_further_keys_in_rows_and_rules_are_hashed_with_them():
    plain = made([row("a")], [officer("O")])
    deep = {"strata": {"all": {"quota": 1, "reserve": 0, "note": "x"}}}
    for pool, staff, rules_ in (
        ([row("a", name="中文")], [officer("O")], rules()),
        ([row("a")], [officer("O", rank={"since": [2019]})], rules()),
        ([row("a")], [officer("O")], rules(basis="依据")),
        ([row("a")], [officer("O")], rules(**deep)),
    ):
        further = made(pool, staff, rules_)
        assert verify(further).holds
        assert further["commitment"] != plain["commitment"]


# -- before there is a bundle ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("x", [row("a")], [], rules()), "not_a_slot"),
        ((SLOT, [row("a"), row("a")], [], rules()), "repeated_id"),
        ((SLOT, [row("a", weight=101)], [], rules()), "weight_out_of_range"),
        ((SLOT, [row("a", weight=1.0)], [], rules()), "float"),
        ((SLOT, [row("a")], [officer("O", balls=-1)], rules()), "balls_out_of_range"),
        ((SLOT, [row("a")], [], rules(quota=2)), "quota_too_large"),
        ((SLOT, [row("a", stratum="x")], [], rules(quota=0)), "stratum_without_rule"),
    ],
)  # fmt: skip
def test_nothing_is_frozen_that_no_draw_allows(arguments, code):
    with pytest.raises(Refused) as refused:
        ceremony.freeze(*arguments)
    assert [fault.code for fault in refused.value.faults] == [code]


def test_nothing_is_committed_to_with_one_witness_twice():
    frozen = frozen_of(vector("plain"))
    with pytest.raises(Refused) as refused:
        ceremony.commitment(frozen, [share("w", 1), share("w", 2)])
    assert [fault.code for fault in refused.value.faults] == ["repeated_witness"]


def test_a_share_opens_its_own_commitment_and_no_other():
    sealed = [share("w-1", 1, opened=False), share("w-2", 2, opened=False)]
    opened = entropy.reveal_share(sealed, "w-2", "02" * 32)
    assert opened == [sealed[0], share("w-2", 2)]
    for witness, reveal, code in (
        ("w-1", "02" * 32, "share_does_not_open"),
        ("w-2", "02" * 31, "not_hex"),
        ("w-3", "02" * 32, "witness_unknown"),
    ):
        with pytest.raises(Refused) as refused:
            entropy.reveal_share(sealed, witness, reveal)
        assert [fault.code for fault in refused.value.faults] == [code]


def test_an_object_can_not_be_listed_twice_when_an_officer_leaves():
    event = {"kind": "officer_unavailable", "officer": "O", "objects": ["a", "a"], "reason": "x"}
    assert [(f.code, f.path) for f in event_faults(event, "e")] == [
        ("repeated_object", "e.objects[1]")
    ]

"""Rule 4, policy by policy: concurrent values meet, seen values are replaced."""

import pytest

from sync.conflicts import verdict
from sync.entities import FIELDS, VERDICTS
from sync.merge import Entity, Write, apply
from sync.policies import Refused, Stamp
from tests.sync.histories import Act, merged, visible

BORN = Act("a", 1, 100, {"kind": "hazard"}, action="create")
SEEN = frozenset({"a:1"})


def finding(*acts):
    return merged("finding", [BORN, *acts])


def test_lww_the_later_by_effective_time_stands():
    entity = finding(
        Act("a", 2, 120, {"title": "later"}), Act("b", 1, 110, {"title": "earlier"}, SEEN)
    )
    assert entity.data["title"] == "later"
    assert entity.disputed() == ()


def test_lww_equal_times_go_by_device():
    entity = finding(Act("b", 1, 110, {"title": "b"}, SEEN), Act("a", 2, 110, {"title": "a"}))
    assert entity.data["title"] == "b"


def test_a_write_that_had_seen_the_other_replaces_it_even_with_an_earlier_clock():
    entity = finding(
        Act("a", 2, 120, {"title": "first"}),
        Act("b", 1, 10, {"title": "second"}, frozenset({"a:1", "a:2"})),
    )
    assert entity.data["title"] == "second"


def test_max_the_graver_severity_stands():
    entity = finding(
        Act("a", 2, 110, {"severity": "critical"}), Act("b", 1, 120, {"severity": "minor"}, SEEN)
    )
    assert entity.data["severity"] == "critical"


def test_max_may_be_lowered_by_one_who_had_seen_it():
    entity = finding(
        Act("a", 2, 110, {"severity": "critical"}),
        Act("b", 1, 120, {"severity": "minor"}, frozenset({"a:1", "a:2"})),
    )
    assert entity.data["severity"] == "minor"


def test_union_keeps_what_both_added_and_drops_what_one_removed():
    start = Act("a", 2, 105, {"tags": ["stays", "goes"]})
    seen = frozenset({"a:1", "a:2"})
    entity = finding(
        start,
        Act("a", 3, 110, {"tags": ["stays"]}),
        Act("b", 1, 110, {"tags": ["stays", "goes", "new"]}, seen),
    )
    assert sorted(entity.data["tags"]) == ["new", "stays"]


def test_union_of_flags_is_listed_in_its_own_order_whichever_op_raised_each():
    def flagged(*acts):
        return merged("record", acts).data["clock_flags"]

    one, other = {"clock_flags": ["d-1"]}, {"clock_flags": ["d-2"]}
    assert flagged(Act("d-1", 1, 300, one), Act("d-2", 1, 200, other)) == ["d-1", "d-2"]
    assert flagged(Act("d-1", 2, 100, one), Act("d-2", 1, 200, other)) == ["d-1", "d-2"]


def test_append_keeps_both_notes_in_the_order_of_their_writing():
    entity = finding(
        Act("a", 2, 120, {"notes": "second"}), Act("b", 1, 110, {"notes": ["first"]}, SEEN)
    )
    assert [note["text"] for note in entity.data["notes"]] == ["first", "second"]
    assert entity.data["notes"][0] == {
        "text": "first", "by": "officer of b", "device": "b", "at": "1970-01-01T00:00:00.110Z",
    }  # fmt: skip


def test_monotonic_status_never_goes_back():
    entity = finding(
        Act("a", 2, 110, {"status": "verified"}),
        Act("a", 3, 120, {"status": "open"}),
    )
    assert entity.data["status"] == "verified"


def test_immutable_the_first_stands_and_a_change_by_one_who_knew_is_refused():
    entity = finding()
    stamp = Stamp(200, "b", 1, None, 2)
    before = visible(entity)
    with pytest.raises(Refused) as refusal:
        apply(entity, Write(stamp, lambda _: True, "patch", {"title": "x", "kind": "register"}))
    assert (refusal.value.code, refusal.value.field) == ("field_immutable", "kind")
    assert visible(entity) == before


def test_server_fields_are_refused_from_devices():
    with pytest.raises(Refused) as refusal:
        apply(
            Entity("finding"),
            Write(
                Stamp(1, "a", 1, None, 1), lambda _: False, "patch", {"office_term": "2026-12-01"}
            ),
        )
    assert refusal.value.code == "field_server_owned"


def test_review_the_graver_stands_and_both_are_candidates():
    entity = finding(
        Act("a", 2, 110, {"action": "temporary_seal"}), Act("b", 1, 120, {"action": "none"}, SEEN)
    )
    said = verdict(entity, "action")
    assert (said.open, said.standing) == (True, "temporary_seal")
    assert [candidate.value for candidate in said.candidates] == ["temporary_seal", "none"]


def test_review_without_gravity_keeps_the_one_that_stood_before():
    entity = finding(
        Act("b", 1, 120, {"legal_basis": "later"}, SEEN),
        Act("a", 2, 110, {"legal_basis": "earlier"}),
    )
    assert entity.data["legal_basis"] == "earlier"
    assert entity.disputed() == ("legal_basis",)


def test_review_the_earlier_term_is_the_graver():
    entity = finding(
        Act("a", 2, 110, {"term_until": "2026-12-10"}),
        Act("b", 1, 120, {"term_until": "2026-12-01"}, SEEN),
    )
    assert entity.data["term_until"] == "2026-12-01"


def test_a_value_outside_the_order_weighs_less_than_any_in_it_and_none_less_than_all():
    declared = FIELDS["answer"]["value"]
    weights = [declared.weight(value) for value in (None, "自由文本", *VERDICTS)]
    assert weights == sorted(set(weights))
    terms = FIELDS["finding"]["term_until"]
    days = (None, "2027-01-01", "2026-12-31", "2026-12-09")
    assert [terms.weight(day) for day in days] == sorted(terms.weight(day) for day in days)


def test_review_equal_values_are_no_dispute():
    entity = finding(
        Act("a", 2, 110, {"action": "none"}), Act("b", 1, 120, {"action": "none"}, SEEN)
    )
    assert entity.disputed() == ()


def test_review_is_settled_by_a_write_that_had_seen_all_candidates():
    entity = finding(
        Act("a", 2, 110, {"action": "temporary_seal"}),
        Act("b", 1, 120, {"action": "none"}, SEEN),
        Act("a", 3, 130, {"action": "oral_order"}, frozenset({"a:1", "a:2", "b:1"})),
    )
    assert entity.disputed() == ()
    assert entity.data["action"] == "oral_order"


def test_delete_against_edit_is_for_a_person_and_the_edit_stands_meanwhile():
    entity = finding(
        Act("a", 2, 110, {}, action="delete"), Act("b", 1, 120, {"title": "edited"}, SEEN)
    )
    assert not entity.deleted
    assert entity.disputed() == ("_exists",)
    assert entity.data["title"] == "edited"


def test_a_delete_by_one_who_had_seen_all_is_a_delete():
    assert finding(Act("b", 1, 120, {}, SEEN, action="delete")).deleted


def test_an_unknown_field_is_refused():
    with pytest.raises(Refused, match="field_unknown"):
        apply(
            Entity("finding"),
            Write(Stamp(1, "a", 1, None, 1), lambda _: False, "patch", {"colour": "red"}),
        )

"""Writes that come late: after their own successor, after a deletion, after nobody's value."""

from sync.merge import Entity, Write, apply
from sync.policies import Stamp
from tests.sync.histories import Act, merged


def test_a_held_write_does_not_undo_what_its_device_wrote_since():
    acts = [
        Act("a", 2, 200, {"title": "后", "legal_basis": "后", "tags": ["后"]}, action="create"),
        Act("a", 1, 100, {"title": "先", "legal_basis": "先", "tags": ["先"], "location": "二楼"}),
    ]
    entity = merged("finding", acts)
    assert entity.data == {"title": "后", "legal_basis": "后", "tags": ["后"], "location": "二楼"}
    assert entity.disputed() == ()


def test_what_is_deleted_is_in_dispute_no_more_until_a_latecomer_edits_it():
    born = Act("a", 1, 1, {"kind": "hazard"}, action="create")
    seen = frozenset({"a:1"})
    one = Act("a", 2, 2, {"action": "none"})
    other = Act("b", 1, 3, {"action": "oral_order"}, seen)
    gone = Act("a", 3, 4, {}, seen | {"b:1"}, action="delete")
    late = Act("c", 1, 5, {"title": "迟"}, seen)
    assert merged("finding", [born, one, other]).disputed() == ("action",)
    assert merged("finding", [born, one, other, gone]).disputed() == ()
    assert merged("finding", [born, one, other, gone, late]).disputed() == ("_exists", "action")


def test_a_value_that_stood_before_anybody_wrote_is_nobodys_claim():
    entity = Entity("task", {"status": "assigned", "started_at": None})
    first = Stamp(200, "a", 1, None, 2)
    apply(entity, Write(first, lambda _: False, "patch", {"status": "in_progress"}))
    entity = Entity.from_plain("task", dict(entity.data), entity.to_plain())
    earlier = Stamp(100, "b", 1, None, 3)
    apply(entity, Write(earlier, lambda _: False, "patch", {"started_at": "09:00"}))
    assert entity.data == {"status": "in_progress", "started_at": "09:00"}

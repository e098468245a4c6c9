"""What is remembered of earlier disputes, and how little that is."""

from sync.conflicts import conflict_field, conflict_id, field_name, verdict
from sync.merge import Entity
from tests.sync.histories import Act, merged

WORDS = ("none", "oral_order", "temporary_seal")


def kept(entity: Entity) -> int:
    """How many writes an entity remembers."""
    return len(entity.to_plain()["w"])


def test_one_device_that_writes_again_and_again_leaves_no_trail_of_its_edits():
    acts = [Act("a", n, n, {"title": str(n)}) for n in range(1, 30)]
    plain = merged("finding", acts).to_plain()
    assert "t" not in plain
    assert len(plain["w"]) <= 2


def test_what_is_remembered_grows_with_the_devices_and_not_with_their_writes():
    def history(rounds):
        return [
            Act(device, n, 10 * n + place, {"action": WORDS[(n + place) % 3], "title": str(n)})
            for n in range(1, rounds + 1)
            for place, device in enumerate("abc")
        ]

    few, many = merged("finding", history(6)), merged("finding", history(60))
    assert kept(few) == kept(many)
    assert kept(many) <= 1 + 3 * 3


def test_one_after_the_other_is_no_dispute_however_often_they_change_their_minds():
    acts, seen = [], frozenset()
    for n in range(1, 13):
        act = Act("abc"[n % 3], n, n, {"action": WORDS[n % 2]}, seen)
        acts.append(act)
        seen |= {act.key}
    entity = merged("finding", acts)
    assert entity.contested() == ()
    assert entity.disputed() == ()


def test_a_conflict_has_one_name_for_ever():
    assert conflict_id("answer", "t-1.1.2", "value") == "c-3fcc4a70d06871eb3376966e1fe341"
    assert conflict_id("answer", "t-1.1.2", "_exists") != conflict_id("answer", "t-1.1", ".2value")


def test_existence_has_a_name_on_the_wire():
    assert (conflict_field("_exists"), field_name("existence")) == ("existence", "_exists")
    assert (conflict_field("action"), field_name("action")) == ("action", "action")


def test_who_settles_is_named_though_others_who_agree_wrote_later():
    acts = [
        Act("a", 1, 100, {"action": "none"}),
        Act("b", 1, 110, {"action": "oral_order"}),
        Act("b", 2, 120, {"action": "none"}, frozenset({"a:1"})),
        Act("c", 1, 130, {"action": "none"}),
    ]
    said = verdict(merged("finding", acts), "action")
    assert (said.open, said.standing) == (False, "none")
    assert (said.settled_by.device, said.settled_by.at) == ("b", 120)


def test_a_conflict_over_what_was_deleted_ends_with_the_deletion():
    acts = [
        Act("a", 1, 100, {"action": "none"}),
        Act("b", 1, 110, {"action": "oral_order"}),
        Act("c", 1, 120, {}, frozenset({"a:1", "b:1"}), "delete"),
    ]
    said = verdict(merged("finding", acts), "action")
    assert (said.open, said.settled_by.device) == (False, "c")
    assert [candidate.value for candidate in said.candidates] == ["none", "oral_order"]


def test_records_cannot_be_deleted_so_nothing_is_remembered_of_who_kept_them():
    acts = [Act(device, 1, 1, {"unit_name": device}) for device in "abc"]
    seen = frozenset(act.key for act in acts)
    entity = merged("record", [*acts, Act("a", 2, 5, {"unit_name": "全"}, seen)])
    assert "t" not in entity.to_plain()
    assert kept(entity) == 2

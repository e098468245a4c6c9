"""Rule 8 under rule 5: what is held ends as if it had been done at once, whoever came first."""

import pytest

from sync.policies import Refused
from sync.waiting import Queues, Waits, begins, require_dependencies, require_entity
from tests.sync.histories import Act, visible
from tests.sync.holding import Desk, Op, own_orders
from tests.sync.spec import Spec

F, G = "f", "g"


def create(device, n, at, id_=F, depends_on=(), **patch):
    return Op("finding", id_, Act(device, n, at, patch, action="create"), depends_on)


def change(device, n, at, id_=F, depends_on=(), type_="finding", **patch):
    return Op(type_, id_, Act(device, n, at, patch), depends_on)


def outcomes(ops):
    """What the desk holds after each order of arrival, and what became of each op."""
    for order in own_orders(ops):
        desk = Desk()
        for op in order:
            desk.arrive(op)
        yield {key: visible(entity) for key, entity in desk.entities.items()}, desk.status


def expected(ops):
    """What the spec says, entity by entity, of ops that are listed each after what it builds on."""
    keys = dict.fromkeys(op.key for op in ops)
    return {key: Spec(key[0], [op.act for op in ops if op.key == key]).visible() for key in keys}


CASES = {
    "two patch what a third creates": [
        create("a", 1, 100, action="none", title="甲", tags=["一"]),
        change("b", 1, 90, action="oral_order", notes="早"),
        change("b", 2, 80, action="temporary_seal", tags=["二"]),
        change("c", 1, 120, title="丙", severity="serious"),
    ],
    "a delete comes before the create": [
        create("a", 1, 100, title="甲"),
        change("a", 2, 110, title="乙"),
        Op("finding", F, Act("b", 1, 90, {}, action="delete")),
        change("b", 2, 130, notes="后悔"),
    ],
    "a chain over two entities and three devices": [
        create("a", 1, 100, title="甲", legal_basis="一"),
        change("b", 1, 105, legal_basis="二"),
        create("b", 2, 90, G, depends_on=("b:1",), title="乙"),
        change("c", 1, 95, G, title="丙", legal_basis="三"),
        change("c", 2, 99, F, depends_on=("c:1",), legal_basis="三"),
        change("a", 2, 91, G, depends_on=("a:1",), notes="末"),
    ],
    "what needs no create waits behind its own device's held op": [
        create("b", 1, 100, title="甲"),
        change("a", 1, 110, notes="先"),
        change("a", 2, 120, "t.1", ("a:1",), "answer", value="pass"),
        change("a", 3, 115, "t.1", (), "answer", value="fail"),
        change("c", 1, 117, "t.1", (), "answer", value="not_applicable"),
    ],
    "two create the same while a third changes it": [
        create("a", 1, 100, title="甲", kind="hazard"),
        create("b", 1, 99, title="乙", kind="register"),
        change("c", 1, 98, title="丙", severity="minor"),
        change("a", 2, 97, severity="critical"),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_held_ops_end_as_if_they_had_been_done_at_once(name):
    ops = CASES[name]
    wanted, orders = expected(ops), 0
    for stands, statuses in outcomes(ops):
        assert stands == wanted
        assert set(statuses.values()) == {"applied"}
        orders += 1
    assert orders >= 6


def test_what_depends_on_a_refused_op_is_refused_whenever_that_comes():
    ops = [
        create("a", 1, 100, title="甲"),
        Op("finding", F, Act("b", 1, 90, {"title": "乙"}), fault=True),
        change("b", 2, 91, depends_on=("b:1",), title="丙"),
        change("b", 3, 92, depends_on=("b:2",), notes="无"),
    ]
    for stands, statuses in outcomes(ops):
        assert stands == expected(ops[:1])
        assert statuses == {
            "a:1": "applied",
            "b:1": "rejected",
            "b:2": "rejected",
            "b:3": "rejected",
        }


def test_what_never_comes_is_waited_for_and_nothing_else_is():
    ops = [
        change("a", 1, 100, depends_on=("a:9",), title="甲"),
        change("a", 2, 110, notes="后"),
        create("b", 1, 105, title="乙"),
        change("b", 2, 120, notes="同"),
    ]
    for stands, statuses in outcomes(ops):
        assert stands == expected(ops[2:])
        assert statuses == {
            "a:1": "deferred",
            "a:2": "deferred",
            "b:1": "applied",
            "b:2": "applied",
        }


def test_a_create_sent_again_does_not_wait_for_what_waits_for_it():
    """It was refused, mended and numbered anew; its device's earlier patch does not undo it."""
    ops = [
        change("a", 2, 90, title="先", location="二楼"),
        create("a", 3, 100, title="后"),
        change("b", 1, 95, location="三楼"),
    ]
    for stands, statuses in outcomes(ops):
        assert stands == expected(ops)
        assert set(statuses.values()) == {"applied"}


def test_only_earlier_ops_of_the_same_device_on_the_same_thing_are_waited_for():
    queues = Queues()
    queues.hold("a", 5, [("finding", F), ("conflict", "c")])
    assert queues.is_behind("a", 6, [("conflict", "c")])
    assert not queues.is_behind("a", 5, [("finding", F)])
    assert not queues.is_behind("a", 4, [("finding", F)])
    assert not queues.is_behind("a", 6, [("finding", G)])
    assert not queues.is_behind("b", 6, [("finding", F)])
    queues.free("a", 5, [("finding", F)])
    assert not queues.is_behind("a", 6, [("finding", F)])
    assert queues.is_behind("a", 6, [("conflict", "c")])


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (None, Waits),
        ("deferred", Waits),
        ("rejected", Refused),
        ("salvaged", None),
        ("merged", None),
    ],
)
def test_a_dependency_is_there_once_it_was_done_or_kept_aside(status, raised):
    if raised is None:
        require_dependencies(["x"], {"x": status}.get)
        return
    with pytest.raises(raised):
        require_dependencies(["x"], {"x": status}.get)


def test_only_findings_and_photos_must_be_created_first():
    assert begins("finding", "create")
    assert begins("photo", "create")
    assert not begins("finding", "patch")
    assert not begins("answer", "create")
    require_entity("answer", "t.1", "patch", exists=False)
    require_entity("finding", F, "patch", exists=True)
    require_entity("finding", F, "create", exists=False)
    for action in ("patch", "delete"):
        with pytest.raises(Waits):
            require_entity("finding", F, action, exists=False)

"""Rule 8: what an op depends on may come before it, with it or after it, in any push."""

from tests.server.sync.ops import by_id, new_finding, op


def test_a_dependency_that_came_in_an_earlier_push_is_there(world):
    task = world.task()
    first = new_finding("f1", task, title="甲")
    world.lead.push(first)
    later = op("finding", "f1", {"title": "乙"}, depends_on=[first["op_id"]], base_rev=1)
    assert world.lead.push(later)[0]["status"] == "applied"


def test_a_dependency_that_was_refused_in_an_earlier_push_refuses_the_op(world):
    task = world.task()
    bad = op("spaceship", "x")
    world.lead.push(bad)
    [result] = world.lead.push(new_finding("f1", task) | {"depends_on": [bad["op_id"]]})
    assert result["error"]["code"] == "dependency_rejected"


def test_a_dependency_that_stands_later_in_the_same_push_is_enough(world):
    task = world.task()
    parent = new_finding("f1", task)
    child = op("finding", "f1", {"notes": "后写"}, depends_on=[parent["op_id"]])
    results = world.lead.push(child, parent)
    assert [result["status"] for result in results] == ["applied", "applied"]
    assert results == world.lead.push(child, parent)


def test_an_op_with_two_dependencies_goes_on_when_the_second_comes(world):
    task = world.task()
    one, two = new_finding("f1", task), new_finding("f2", task)
    child = new_finding("f3", task) | {"depends_on": [one["op_id"], two["op_id"]]}
    assert world.lead.push(one)[0]["status"] == "applied"
    assert world.lead.push(child)[0]["status"] == "deferred"
    assert world.lead.push(two)[0]["status"] == "applied"
    assert world.lead.push(child)[0]["status"] == "applied"


def test_a_parent_that_another_device_brings_frees_an_op_whose_own_dependency_is_there(world):
    task = world.task()
    own = op("record", task, {"unit_name": "一店"})
    child = op("finding", "f1", {"notes": "协办补记"}, depends_on=[own["op_id"]])
    world.assistant.push(own)
    assert world.assistant.push(child)[0]["status"] == "deferred"
    world.lead.push(new_finding("f1", task))
    notes = by_id(world.lead.pull())["finding", "f1"]["data"]["notes"]
    assert [note["text"] for note in notes] == ["协办补记"]


def test_a_later_op_on_what_was_salvaged_is_salvaged_too_and_seen(world):
    task = world.task()
    reserve = world.officer("reserve")
    posts = [
        {"officer_id": "o-lead", "role": "lead"},
        {"officer_id": reserve.officer_id, "role": "assistant"},
    ]
    body = {"assignments": posts, "reason": "换人"}
    assert world.supervisor.call("PUT", f"/tasks/{task}/assignments", json=body).status_code == 200
    found = new_finding("f1", task, title="迟到")
    assert world.assistant.push(found)[0]["status"] == "salvaged"
    later = op("finding", "f1", {"notes": "补记"}, depends_on=[found["op_id"]])
    assert world.assistant.push(later)[0]["status"] == "salvaged"
    review = world.supervisor.get(f"/tasks/{task}/review").get_json()
    assert [each["op_id"] for each in review["salvaged"]] == [found["op_id"], later["op_id"]]

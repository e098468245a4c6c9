"""Rule 5 compares without seq, rev, server times and the ids that the server makes."""

from sync.canonical import canonical

CANDIDATE = {"key": "d-1:7", "value": "pass", "officer_id": "o-1", "device_id": "d-1", "at": "t1"}
CONFLICT = {
    "of_type": "answer",
    "field": "value",
    "candidates": [CANDIDATE],
    "standing": "pass",
    "opened_at": "t8",
    "resolved_at": None,
}


def test_what_devices_wrote_is_compared_as_it_stands():
    said = {"title": "甲", "tags": ["二", "一"], "opened_at": "a field of its own"}
    assert canonical("finding", said) == said


def test_a_conflict_is_compared_without_the_servers_times_and_numbers():
    assert canonical("conflict", CONFLICT) == {
        "of_type": "answer",
        "field": "value",
        "candidates": [
            {"value": "pass", "officer_id": "o-1", "device_id": "d-1", "at": "t1"},
        ],
        "standing": "pass",
    }


def test_when_the_office_settled_is_a_time_of_the_server():
    office = {**CANDIDATE, "device_id": "office"}
    [said] = canonical("conflict", {**CONFLICT, "candidates": [office]})["candidates"]
    assert said == {"value": "pass", "officer_id": "o-1", "device_id": "office"}


def test_work_that_came_late_is_compared_without_the_order_in_which_it_came():
    one = {"op_id": "a", "late_op_id": "l1", "patch": {"title": "一"}, "at": "t2"}
    two = {"op_id": "b", "late_op_id": "l2", "patch": {"title": "二"}, "at": "t1"}
    said = {"number": "1", "salvaged": [two, one], "not_awaited": [{"device_id": "d", "at": "t3"}]}
    assert canonical("task", said) == {
        "number": "1",
        "salvaged": [
            {"op_id": "a", "patch": {"title": "一"}},
            {"op_id": "b", "patch": {"title": "二"}},
        ],
        "not_awaited": [{"device_id": "d"}],
    }

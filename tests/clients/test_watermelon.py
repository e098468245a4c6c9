"""WatermelonDB 0.28 `synchronize()`, unmodified."""

import json

import pytest

from tests.server.sync.ops import new_finding, op
from tests.server.sync.test_compat import data_of, drain_is_over, open_conflicts, replace_assistant


def test_rows_go_both_ways(world, device):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲", tags=["电气"]), new_finding("f2", task))
    melon = device("watermelon", world.lead)
    melon("sync")
    assert json.loads(melon("get", type="finding", id="f1")["tags"]) == ["电气"]
    melon("patch", type="finding", id="f1", fields={"title": "改"})
    melon("insert", type="finding", document={"id": "f3", "task_id": task, "kind": "hazard"})
    answer = {"id": f"{task}.1.1", "value": "fail", "notes": '["空瓶"]'}
    melon("insert", type="answer", document=answer)
    melon("remove", type="finding", id="f2")
    melon("sync")
    assert data_of(world.assistant, "finding", "f1")["title"] == "改"
    assert data_of(world.assistant, "finding", "f3")["task_id"] == task
    assert data_of(world.assistant, "answer", f"{task}.1.1")["notes"][0]["text"] == "空瓶"
    assert melon("unsynced") is False
    melon("sync")
    assert {row["id"] for row in melon("all", type="finding")} == {"f1", "f3"}


def test_what_was_written_offline_meets_what_others_wrote(world, device):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲", location="一层"))
    melon = device("watermelon", world.assistant)
    melon("sync")
    melon("patch", type="finding", id="f1", fields={"location": "二层"})
    world.lead.push(op("finding", "f1", {"title": "乙"}, base_rev=1))
    melon("sync")
    stands = data_of(world.lead, "finding", "f1")
    assert (stands["title"], stands["location"]) == ("乙", "二层")


@pytest.mark.parametrize("with_rev", [True, False])
def test_a_verdict_written_meanwhile_is_never_overwritten_in_silence(world, device, with_rev):
    """synchronize() pulls the other's verdict, keeps its own over it, and only then pushes."""
    task = world.task()
    id_ = f"{task}.1.1"
    world.lead.push(op("answer", id_, {"value": "not_applicable"}))
    melon = device("watermelon", world.assistant, withRev=with_rev)
    melon("sync")
    melon("patch", type="answer", id=id_, fields={"value": "pass"})
    world.lead.push(op("answer", id_, {"value": "fail", "notes": "空瓶"}, base_rev=1))
    melon("sync")
    [conflict] = open_conflicts(world.lead)
    assert {each["value"] for each in conflict["candidates"]} >= {"pass", "fail"}
    assert conflict["standing"] == "fail"
    melon("sync")
    assert melon("get", type="answer", id=id_)["value"] == "fail"


def test_a_verdict_that_was_seen_is_replaced_without_a_conflict(world, device):
    task = world.task()
    id_ = f"{task}.1.1"
    world.lead.push(op("answer", id_, {"value": "fail", "notes": "空瓶"}))
    melon = device("watermelon", world.assistant)
    melon("sync")
    melon("patch", type="answer", id=id_, fields={"value": "pass"})
    melon("sync")
    assert open_conflicts(world.lead) == []
    assert data_of(world.lead, "answer", id_)["value"] == "pass"


def test_an_answer_that_was_lost_does_nothing_twice(world, device):
    task = world.task()
    world.lead.push(new_finding("f1", task, notes="第一"))
    melon = device("watermelon", world.assistant)
    melon("sync")
    notes = json.loads(melon("get", type="finding", id="f1")["notes"])
    melon("patch", type="finding", id="f1", fields={"notes": json.dumps([*notes, "第二"])})
    melon("insert", type="finding", document={"id": "f2", "task_id": task, "kind": "hazard"})
    with pytest.raises(AssertionError, match="the answer was lost"):
        melon("sync", loseAnswer=True)
    melon("sync")
    texts = [each["text"] for each in data_of(world.lead, "finding", "f1")["notes"]]
    assert texts == ["第一", "第二"]
    assert melon("unsynced") is False


def test_a_rejected_row_stays_changed_on_the_device_until_it_is_mended(world, device):
    task = world.task()
    melon = device("watermelon", world.lead)
    melon("sync")
    row = {"id": "f1", "task_id": task, "kind": "hazard", "severity": "huge"}
    melon("insert", type="finding", document=row)
    melon("sync")
    assert melon("unsynced") is True
    melon("patch", type="finding", id="f1", fields={"severity": "serious"})
    melon("sync")
    assert melon("unsynced") is False
    assert data_of(world.assistant, "finding", "f1")["severity"] == "serious"


def test_revoked_rows_go_only_after_their_drain(world, device):
    task = world.task()
    world.assistant.push(new_finding("f1", task, title="甲"))
    melon = device("watermelon", world.assistant)
    melon("sync")
    replace_assistant(world, task)
    melon("patch", type="finding", id="f1", fields={"title": "迟到"})
    melon("sync")
    assert melon("get", type="finding", id="f1")["title"] == "迟到"
    [salvaged] = data_of(world.lead, "task", task)["salvaged"]
    assert salvaged["patch"] == {"title": "迟到"}
    drain_is_over(world)
    melon("sync")
    assert melon("all", type="finding") == []

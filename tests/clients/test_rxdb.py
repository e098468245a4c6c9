"""RxDB 17 `replicateRxCollection`, unmodified."""

from tests.server.sync.ops import by_id, new_finding, op
from tests.server.sync.test_compat import data_of, drain_is_over, open_conflicts, replace_assistant


def test_documents_go_both_ways_in_batches(world, device):
    task = world.task()
    world.lead.push(*(new_finding(f"f{i}", task, title=f"第{i}处") for i in range(7)))
    rx = device("rxdb", world.assistant, types=["finding", "task"], batchSize=3)
    assert len(rx("all", type="finding")) == 7
    for i in range(5):
        new = {"id": f"g{i}", "task_id": task, "kind": "hazard", "title": "新"}
        rx("insert", type="finding", document=new)
    rx("patch", type="finding", id="f1", fields={"title": "改", "tags": ["电气"]})
    rx("remove", type="finding", id="f2")
    rx("sync")
    page = by_id(world.lead.pull())
    assert page["finding", "f1"]["data"]["tags"] == ["电气"]
    assert all(page["finding", f"g{i}"]["op"] == "upsert" for i in range(5))
    assert rx("troubles") == []


def test_what_was_written_offline_meets_what_others_wrote(world, device):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲", location="一层"))
    rx = device("rxdb", world.assistant, types=["finding"])
    rx("network", up=False)
    rx("patch", type="finding", id="f1", fields={"location": "二层"})
    rx("insert", type="finding", document={"id": "f2", "task_id": task, "kind": "hazard"})
    world.lead.push(op("finding", "f1", {"title": "乙"}, base_rev=1))
    rx("network", up=True)
    rx("sync")
    held = rx("get", type="finding", id="f1")
    assert (held["title"], held["location"]) == ("乙", "二层")
    stands = data_of(world.lead, "finding", "f1")
    assert (stands["title"], stands["location"]) == ("乙", "二层")
    assert data_of(world.lead, "finding", "f2")["task_id"] == task


def test_a_verdict_disputed_offline_becomes_a_conflict_that_the_lead_settles(world, device):
    task = world.task()
    id_ = f"{task}.1.1"
    rx = device("rxdb", world.lead, types=["answer", "conflict"])
    rx("network", up=False)
    rx("insert", type="answer", document={"id": id_, "value": "pass"})
    world.assistant.push(op("answer", id_, {"value": "fail", "notes": "空瓶"}))
    rx("network", up=True)
    rx("sync")
    assert rx("get", type="answer", id=id_)["value"] == "fail"
    rx("sync")
    [conflict] = rx("all", type="conflict")
    [key] = [each["key"] for each in conflict["candidates"] if each["value"] == "pass"]
    rx("patch", type="conflict", id=conflict["id"], fields={"candidate": key})
    rx("sync")
    assert open_conflicts(world.assistant) == []
    assert data_of(world.assistant, "answer", id_)["value"] == "pass"


def test_answers_that_were_lost_are_asked_for_again_without_doing_twice(world, device):
    task = world.task()
    world.lead.push(new_finding("f1", task, notes="第一"))
    rx = device("rxdb", world.assistant, types=["finding"])
    [note] = rx("get", type="finding", id="f1")["notes"]
    rx("network", up=True, answersLost=2)
    rx("patch", type="finding", id="f1", fields={"notes": [note, "第二"], "title": "改"})
    rx("sync")
    change = by_id(world.lead.pull())["finding", "f1"]
    assert change["rev"] == 2
    assert [each["text"] for each in change["data"]["notes"]] == ["第一", "第二"]
    assert [each["text"] for each in rx("get", type="finding", id="f1")["notes"]] == [
        "第一",
        "第二",
    ]
    assert "the answer was lost" in rx("troubles")[0]


def test_it_goes_on_after_the_server_was_killed(world, server, device):
    task = world.task()
    rx = device("rxdb", world.assistant, types=["finding"])
    server.kill()
    rx("insert", type="finding", document={"id": "f1", "task_id": task, "kind": "hazard"})
    server.start()
    rx("sync")
    assert data_of(world.lead, "finding", "f1")["task_id"] == task


def test_late_work_is_salvaged_and_leaves_the_device_after_the_drain(world, device):
    task = world.task()
    world.assistant.push(new_finding("f1", task, title="甲"))
    rx = device("rxdb", world.assistant, types=["finding"])
    rx("network", up=False)
    rx("patch", type="finding", id="f1", fields={"title": "迟到"})
    replace_assistant(world, task)
    rx("network", up=True)
    rx("sync")
    assert rx("get", type="finding", id="f1")["title"] == "迟到"
    assert data_of(world.lead, "finding", "f1")["title"] == "甲"
    [salvaged] = data_of(world.lead, "task", task)["salvaged"]
    assert salvaged["patch"] == {"title": "迟到"}
    drain_is_over(world)
    rx("sync")
    assert rx("all", type="finding") == []


def test_a_live_replication_is_poked_and_pulls(world, device):
    task = world.task()
    rx = device("rxdb", world.assistant, types=["finding"], live=True)
    rx.begin("until", type="finding", id="f1", fields={"title": "甲"})
    world.lead.push(new_finding("f1", task, title="甲"))
    rx.answer()
    rx.begin("until", type="finding", id="f1", fields={"title": "乙"})
    world.lead.push(op("finding", "f1", {"title": "乙"}, base_rev=1))
    rx.answer()
    rx("insert", type="finding", document={"id": "f2", "task_id": task, "kind": "hazard"})
    rx.begin("until", type="finding", id="f2", fields=None)
    world.lead.push(op("finding", "f2", action="delete", base_rev=1))
    rx.answer()

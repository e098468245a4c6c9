"""Clients of three makers on one finding, at once."""

import json

from client import Device
from tests.server.sync.ops import by_id, new_finding
from tests.server.sync.test_compat import open_conflicts
from tests.world import PASSWORD

MEANWHILE = {"title": "甲", "location": "一层", "severity": "minor", "action": "none"}


def test_one_finding_edited_at_once_by_all_converges_and_its_conflict_is_listed_once(
    world, server, device, tmp_path
):
    task = world.task()
    world.lead.push(new_finding("f1", task, **MEANWHILE, tags=["电气"]))
    second = world.device("u-assistant", officer_id="o-assistant", name="d-second")
    rx = device("rxdb", world.assistant, types=["finding", "conflict"])
    melon = device("watermelon", second)
    melon("sync")
    with Device(tmp_path / "d.sqlite3", server=server.url) as ours:
        ours.login("lead", PASSWORD)
        ours.sync()
        rx("network", up=False)
        rx("patch", type="finding", id="f1", fields={
            "title": "RxDB", "action": "temporary_seal", "severity": "critical",
            "tags": ["电气", "甲"],
        })  # fmt: skip
        melon("patch", type="finding", id="f1", fields={
            "location": "WatermelonDB", "action": "oral_order", "severity": "serious",
            "tags": '["乙"]',
        })  # fmt: skip
        ours.edit("finding", "f1", quantity=3, action="case_filed", tags=["电气", "丙"])

        for _ in range(2):
            ours.sync()
            melon("sync")
            rx("network", up=True)
            rx("sync")
        ours.sync()

        stands = by_id(world.lead.pull())["finding", "f1"]["data"]
        assert (stands["title"], stands["location"], stands["quantity"]) == (
            "RxDB", "WatermelonDB", 3,
        )  # fmt: skip
        assert (stands["severity"], stands["action"]) == ("critical", "case_filed")
        assert sorted(stands["tags"]) == sorted(["甲", "乙", "丙"])
        [held] = ours.all("finding")
        rows = [
            rx("get", type="finding", id="f1"),
            melon("get", type="finding", id="f1"),
            held.data,
        ]
        for row in rows:
            tags = json.loads(row["tags"]) if isinstance(row["tags"], str) else row["tags"]
            shown = {**row, "tags": tags}
            assert {name: shown[name] for name in (*MEANWHILE, "tags")} == {
                name: stands[name] for name in (*MEANWHILE, "tags")
            }

        [conflict] = open_conflicts(world.lead)
        assert {each["value"] for each in conflict["candidates"]} == {
            "temporary_seal", "oral_order", "case_filed",
        }  # fmt: skip
        listed = [
            [each["id"] for each in rx("all", type="conflict") if each["state"] == "open"],
            [each["id"] for each in melon("all", type="conflict") if each["state"] == "open"],
            [each.id for each in ours.conflicts()],
        ]
        assert listed[0] == listed[1] == listed[2]
        assert len(listed[0]) == 1

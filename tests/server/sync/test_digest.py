"""Digests: a device finds out that it differs, and where, in a few small requests."""

import pytest

from server.services.sync import digests
from sync.digest import entity_digest, range_digest
from tests.server.sync.ops import new_finding, op


def held(caller):
    """What a device that read its feed to the end would hold: (type, id) → digest."""
    return {
        (change["type"], change["id"]): entity_digest(
            change["type"], change["id"], change["rev"], change["data"]
        )
        for change in caller.pull()["changes"]
        if change["op"] == "upsert"
    }


def over(found):
    return range_digest(found[key] for key in sorted(found)).hex()


def ask(caller, **query):
    answer = caller.get("/sync/digest", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def findings(world):
    """A task with 65 findings, one more than are told entity by entity, and one deleted."""
    task = world.task()
    world.lead.push(*(new_finding(f"f{i:03}", task, quantity=i) for i in range(66)))
    world.lead.push(op("finding", "f065", action="delete", base_rev=1))
    return task


def test_who_holds_what_the_server_holds_has_its_digest(world, findings):
    whole, found = ask(world.assistant), held(world.assistant)
    assert (whole["count"], whole["digest"]) == (len(found), over(found))
    assert whole["entities"] is None
    parts = {part["type"]: part for part in whole["parts"]}
    assert list(parts) == sorted({type_ for type_, _ in found})
    for type_, part in parts.items():
        mine = {key: digest for key, digest in found.items() if key[0] == type_}
        assert (part["count"], part["digest"]) == (len(mine), over(mine))
        assert part["from"] is part["to"] is None


def test_every_part_leads_on_to_the_entities_that_it_is_made_of(world, findings):
    found = {key: each for key, each in held(world.lead).items() if key[0] == "finding"}
    top = ask(world.lead, type="finding")
    assert (top["count"], top["digest"]) == (65, over(found))
    ends = [(part["from"], part["to"]) for part in top["parts"]]
    assert ends[0][0] is ends[-1][1] is None
    assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]
    told = {}
    for part in top["parts"]:
        bounds = {name: part[name] for name in ("from", "to") if part[name]}
        inner = ask(world.lead, type="finding", **bounds)
        assert (inner["count"], inner["digest"]) == (part["count"], part["digest"])
        told |= {("finding", each["id"]): each["digest"] for each in inner["entities"]}
    assert told == {key: digest.hex() for key, digest in found.items()}


def test_64_entities_are_told_one_by_one_and_65_are_not(world, findings):
    assert ask(world.lead, type="finding")["entities"] is None
    some = ask(world.lead, type="finding", **{"from": "f001"})
    assert len(some["entities"]) == some["count"] == 64
    assert some["parts"] is None
    assert [each["id"] for each in some["entities"]] == [f"f{i:03}" for i in range(1, 65)]


def test_a_range_holds_its_beginning_and_not_its_end_in_byte_order(world):
    task = world.task()
    names = ["B", "a", "a-", "a.", "a0", "aB", "a_", "aa", "b"]
    world.lead.push(*(new_finding(name, task) for name in reversed(names)))
    within = ask(world.lead, type="finding", **{"from": "a", "to": "aa"})
    assert [each["id"] for each in within["entities"]] == ["a", "a-", "a.", "a0", "aB", "a_"]


def test_too_much_is_only_counted_and_split_and_each_part_can_be_asked_for(
    world, findings, monkeypatch
):
    found = {key: each for key, each in held(world.lead).items() if key[0] == "finding"}
    monkeypatch.setattr(digests, "MAX_DIGESTED", 64)
    monkeypatch.setattr(digests, "FEW", 2)
    whole = ask(world.lead)
    assert whole["digest"] is None
    assert {part["digest"] for part in whole["parts"]} == {None}
    assert {part["type"]: part["count"] for part in whole["parts"]}["finding"] == 65
    top = ask(world.lead, type="finding")
    assert (top["digest"], top["count"]) == (None, 65)
    assert sum(part["count"] for part in top["parts"]) == 65
    pieces = []
    for part in top["parts"]:
        bounds = {name: part[name] for name in ("from", "to") if part[name]}
        inner = ask(world.lead, type="finding", **bounds)
        assert inner["count"] == part["count"]
        pieces.append(inner["digest"])
    assert None not in pieces
    starts = [part["from"] or "" for part in top["parts"]]
    for piece, start, end in zip(pieces, starts, [*starts[1:], "~"], strict=True):
        assert piece == over({key: each for key, each in found.items() if start <= key[1] < end})
    monkeypatch.setattr(digests, "MAX_DIGESTED", 65)
    assert ask(world.lead, type="finding")["digest"] == over(found)


def test_nobody_is_told_of_what_another_holds(world, findings):
    nothing = range_digest([]).hex()
    assert ask(world.outsider) == {
        "current": None, "count": 0, "digest": nothing, "parts": [], "entities": None,
    }  # fmt: skip
    assert ask(world.outsider, type="finding")["entities"] == []
    query = {"type": "finding", "id": ["f001", "f002"]}
    assert fetch(world.outsider, query).get_json() == {"entities": []}
    assert world.supervisor.get("/sync/digest").status_code == 403


def fetch(caller, query):
    return caller.get("/sync/entities", query_string=query)


def test_entities_are_given_as_the_feed_gives_them_and_what_is_gone_is_missing(world, findings):
    given = fetch(world.lead, {"type": "finding", "id": ["f001", "f065", "none"]}).get_json()
    [change] = [each for each in world.lead.pull()["changes"] if each["id"] == "f001"]
    assert given["entities"] == [{name: change[name] for name in ("type", "id", "rev", "data")}]
    for count, status in ((0, 422), (1, 200), (100, 200), (101, 422)):
        ids = [f"x{number}" for number in range(count)]
        assert fetch(world.lead, {"type": "finding", "id": ids}).status_code == status


def test_the_answer_says_whether_anything_came_since_the_cursor(world, findings):
    cursor = world.lead.pull()["cursor"]
    assert ask(world.lead, cursor=cursor)["current"] is True
    world.assistant.push(op("finding", "f001", {"title": "新"}, base_rev=1))
    assert ask(world.lead, cursor=cursor)["current"] is False
    answer = world.lead.get("/sync/digest", query_string={"cursor": "nonsense"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_cursor")


def test_ids_without_a_type_have_no_order(world):
    assert world.lead.get("/sync/digest", query_string={"from": "a"}).status_code == 422
    assert world.lead.get("/sync/digest", query_string={"type": "ship"}).status_code == 422


def test_the_last_page_brings_the_digest_when_it_is_asked_for(world, findings):
    first = world.lead.get("/sync/changes", query_string={"limit": 60, "digest": "true"}).get_json()
    assert first["has_more"]
    assert "digest" not in first
    query = {"limit": 60, "digest": "true", "cursor": first["cursor"]}
    last = world.lead.get("/sync/changes", query_string=query).get_json()
    found = held(world.lead)
    assert last["digest"] == {"count": len(found), "digest": over(found)}
    assert "digest" not in world.lead.pull()
    assert world.lead.get("/sync/capabilities").get_json()["digest"] == "suijian-digest/1"

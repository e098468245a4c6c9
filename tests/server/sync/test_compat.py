"""The calls of RxDB and WatermelonDB as their own documentation writes them, without node.

tests/clients runs the libraries themselves.
"""

import json
from datetime import timedelta

import pytest

from server.clock import now
from server.services.sync.compaction import compact
from server.services.tasks.assignments import Post, assign
from server.services.tasks.handover import release_due
from tests.server.sync.ops import by_id, new_finding, op


class RxClient:
    """The part of `replicateRxCollection` that speaks to a server, for one type."""

    def __init__(self, caller, type_):
        self.caller, self.path, self.checkpoint = caller, f"/compat/rxdb/{type_}", None

    def page(self, **query):
        query = {"checkpoint": json.dumps(self.checkpoint), "limit": 100, **query}
        answer = self.caller.get(f"{self.path}/pull", query_string=query)
        assert answer.status_code == 200, answer.text
        page = answer.get_json()
        self.checkpoint = page["checkpoint"]
        return page["documents"]

    def push(self, *rows):
        body = [{"newDocumentState": new, "assumedMasterState": old} for old, new in rows]
        answer = self.caller.post(f"{self.path}/push", body)
        assert answer.status_code == 200, answer.text
        return answer.get_json()


class Melon:
    """The two calls of `synchronize()`."""

    def __init__(self, caller):
        self.caller, self.last_pulled_at = caller, None

    def pull(self, migration=None):
        answer = self.caller.get(
            f"/compat/watermelon/sync?last_pulled_at={self.last_pulled_at or 'null'}"
            f"&schema_version=1&migration={json.dumps(migration)}"
        )
        assert answer.status_code == 200, answer.text
        pulled = answer.get_json()
        self.last_pulled_at = pulled["timestamp"]
        return pulled["changes"]

    def push(self, **tables):
        answer = self.caller.call(
            "POST",
            f"/compat/watermelon/sync?last_pulled_at={self.last_pulled_at or 'null'}",
            data=json.dumps(tables),
            content_type="text/plain;charset=UTF-8",  # what fetch() says of a text
        )
        assert answer.status_code == 200, answer.text
        return answer.get_json()["experimentalRejectedIds"]


def finding(task, id_="f1", **fields):
    return {"id": id_, "task_id": task, "kind": "hazard", **fields}


def edited(row, *columns, **fields):
    """A raw row as WatermelonDB keeps it after an edit."""
    names = columns or tuple(fields)
    return {**row, **fields, "_status": "updated", "_changed": ",".join(names)}


def created(**tables):
    return {
        name: {
            "created": [{"_status": "created", "_changed": "", **row} for row in rows],
            "updated": [],
            "deleted": [],
        }
        for name, rows in tables.items()
    }


def updated(**tables):
    return {name: {"created": [], "updated": rows, "deleted": []} for name, rows in tables.items()}


def deleted(**tables):
    return {name: {"created": [], "updated": [], "deleted": ids} for name, ids in tables.items()}


def row_of(changes, table, id_):
    [row] = [row for row in changes[table]["updated"] if row["id"] == id_]
    return row


def data_of(caller, type_, id_):
    return by_id(caller.pull())[type_, id_]["data"]


def open_conflicts(caller):
    return [
        change["data"]
        for (type_, _), change in by_id(caller.pull()).items()
        if type_ == "conflict" and change["data"]["state"] == "open"
    ]


# -- RxDB ---------------------------------------------------------------------------------------


def test_a_page_of_one_type_is_never_shorter_than_asked_while_there_is_more(world):
    task = world.task()
    world.lead.push(*(new_finding(f"f{i}", task) for i in range(5)))
    world.lead.push(op("answer", f"{task}.1.1", {"value": "pass"}))
    world.lead.push(*(new_finding(f"g{i}", task) for i in range(2)))
    client = RxClient(world.lead, "finding")
    sizes = [len(client.page(limit=3)) for _ in range(4)]
    assert sizes == [3, 3, 1, 0]


@pytest.mark.parametrize("query", ["limit=2", "batchSize=2"])
def test_the_checkpoint_may_come_as_json_or_spread_over_the_query(world, query):
    task = world.task()
    world.lead.push(*(new_finding(f"f{i}", task) for i in range(3)))
    path = "/compat/rxdb/finding/pull"
    first = world.lead.get(f"{path}?{query}").get_json()
    rest = world.lead.get(f"{path}?{query}&cursor={first['checkpoint']['cursor']}").get_json()
    assert (len(first["documents"]), len(rest["documents"])) == (2, 1)


def test_a_checkpoint_that_was_tampered_with_is_never_from_the_start(world):
    world.task()
    answer = world.lead.get("/compat/rxdb/task/pull?cursor=nonsense")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_cursor")
    assert world.lead.get("/compat/rxdb/nothing/pull").status_code == 404


def test_a_document_made_by_rxdb_is_an_op_with_receipt_and_history(world):
    task = world.task()
    new = finding(task, title="甲", _deleted=False)
    assert RxClient(world.lead, "finding").push((None, new)) == []
    assert data_of(world.assistant, "finding", "f1")["title"] == "甲"


def test_edits_of_different_fields_merge_and_the_merged_document_is_answered(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲", location="一层"))
    client = RxClient(world.lead, "finding")
    [stood] = client.page()
    world.assistant.push(op("finding", "f1", {"location": "二层"}, base_rev=1))
    [document] = client.push((stood, {**stood, "title": "乙"}))
    assert (document["title"], document["location"], document["_deleted"]) == ("乙", "二层", False)
    assert client.push((document, {**document, "title": "丙"})) == []


def test_fields_of_the_server_are_left_out_when_the_assumed_state_is_compared(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲"))
    client = RxClient(world.lead, "finding")
    [stood] = client.page()
    stale = {**stood, "rev": stood["rev"], "title": "乙"}
    assert client.push((stood, stale)) == []
    # The client's copy keeps its old rev until the feed brings the new one; that is no conflict.
    assert client.push((stale, {**stale, "title": "丙"})) == []
    assert open_conflicts(world.lead) == []


def test_a_repeated_push_is_one_write_and_the_same_words_later_are_another(world):
    task = world.task()
    client = RxClient(world.lead, "finding")
    first, second = finding(task, title="甲"), finding(task, title="乙")
    client.push((None, first))
    client.push((first, second))
    client.push((first, second))
    assert by_id(world.lead.pull())["finding", "f1"]["rev"] == 2
    client.push((second, first))
    client.push((first, second))
    assert by_id(world.lead.pull())["finding", "f1"]["rev"] == 4
    assert data_of(world.lead, "finding", "f1")["title"] == "乙"


def test_a_disputed_verdict_is_kept_twice_and_what_stands_is_answered(world):
    task = world.task()
    id_ = f"{task}.1.1"
    client = RxClient(world.lead, "answer")
    world.assistant.push(op("answer", id_, {"value": "fail", "notes": "空瓶"}))
    [document] = client.push((None, {"id": id_, "value": "pass"}))
    assert document["value"] == "fail"
    [conflict] = open_conflicts(world.lead)
    assert {each["value"] for each in conflict["candidates"]} == {"pass", "fail"}


def test_a_conflict_can_be_settled_by_writing_its_document(world):
    task = world.task()
    world.assistant.push(op("answer", f"{task}.1.1", {"value": "fail", "notes": "空瓶"}))
    world.lead.push(op("answer", f"{task}.1.1", {"value": "pass"}))
    client = RxClient(world.lead, "conflict")
    [stood] = client.page()
    [key] = [each["key"] for each in stood["candidates"] if each["value"] == "pass"]
    client.push((stood, {**stood, "candidate": key}))
    assert open_conflicts(world.lead) == []
    assert data_of(world.lead, "answer", f"{task}.1.1")["value"] == "pass"


def test_new_notes_are_added_and_those_that_were_there_are_not_added_again(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, notes="第一"))
    client = RxClient(world.assistant, "finding")
    [stood] = client.page()
    [document] = client.push((stood, {**stood, "notes": [*stood["notes"], "第二"]}))
    assert [note["text"] for note in document["notes"]] == ["第一", "第二"]


def test_a_deletion_comes_and_goes(world):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    client, other = RxClient(world.lead, "finding"), RxClient(world.assistant, "finding")
    [stood] = client.page()
    other.page()
    assert client.push((stood, {**stood, "_deleted": True})) == []
    [gone] = other.page()
    assert (gone["id"], gone["_deleted"]) == ("f1", True)


def test_a_change_of_what_only_the_office_writes_is_kept_refused_and_taken_back(world):
    task = world.task()
    client = RxClient(world.lead, "task")
    [stood] = client.page()
    [document] = client.push((stood, {**stood, "number": "X", "status": "in_progress"}))
    assert (document["number"], document["status"]) == (stood["number"], "in_progress")
    assert data_of(world.lead, "task", task)["status"] == "in_progress"


def test_what_is_outside_ones_tasks_is_neither_written_nor_told(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="秘"))
    client = RxClient(world.outsider, "finding")
    assert client.page() == []
    assert client.push((None, finding(task, title="乙"))) == []
    assert data_of(world.lead, "finding", "f1")["title"] == "秘"


def test_a_client_that_lost_its_notes_of_what_it_pulled_overwrites_nothing(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲", location="一层"))
    client = RxClient(world.lead, "finding")
    [held] = client.page()
    world.assistant.push(op("finding", "f1", {"title": "乙"}, base_rev=1))
    [document] = client.push((None, {**held, "location": "二层"}))
    assert (document["title"], document["location"]) == ("乙", "二层")


# -- WatermelonDB -------------------------------------------------------------------------------


def test_the_first_pull_brings_all_as_updated_and_a_number_to_go_on_from(world):
    task = world.task()
    client = Melon(world.lead)
    changes = client.pull()
    assert row_of(changes, "task", task)["assignments"].startswith("[")
    assert all(not table["created"] for table in changes.values())
    assert 0 < client.last_pulled_at < 2**53
    assert client.pull() == {}


def test_the_number_of_another_device_or_database_is_never_from_the_start(world):
    world.task()
    client, other = Melon(world.lead), Melon(world.assistant)
    client.pull()
    for number in (client.last_pulled_at, 1, 2**53 - 1):
        answer = other.caller.get(f"/compat/watermelon/sync?last_pulled_at={number}")
        assert answer.status_code == 410
        assert answer.get_json()["details"]["action"] == "resync_keep_pending"


def test_rows_made_by_watermelon_come_home_and_a_repeated_create_is_an_update(world):
    task = world.task()
    client = Melon(world.lead)
    client.pull()
    row = finding(task, title="甲", severity=None, tags='["电气"]', notes=None)
    assert client.push(**created(finding=[row])) == {}
    assert client.push(**created(finding=[{**row, "title": "乙"}])) == {}
    data = data_of(world.assistant, "finding", "f1")
    assert (data["title"], data["tags"]) == ("乙", ["电气"])


def test_children_may_stand_before_their_parents_in_what_is_sent(world):
    task = world.task()
    client = Melon(world.lead)
    photo = {
        "id": "p1", "task_id": task, "of_type": "finding", "of_id": "f1", "kind": "evidence",
        "sha256": "0" * 64, "size_bytes": 9,
    }  # fmt: skip
    assert client.push(**created(photo=[photo], finding=[finding(task)])) == {}
    assert data_of(world.lead, "photo", "p1")["of_id"] == "f1"


def test_only_changed_columns_are_written_so_that_stale_ones_overwrite_nothing(world):
    task = world.task()
    world.lead.push(new_finding("f1", task, title="甲", location="一层"))
    client = Melon(world.lead)
    row = row_of(client.pull(), "finding", "f1")
    world.assistant.push(op("finding", "f1", {"location": "二层"}, base_rev=1))
    client.push(**updated(finding=[edited(row, title="乙")]))
    data = data_of(world.lead, "finding", "f1")
    assert (data["title"], data["location"]) == ("乙", "二层")


def test_a_row_that_keeps_its_rev_replaces_what_its_writer_saw(world):
    task = world.task()
    world.assistant.push(new_finding("f1", task, action="oral_order"))
    client = Melon(world.lead)
    row = row_of(client.pull(), "finding", "f1")
    client.push(**updated(finding=[edited(row, action="term_correction")]))
    assert open_conflicts(world.lead) == []


def test_a_row_without_rev_is_taken_to_have_seen_nothing_so_that_nothing_is_lost(world):
    task = world.task()
    world.assistant.push(new_finding("f1", task, action="temporary_seal"))
    client = Melon(world.lead)
    row = row_of(client.pull(), "finding", "f1")
    del row["rev"]
    client.push(**updated(finding=[edited(row, action="oral_order")]))
    [conflict] = open_conflicts(world.lead)
    assert conflict["standing"] == "temporary_seal"
    world.assistant.push(op("finding", "f1", {"title": "乙"}, base_rev=2))
    client.pull()
    client.push(**updated(finding=[edited(row, action="oral_order")]))
    assert len(open_conflicts(world.lead)) == 1


def test_a_number_has_a_column_of_its_own(world):
    task = world.task()
    world.lead.push(op("answer", f"{task}.1.1", {"value": "pass"}))
    row = row_of(Melon(world.lead).pull(), "answer", f"{task}.1.1")
    assert (row["value"], row.get("value_number")) == ("pass", None)
    client = Melon(world.lead)
    bad = edited(row, "value_number", value=None, value_number=4)
    assert client.push(**updated(answer=[bad])) == {"answer": [f"{task}.1.1"]}


def test_rejected_rows_are_named_and_stay_changed_while_the_others_are_taken(world):
    task = world.task()
    client = Melon(world.lead)
    rows = [finding(task, severity="huge"), finding(task, "f2")]
    assert client.push(**created(finding=rows, notes_of_mine=[{"id": "n1"}])) == {
        "finding": ["f1"], "notes_of_mine": ["n1"],
    }  # fmt: skip
    assert ("finding", "f2") in by_id(world.lead.pull())
    assert ("finding", "f1") not in by_id(world.lead.pull())


def test_columns_of_the_client_alone_are_left_alone(world):
    task = world.task()
    client = Melon(world.lead)
    assert client.push(**created(finding=[finding(task, updated_at=5, is_starred=True)])) == {}


def test_updated_rows_must_say_which_columns_were_changed(world):
    answer = world.lead.post(
        "/compat/watermelon/sync", {"finding": {"created": [], "updated": [{"id": "f1"}]}}
    )
    assert answer.status_code == 422


def test_notes_are_added_once_though_the_row_is_sent_again_after_a_lost_answer(world):
    task = world.task()
    world.assistant.push(new_finding("f1", task, notes="第一"))
    client = Melon(world.lead)
    row = row_of(client.pull(), "finding", "f1")
    mine = edited(row, notes=json.dumps([*json.loads(row["notes"]), "第二"]))
    client.push(**updated(finding=[mine]))
    client.pull()
    client.push(**updated(finding=[mine]))
    notes = data_of(world.lead, "finding", "f1")["notes"]
    assert [note["text"] for note in notes] == ["第一", "第二"]


def test_a_deletion_of_what_another_wrote_is_left_to_a_person(world):
    task = world.task()
    world.lead.push(new_finding("mine", task))
    world.assistant.push(new_finding("theirs", task))
    client = Melon(world.lead)
    client.pull()
    client.push(**deleted(finding=["mine", "theirs"]))
    changes = client.pull()
    assert changes["finding"]["deleted"] == ["mine"]
    assert row_of(changes, "finding", "theirs")
    assert [each["field"] for each in open_conflicts(world.lead)] == ["existence"]


def test_tables_that_a_migration_brought_come_whole(world):
    task = world.task()
    client = Melon(world.lead)
    client.pull()
    migration = {"from": 1, "tables": ["task"], "columns": [{"table": "object", "columns": ["x"]}]}
    changes = client.pull(migration)
    assert set(changes) == {"task", "object"}
    assert row_of(changes, "task", task)


def replace_assistant(world, task):
    newcomer = world.officer("newcomer")
    team = [Post("o-lead", "lead"), Post(newcomer.officer_id, "assistant")]
    with world.parts.database.write() as session:
        assign(
            session, actor=world.actor(world.supervisor), task_id=task, posts=team, reason="轮换",
            now=now(),
        )  # fmt: skip
    return newcomer


def drain_is_over(world):
    with world.parts.database.write() as session:
        release_due(session, now=now() + timedelta(days=15), salvage_days=14)


# -- leaving scope ------------------------------------------------------------------------------


def test_revoked_rows_come_as_deleted_only_after_their_drain(world):
    task = world.task()
    world.assistant.push(new_finding("f1", task))
    melon, rx = Melon(world.assistant), RxClient(world.assistant, "finding")
    melon.pull()
    [stood] = rx.page()
    replace_assistant(world, task)
    assert (melon.pull(), rx.page()) == ({}, [])
    assert rx.push((stood, {**stood, "title": "迟到"})) == []
    drain_is_over(world)
    assert "f1" in melon.pull()["finding"]["deleted"]
    assert [(each["id"], each["_deleted"]) for each in rx.page()] == [("f1", True)]


def test_a_number_stays_good_when_what_came_last_was_compacted(world):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    world.lead.push(op("finding", "f1", action="delete", base_rev=1))
    database, later = world.parts.database, now() + timedelta(days=400)
    assert sum(compact(database, now=now(), tombstone_days=90)) == 0  # notes where feeds stand
    assert sum(compact(database, now=later, tombstone_days=90)) > 0
    client = Melon(world.lead)
    client.pull()
    assert client.pull() == {}

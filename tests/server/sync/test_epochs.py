"""Rule 1 and old backups: whoever knew more than the server is told, and nothing is mistaken."""

import threading

from sqlalchemy import text

from server.jobs.table import Workshop, renew_epoch
from server.parts import parts_of
from server.services.sync.epoch import REV_GAP
from tests.concurrency.people import PATIENCE_SECONDS
from tests.server.sync.copies import backed_up, on_a_copy
from tests.server.sync.ops import by_id, new_finding, op


def begin(app):
    done = app.test_cli_runner().invoke(args=["sync", "new-epoch"])
    assert done.exit_code == 0, done.output


def epoch(caller):
    return caller.get("/sync/capabilities").get_json()["epoch"]


def ask(caller, cursor):
    return caller.get("/sync/changes", query_string={"cursor": cursor})


def test_a_new_epoch_makes_every_device_resync_and_is_told_and_kept(app, world):
    world.task()
    cursors = [(caller, caller.pull()["cursor"]) for caller in (world.lead, world.assistant)]
    before = epoch(world.lead)
    begin(app)
    assert epoch(world.lead) != before
    for caller, cursor in cursors:
        assert ask(caller, cursor).status_code == 410
        assert caller.pull()["changes"]
    with world.parts.database.read() as session:
        said = "SELECT count(*) FROM audit WHERE action = 'epoch.begun'"
        assert session.execute(text(said)).scalar_one() == 1


def test_what_was_seen_of_a_forgotten_past_is_not_mistaken_for_what_was_written_since(app, world):
    """The lead saw a version 2 that the backup never had; another must not pass for it."""
    task = world.task()
    world.lead.push(new_finding("f1", task))
    with backed_up(app) as backup:
        world.assistant.push(op("finding", "f1", {"legal_basis": "甲"}, base_rev=1))
        assert by_id(world.lead.pull())["finding", "f1"]["rev"] == 2
        pending = op("finding", "f1", {"legal_basis": "乙"}, base_rev=2)
        with on_a_copy(app, backup):
            begin(app)
            world.assistant.push(op("finding", "f1", {"legal_basis": "丙"}, base_rev=1))
            [result] = world.lead.push(pending)
            assert result["status"] == "conflict"
            assert result["rev"] == REV_GAP + 3


def test_a_restored_backup_that_nobody_announced_is_noticed_by_the_first_device_that_knows_more(
    app, world
):
    task = world.task()
    with backed_up(app) as backup:
        behind = world.assistant.pull()["cursor"]
        world.lead.push(new_finding("f1", task))
        ahead = world.lead.pull()["cursor"]
        with on_a_copy(app, backup):
            before = epoch(world.lead)
            renew(app)
            assert ask(world.assistant, behind).status_code == 200
            refused = ask(world.lead, ahead)
            assert refused.status_code == 410
            assert refused.get_json()["details"] == {
                "action": "resync_keep_pending", "reason": "server_set_back",
            }  # fmt: skip
            assert epoch(world.lead) == before  # the job does it, not the request
            renew(app)
            assert epoch(world.lead) != before
            assert ask(world.assistant, behind).status_code == 410
            renewed = epoch(world.lead)
            renew(app)
            assert epoch(world.lead) == renewed


def renew(app):
    """The job, on the database that the app works on now."""
    parts = parts_of(app)
    renew_epoch(Workshop(settings=parts.settings, database=parts.database, media=parts.media))


def test_versions_that_are_being_written_move_up_once_and_for_all(app, world):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    pushes, began = 30, threading.Event()

    def write_on():
        for number in range(pushes):
            world.lead.push(op("finding", "f1", {"title": f"第{number}版"}))
            began.set()

    writer = threading.Thread(target=write_on)
    writer.start()
    assert began.wait(PATIENCE_SECONDS)
    begin(app)
    writer.join(PATIENCE_SECONDS)
    change = by_id(world.lead.pull())["finding", "f1"]
    assert change["rev"] == REV_GAP + pushes + 1

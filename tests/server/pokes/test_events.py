"""Pokes: said to every process, never with data, and never at others' cost."""

import json
from contextlib import ExitStack
from dataclasses import replace

import pytest
import requests
from sqlalchemy import text

from server.auth import issue_access_token
from server.clock import now
from tests.server.pokes.listener import EVENTS, PATIENCE_SECONDS, listening, listening_at
from tests.server.sync.ops import new_finding
from tests.server_process import serving
from tests.world import Caller


def seq_of(poke):
    said = json.loads(poke)
    assert list(said) == ["seq"]
    return said["seq"]


def head_of(caller):
    return max(change["seq"] for change in caller.pull()["changes"])


def push_at(server, caller, *ops):
    answer = requests.post(
        f"{server.api}/sync/push", json={"ops": ops}, timeout=PATIENCE_SECONDS,
        headers={"Authorization": f"Bearer {caller.token}"},
    )  # fmt: skip
    assert [each["status"] for each in answer.json()["results"]] == ["applied"] * len(ops)


def test_a_push_at_one_server_pokes_the_stream_at_another(world, settings, tmp_path):
    """And an open stream does not hold up an orderly stop of its server."""
    task = world.task()
    with (
        serving(replace(settings, threads=4), folder=tmp_path, threads=4) as one,
        serving(replace(settings, threads=4), folder=tmp_path, threads=4) as other,
        listening_at(other.api, world.assistant) as stream,
    ):
        first = seq_of(stream.next())
        push_at(one, world.lead, new_finding("f1", task, title="不外传"))
        assert seq_of(stream.next()) == first + 1
        push_at(other, world.lead, new_finding("f2", task))
        assert seq_of(stream.next()) == first + 2
        other.stop()
        assert stream.next() is None


@pytest.mark.parametrize("last", ["999999999", "-1", "'; --"])
def test_a_stream_begins_with_where_the_feed_stands_whatever_the_last_event_id_was(world, last):
    world.task()
    with listening(world.lead, **{"Last-Event-ID": last}) as stream:
        assert stream.next("retry") == "5000"
        assert seq_of(stream.next()) == head_of(world.lead)


def test_only_those_whose_feed_moved_are_poked(world):
    world.task()
    with listening(world.lead) as mine, listening(world.outsider) as theirs:
        assert seq_of(mine.next()) == head_of(world.lead)
        assert seq_of(theirs.next()) == 0
        world.task()
        world.task(
            lead=world.outsider, assistant=world.officer("far", organisation="brig-b"),
            supervisor=world.other_supervisor, object_id=world.object(organisation="brig-b"),
        )  # fmt: skip
        assert seq_of(theirs.next()) == head_of(world.outsider)
        assert seq_of(mine.next()) == head_of(world.lead)


def test_beyond_its_seats_a_server_says_503_and_polling_goes_on(world, settings):
    world.task()
    with ExitStack() as streams:
        for _ in range(settings.threads // 2):
            assert streams.enter_context(listening(world.lead)).next()
        refused = world.assistant.get(EVENTS)
        assert (refused.status_code, refused.get_json()["code"]) == (503, "events_full")
        assert int(refused.headers["Retry-After"]) > 0
        assert world.assistant.pull()["changes"]
    with listening(world.assistant) as stream:
        assert stream.next()


def test_a_stream_ends_with_its_token(world, settings):
    world.task()
    token = issue_access_token(
        secret=settings.secret_key, user_id="u-lead", device_id="d-lead", now=now(), minutes=0.03
    )
    short = Caller(world.lead.http, "u-lead", "o-lead", "d-lead", token)
    with listening(short) as stream:
        assert stream.next()
        assert stream.next() is None


def test_a_stream_ends_when_its_device_is_stopped(world):
    world.task()
    with listening(world.lead) as stream:
        assert stream.next()
        assert world.admin.post("/devices/d-lead/revoke").status_code == 204
        assert stream.next() is None
    assert world.lead.get(EVENTS).get_json()["code"] == "device_revoked"


def test_who_is_no_officer_has_no_feed_to_be_poked_about(world):
    answer = world.supervisor.get(EVENTS)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")


def test_when_the_listening_connection_is_cut_the_streams_end_and_new_ones_hear(world):
    if world.parts.database.is_sqlite:
        pytest.skip("on SQLite there is no connection to lose")
    task = world.task()
    with listening(world.lead) as stream:
        assert stream.next()
        cut_connections_that_listen(world)
        assert stream.next() is None
    with listening(world.lead) as stream:
        assert stream.next()
        world.lead.push(new_finding("f1", task))
        assert stream.next()


def cut_connections_that_listen(world):
    """The thread may still be about to listen, so until one was found."""
    cut = 0
    while not cut:
        with world.parts.database.read() as session:
            cut = session.execute(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                )
            ).scalar_one()


def test_rxdb_is_told_to_pull(world):
    task = world.task()
    with listening(world.lead, "/compat/rxdb/finding/stream") as stream:
        assert stream.next() == '"RESYNC"'
        world.lead.push(new_finding("f1", task))
        assert stream.next() == '"RESYNC"'

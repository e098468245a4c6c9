"""The short way of a pull that finds nothing says what the route says, or leaves it to that."""

import json
import logging

import pytest

from tests.server.sync.ops import new_finding

SAME = {"ETag", "Vary", "X-Content-Type-Options"}


@pytest.fixture
def cursor(world):
    world.task()
    return world.lead.pull()["cursor"]


def ask(caller, cursor, *, tag=None, query=None, **headers):
    return caller.get(
        "/sync/changes",
        query_string={"cursor": cursor, "limit": 500} if query is None else query,
        headers={"If-None-Match": f'"{cursor}"' if tag is None else tag, **headers},
    )


@pytest.fixture
def served_by_flask(world):
    """How many requests went the whole way."""
    served = []
    world.app.before_request_funcs.setdefault(None, []).append(lambda: served.append(1) and None)
    yield served
    world.app.before_request_funcs[None].pop()


def test_both_ways_answer_alike(world, cursor, served_by_flask):
    quiet = ask(world.lead, cursor)
    assert not served_by_flask
    whole = ask(world.lead, cursor, tag=f'"other", "{cursor}"')
    assert served_by_flask
    assert (quiet.status, quiet.data) == (whole.status, whole.data) == ("304 NOT MODIFIED", b"")
    assert {name: quiet.headers[name] for name in SAME} == {n: whole.headers[n] for n in SAME}
    assert set(quiet.headers.keys()) == SAME | {"X-Request-ID"}


def test_the_callers_request_id_is_kept_and_the_request_is_logged(world, cursor, caplog):
    with caplog.at_level(logging.INFO, logger="suijian.request"):
        answer = ask(world.lead, cursor, **{"X-Request-ID": "from-the-device-1"})
    assert answer.headers["X-Request-ID"] == "from-the-device-1"
    event = json.loads(caplog.records[-1].getMessage())
    assert event["duration_ms"] >= 0
    assert {**event, "duration_ms": 0} == {
        "event": "request", "request_id": "from-the-device-1", "method": "GET",
        "path": "/api/v1/sync/changes", "status": 304, "duration_ms": 0,
        "user_id": "u-lead", "device_id": "d-lead",
    }  # fmt: skip


def test_whatever_is_not_in_order_goes_the_whole_way(world, cursor, served_by_flask):
    for status, answer in [
        (401, world.app.test_client().get(
            "/api/v1/sync/changes", query_string={"cursor": cursor},
            headers={"If-None-Match": f'"{cursor}"'},
        )),
        (422, ask(world.lead, cursor, query=f"cursor={cursor}&limit=0")),
        (422, ask(world.lead, cursor, query=f"cursor={cursor}&limit=")),
        (422, ask(world.lead, cursor, query=f"cursor={cursor}&more=1")),
        (304, ask(world.lead, cursor, query=f"cursor={cursor}&cursor={cursor}")),
        (400, ask(world.assistant, cursor)),
        (400, ask(world.lead, "nonsense")),
        (200, ask(world.lead, cursor, tag='"other"')),
        (405, world.lead.post(f"/sync/changes?cursor={cursor}", {},
                              headers={"If-None-Match": f'"{cursor}"'})),
    ]:  # fmt: skip
        assert answer.status_code == status, answer.text
    assert len(served_by_flask) == 9


def test_news_go_the_whole_way(world, cursor):
    task = world.task()
    world.lead.push(new_finding("f1", task))
    assert ask(world.lead, cursor).status_code == 200

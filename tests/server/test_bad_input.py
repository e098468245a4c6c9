"""What comes in broken gets its documented code in the one envelope; nothing is half written."""

import pytest
from sqlalchemy import text

from server.errors import CATALOGUE
from tests.server.sync.ops import new_finding

ENVELOPE = {"code", "message", "details", "request_id"}


def refused(answer, status, code):
    """That an answer is this error, in the envelope, as the catalogue documents it."""
    assert answer.status_code == status, answer.text
    body = answer.get_json()
    assert set(body) == ENVELOPE
    assert body["code"] == code
    assert CATALOGUE[code].status == status
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return True


def written(world):
    """How much stands in the tables that a push writes."""
    tables = ("documents", "history", "receipts", "feed_entries")
    with world.parts.database.read() as session:
        return [session.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables]


def send(caller, raw, content_type="application/json"):
    return caller.call("POST", "/sync/push", data=raw, content_type=content_type)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b'{"ops":[]}x', 400, "invalid_json"),
        (b'{"ops":[NaN]}', 400, "invalid_json"),
        (b'{"ops":"\xff\xfe"}', 400, "invalid_json"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "invalid_json"),
        (b"null", 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b'"text"', 422, "invalid_request"),
        (b"{}", 422, "invalid_request"),
        (b'{"ops":{}}', 422, "invalid_request"),
        (b'{"ops":[1]}', 422, "invalid_request"),
        (b'{"ops":[{"op_id":1}]}', 422, "invalid_request"),
        (b'{"ops":[{"op_id":"../x"}]}', 422, "invalid_request"),
        (b'{"ops":[],"colour":"red"}', 422, "invalid_request"),
        (b'{"ops":[],"schema_version":"1"}', 422, "invalid_request"),
        (b'{"ops":[],"device_time":"noon"}', 422, "invalid_request"),
    ],
)
def test_a_push_that_cannot_be_read_is_refused_whole(world, raw, status, code):
    before = written(world)
    assert refused(send(world.lead, raw), status, code)
    assert written(world) == before


def test_ten_megabytes_of_nesting_are_too_large(world):
    raw = b'{"ops":' + b"[" * 10_000_000
    assert refused(send(world.lead, raw), 413, "request_too_large")


def test_a_request_may_have_the_named_size_and_not_one_byte_more(world):
    largest = world.parts.settings.max_request_bytes
    body = b'{"ops":[]}'
    assert send(world.lead, body + b" " * (largest - len(body))).status_code == 200
    over = send(world.lead, body + b" " * (largest - len(body) + 1))
    assert refused(over, 413, "request_too_large")


def nested_push(task, levels):
    deep = b"[" * levels + b"]" * levels
    return (
        b'{"ops":[{"op_id":"deep","type":"finding","id":"f0","action":"create","patch":{"title":'
        + deep
        + b'}},{"op_id":"fine","type":"finding","id":"f1","action":"create","patch":{"task_id":"'
        + task.encode()
        + b'","kind":"hazard"}}]}'
    )


def test_nesting_inside_an_op_spoils_that_op_alone(world):
    results = send(world.lead, nested_push(world.task(), 200)).get_json()["results"]
    assert [result["status"] for result in results] == ["rejected", "applied"]


@pytest.mark.parametrize("levels", [300, 1000])
def test_nesting_that_no_op_has_is_no_push(world, levels):
    task = world.task()
    before = written(world)
    assert refused(send(world.lead, nested_push(task, levels)), 400, "invalid_json")
    assert written(world) == before


def test_a_body_that_is_not_json_by_its_type_is_refused(world):
    assert refused(
        send(world.lead, b"ops=1", "application/x-www-form-urlencoded"), 415,
        "unsupported_media_type",
    )  # fmt: skip


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic eDp5", "Bearer  "])
def test_without_a_good_token_nothing_is_read(http, world, header):
    answer = http.post(
        "/api/v1/sync/push", data=b"not even json", headers={"Authorization": header}
    )
    assert answer.status_code == 401
    assert answer.get_json()["code"] in ("unauthenticated", "token_invalid")


@pytest.mark.parametrize(
    "bad", ["..", "%2e%2e", "a%2Fb", "..%2f..%2fetc%2fpasswd", "x" * 200, "%00"]
)
def test_an_id_with_a_path_in_it_is_not_found(world, bad):
    for path in ("conflicts", "tasks", "objects"):
        answer = world.supervisor.get(f"/{path}/{bad}")
        assert answer.status_code in (404, 405), (path, answer.text)
        assert set(answer.get_json()) == ENVELOPE


def test_another_brigades_task_is_not_there(world):
    task = world.task()
    assert refused(world.other_supervisor.get(f"/tasks/{task}"), 404, "not_found")
    before = written(world)
    [result] = world.outsider.push(new_finding("f1", task))
    assert result["error"]["code"] == "task_unknown"
    after = written(world)
    assert [b - a for a, b in zip(before, after, strict=True)] == [0, 0, 1, 0]  # its receipt alone


def test_a_method_that_an_address_does_not_know_is_named(world):
    answer = world.lead.call("DELETE", "/sync/push")
    assert refused(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]

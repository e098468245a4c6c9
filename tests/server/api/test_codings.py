"""Rule 12, its second half: gzip both ways, zstd where the client offers it, photos never."""

import gzip
import json
import tracemalloc

import pytest
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from server.api.codings import MIN_BYTES, WINDOW_LOG_MAX, preferred, zstd
from tests.server.sync.ops import new_finding
from tests.server.tus.speaker import begin, declare, new_photo_id, patch, photo

GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
LIMIT_BYTES = 100_000
ZSTD = {"Content-Encoding": "zstd", "Content-Type": "application/json"}


def body_of(*ops):
    return json.dumps({"schema_version": 1, "ops": list(ops)}).encode()


def padded(size_bytes):
    """A push that is a push and exactly so long."""
    body = body_of()
    return body + b" " * (size_bytes - len(body))


def push(caller, body, headers):
    return caller.call("POST", "/sync/push", data=body, headers=headers)


def outcome(answer):
    return answer.status_code, answer.get_json()["code"]


def test_a_push_may_come_compressed(world):
    task = world.task()
    for number, (headers, encode) in enumerate(
        [
            (GZIP, gzip.compress),
            ({**GZIP, "Content-Encoding": " GZip "}, gzip.compress),
            (GZIP, lambda body: gzip.compress(body[:40]) + gzip.compress(body[40:])),
            (ZSTD, zstd.compress),
            (ZSTD, lambda body: zstd.compress(body[:40]) + zstd.compress(body[40:])),
            ({**GZIP, "Content-Encoding": "identity"}, bytes),
        ]
    ):
        answer = push(world.lead, encode(body_of(new_finding(f"f{number}", task))), headers)
        assert [result["status"] for result in answer.get_json()["results"]] == ["applied"]


def test_a_broken_stream_is_400_and_says_so(world):
    for headers, body in [
        (GZIP, b"not gzip"),
        (GZIP, gzip.compress(body_of())[:-1]),
        (GZIP, gzip.compress(body_of())[:-5] + b"\x00" * 5),
        (GZIP, gzip.compress(body_of()) + b"more"),
        (ZSTD, b"not zstd"),
        (ZSTD, zstd.compress(body_of())[:-1]),
        (ZSTD, gzip.compress(body_of())),
    ]:
        answer = push(world.lead, body, headers)
        assert outcome(answer) == (400, "content_encoding_broken"), body


def test_an_unknown_coding_is_415_and_names_those_that_are_known(world):
    for coding in ("br", "deflate", "gzip, gzip", "x"):
        answer = push(world.lead, body_of(), {**GZIP, "Content-Encoding": coding})
        assert outcome(answer) == (415, "content_encoding_unsupported")
        assert answer.headers["Accept-Encoding"] == "zstd, gzip"


@pytest.fixture
def limit_bytes(world):
    """A limit that takes no time to reach."""
    world.app.config["MAX_CONTENT_LENGTH"] = LIMIT_BYTES
    return LIMIT_BYTES


def test_the_limit_counts_what_came_out(world, limit_bytes):
    for headers, encode in ((GZIP, gzip.compress), (ZSTD, zstd.compress)):
        assert push(world.lead, encode(padded(limit_bytes)), headers).status_code == 200
        over = push(world.lead, encode(padded(limit_bytes + 1)), headers)
        assert outcome(over) == (413, "request_too_large")


def test_a_bomb_is_refused_without_being_unfolded(world, limit_bytes):
    bomb_bytes = 200 * limit_bytes
    for headers, encode in ((GZIP, gzip.compress), (ZSTD, zstd.compress)):
        bomb = encode(padded(bomb_bytes))
        tracemalloc.start()
        answer = push(world.lead, bomb, headers)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert outcome(answer) == (413, "request_too_large")
        assert peak_bytes < bomb_bytes / 10


def test_a_window_that_would_cost_too_much_memory_is_refused(world):
    options = {zstd.CompressionParameter.window_log: WINDOW_LOG_MAX + 1}
    make = zstd.ZstdCompressor(options=options)
    body = make.compress(body_of()) + make.flush()
    assert outcome(push(world.lead, body, ZSTD)) == (400, "content_encoding_broken")


def test_the_token_is_checked_before_anything_is_decoded(http, world):
    answer = http.post("/api/v1/sync/push", data=b"not gzip", headers=GZIP)
    assert outcome(answer) == (401, "unauthenticated")


def test_the_bytes_of_a_photo_are_never_decoded(world):
    task, data, photo_id = world.task(), photo(), new_photo_id()
    declare(world.lead, task, photo_id, data)
    path = begin(world.lead, data, photo_id)
    answer = patch(world.lead, path, data, 0, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(data)))


def filled(world):
    task = world.task()
    world.lead.push(*(new_finding(f"f{number}", task) for number in range(20)))


def test_a_page_comes_as_the_client_asks(world):
    filled(world)
    plain = world.lead.get("/sync/changes")
    assert "Content-Encoding" not in plain.headers
    for coding, decode in (("gzip", gzip.decompress), ("zstd", zstd.decompress)):
        answer = world.lead.get("/sync/changes", headers={"Accept-Encoding": coding})
        assert answer.headers["Content-Encoding"] == coding
        assert answer.headers["Content-Length"] == str(len(answer.data))
        assert json.loads(decode(answer.data))["changes"] == plain.get_json()["changes"]
        assert {"Accept-Encoding"} == set(answer.vary) == set(plain.vary)


def test_the_tag_of_a_compressed_page_still_brings_a_304(world):
    filled(world)
    answer = world.lead.get("/sync/changes", headers={"Accept-Encoding": "gzip"})
    tag = answer.headers["ETag"]
    cursor = json.loads(gzip.decompress(answer.data))["cursor"]
    again = world.lead.get(
        "/sync/changes", query_string={"cursor": cursor},
        headers={"Accept-Encoding": "gzip", "If-None-Match": tag},
    )  # fmt: skip
    assert tag == f'W/"{cursor}"'
    assert (again.status_code, again.data, list(again.vary)) == (304, b"", ["Accept-Encoding"])
    assert "Content-Encoding" not in again.headers


def test_what_is_small_is_sent_as_it_is(world):
    answer = world.lead.get("/sync/capabilities", headers={"Accept-Encoding": "gzip"})
    assert len(answer.data) < MIN_BYTES
    assert "Content-Encoding" not in answer.headers


def test_an_error_is_an_envelope_in_any_coding(world):
    ops = [{"op_id": f"o{number}"} for number in range(501)]
    answer = world.lead.post("/sync/push", {"ops": ops}, headers={"Accept-Encoding": "gzip"})
    raw = answer.data
    shown = gzip.decompress(raw) if answer.headers.get("Content-Encoding") == "gzip" else raw
    assert json.loads(shown)["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", None),
        ("identity", None),
        ("br, deflate", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, zstd;q=0.5", "gzip"),
        ("gzip;q=0.5, zstd;q=0.5", "zstd"),
        ("gzip;q=0", None),
        ("zstd;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("*;q=0", None),
        ("gzip;q=0.2, identity;q=0.7", None),
        ("gzip;q=0.2, identity;q=0.1", "gzip"),
        ("identity;q=0, gzip", "gzip"),
    ],
)
def test_the_client_s_wishes_are_weighed(header, coding):
    assert preferred(parse_accept_header(header, Accept)) == coding

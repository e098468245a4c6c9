"""The line does to a device what a cellar does to a tablet."""

import http.server
import threading

import pytest
import requests

from bench.fieldday.line import Line

BODY = bytes(300_000)


class _Counting(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: list[int]

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        self.bodies.append(len(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def bodies():
    return []


@pytest.fixture
def line(bodies):
    handler = type("Counting", (_Counting,), {"bodies": bodies})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    line = Line(server.server_port)
    line.up()
    yield line
    line.close()
    server.shutdown()
    server.server_close()


@pytest.fixture
def session():
    with requests.Session() as session:
        yield session


def post(session, line, path="/x"):
    return session.post(line.address + path, data=BODY, timeout=10)


def test_a_line_that_is_up_carries_requests_and_answers(line, bodies, session):
    assert [post(session, line).status_code for _ in range(2)] == [204, 204]
    assert bodies == [len(BODY)] * 2


def test_nothing_passes_a_line_that_is_down(line, bodies, session):
    post(session, line)
    line.down()
    with pytest.raises(requests.ConnectionError):
        post(session, line)
    line.up()
    assert post(session, line).status_code == 204
    assert len(bodies) == 2


def test_a_line_breaks_within_the_request_that_it_should_and_once(line, bodies, session):
    line.break_within("POST /photo", lets_through=100_000)
    assert post(session, line, "/other").status_code == 204
    with pytest.raises(requests.ConnectionError):
        post(session, line, "/photo")
    assert line.sent_bytes < 2 * len(BODY)
    assert post(session, line, "/photo").status_code == 204
    assert [size for size in bodies if size == len(BODY)] == [len(BODY)] * 2


def test_a_lost_answer_is_lost_after_the_whole_request_came(line, bodies, session):
    line.lose_answer_to("POST /push")
    assert post(session, line, "/pull").status_code == 204
    with pytest.raises(requests.ConnectionError):
        post(session, line, "/push")
    assert bodies == [len(BODY)] * 2
    assert post(session, line, "/push").status_code == 204

"""The network between a device and the server: it loses, repeats and delays, and remembers.

`Network` takes the place of a device's HTTP session and hands its requests to the real app. What
the server answered is kept word for word, also when the device never hears it.
"""

import gzip
import io
import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Body = dict[str, Any]

GOES_WELL = "goes well"
REQUEST_LOST = "request lost"
ANSWER_LOST = "answer lost"
REPEATED = "repeated"
DELAYED = "delayed"  # the device gives up, and the request arrives when nobody waits for it
MISHAPS = (REQUEST_LOST, ANSWER_LOST, REPEATED, DELAYED)
PUSH, PULL = "/api/v1/sync/push", "/api/v1/sync/changes"

#: small, so that a sync takes several pushes and pages, and may break between them
BATCH_OPS = 3
PAGE_CHANGES = 4


@dataclass(frozen=True)
class Request:
    """A request as it is on the wire."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    data: bytes | None


@dataclass
class Network:
    """One device's way to the server."""

    http: FlaskClient
    mishaps: deque[str] = field(default_factory=deque)
    delayed: list[Request] = field(default_factory=list)
    pushed: list[tuple[Body, Body]] = field(default_factory=list)
    pages: list[tuple[str | None, Body]] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    authorization: str = ""

    def expect(self, mishaps: Iterable[str]) -> None:
        """What will happen to the next pushes and pulls, in turn; then all goes well."""
        self.mishaps = deque(mishaps)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: list[tuple[str, str]] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = True,
    ) -> requests.Response:
        """One exchange, as `requests.Session.request` has it."""
        path = urlsplit(url).path
        query = tuple((name, _smaller(name, value)) for name, value in params or ())
        asked = Request(method, path, query, dict(headers or {}), data)
        self.authorization = asked.headers.get("Authorization", self.authorization)
        fate = self.mishaps.popleft() if self.mishaps and path in (PUSH, PULL) else GOES_WELL
        if fate == DELAYED:
            self.delayed.append(asked)
        if fate in (REQUEST_LOST, DELAYED):
            raise requests.ConnectionError(fate)
        if fate == REPEATED:
            self.deliver(asked)
        answer = self.deliver(asked)
        if fate == ANSWER_LOST:
            raise requests.ConnectionError(fate)
        return _heard(answer, url)

    def deliver_delayed(self) -> None:
        """What was held back arrives; its answers reach nobody."""
        while self.delayed:
            self.deliver(self.delayed.pop(0))

    def deliver(self, asked: Request) -> TestResponse:
        """Hand a request to the server, and remember what was said."""
        answer = self.http.open(
            asked.path, method=asked.method, query_string=asked.query, headers=asked.headers,
            data=asked.data,
        )  # fmt: skip
        assert answer.status_code < 500, answer.text
        self.answers.append((asked.path.removeprefix("/api/v1"), len(answer.get_data())))
        if asked.path == PUSH and answer.status_code == 200:
            ops = json.loads(plain(asked))["ops"]
            self.pushed += zip(ops, answer.get_json()["results"], strict=True)
        if asked.path == PULL and answer.status_code == 200:
            self.pages.append((dict(asked.query).get("cursor"), answer.get_json()))
        return answer


def plain(asked: Request) -> bytes:
    """The body that was sent, unpacked."""
    packed = asked.headers.get("Content-Encoding") == "gzip"
    return gzip.decompress(asked.data or b"") if packed else asked.data or b"{}"


def _smaller(name: str, value: str) -> str:
    return str(PAGE_CHANGES) if name == "limit" else value


def _heard(answer: TestResponse, url: str) -> requests.Response:
    """The answer as the device hears it; the advised batch is made small on the way."""
    data = answer.get_data()
    if url.endswith("/sync/capabilities"):
        data = json.dumps({**json.loads(data), "preferred_batch": BATCH_OPS}).encode()
    heard = requests.Response()
    heard.status_code, heard.url, heard.raw = answer.status_code, url, io.BytesIO(data)
    heard.headers.update(dict(answer.headers))
    return heard

"""Someone at a computer: the API under their own token, and the public pages under none."""

from typing import Any, NamedTuple

import requests

TIMEOUT_SECONDS = 60
PAGE = 200

Json = dict[str, Any]


class Unexpected(Exception):
    """The server answered something else than the story needs to go on."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: Json

    @property
    def code(self) -> str:
        """The stable code of an error; empty for a success."""
        return str(self.body.get("code", "")) if self.status >= 400 else ""


class Desk:
    """A session of a supervisor or an administrator."""

    def __init__(self, api: str, username: str, password: str) -> None:
        self._api = api
        self._http = requests.Session()
        device = {"name": "office computer", "platform": "fieldday"}
        said = self.must(
            "POST", "/auth/login", {"username": username, "password": password, "device": device}
        )
        self._http.headers["Authorization"] = f"Bearer {said['access_token']}"

    def ask(self, method: str, path: str, body: Json | None = None, **query: Any) -> Answer:
        """One call, whatever it answers."""
        answer = self._http.request(
            method, f"{self._api}{path}", json=body, params=query, timeout=TIMEOUT_SECONDS
        )
        return Answer(answer.status_code, answer.json() if answer.content else {})

    def must(self, method: str, path: str, body: Json | None = None, **query: Any) -> Json:
        """One call that has to succeed. Raises Unexpected."""
        answer = self.ask(method, path, body, **query)
        if answer.status >= 300:
            raise Unexpected(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body

    def all(self, path: str, **query: Any) -> list[Json]:
        """Every item of a paged list."""
        items: list[Json] = []
        after: Json = {}
        while True:
            page = self.must("GET", path, limit=PAGE, **after, **query)
            items += page["items"]
            if page["next"] is None:
                return items
            after = {"after": page["next"]}

    def bytes_of(self, path: str) -> bytes:
        """A file. Raises Unexpected."""
        answer = self._http.get(f"{self._api}{path}", timeout=TIMEOUT_SECONDS)
        if not answer.ok:
            raise Unexpected(f"GET {path}: {answer.status_code}")
        return answer.content

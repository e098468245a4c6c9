"""A device's way to the network, and everything it ever heard there."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

Body = dict[str, Any]
API = "/api/v1"
_IDS = re.compile(r"/[A-Za-z0-9_.-]{20,}")


class Ear:
    """The transport of one reference device (`client.wire.Transport`)."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.heard: dict[str, list[Body]] = defaultdict(list)
        self.pages: list[tuple[str | None, list[int], str]] = []
        self.statuses: Counter[str] = Counter()
        self.no_envelope: list[str] = []
        self._session = requests.Session()

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
        """One exchange; what is heard whole is remembered."""
        answer = self._session.request(
            method, url, params=params, data=data, headers={**(headers or {}), "X-Line": self.line},
            timeout=timeout, allow_redirects=allow_redirects,
        )  # fmt: skip
        path = urlsplit(url).path.removeprefix(API)
        if answer.status_code >= 400:
            self._note_error(method, path, answer)
        elif answer.status_code == 200:
            self._note(path, dict(params or ()), answer)
        return answer

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _note(self, path: str, params: Body, answer: requests.Response) -> None:
        if path not in ("/sync/push", "/sync/receipts", "/sync/changes"):
            return
        said = answer.json()
        if path == "/sync/changes":
            seqs = [change["seq"] for change in said["changes"]]
            self.pages.append((params.get("cursor"), seqs, said["cursor"]))
            return
        for result in said["results"]:
            if result["status"] != "unknown":
                self.heard[result["op_id"]].append(result)

    def _note_error(self, method: str, path: str, answer: requests.Response) -> None:
        about = f"{method} {_IDS.sub('/…', path)}"
        try:
            code = answer.json()["code"] if method != "HEAD" else "-"
        except (json.JSONDecodeError, KeyError, TypeError):
            code = "?"
            self.no_envelope.append(f"{about}: {answer.status_code} {answer.text[:200]}")
        self.statuses[f"{answer.status_code} {code} {about}"] += 1

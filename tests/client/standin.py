"""A stand-in for the server: a real HTTP server that speaks the documented protocol and has faults.

It exists for what a healthy server does not do on request: lose an answer after the work is done,
cut an upload, answer 410 or 426, let a token run out. It merges nothing; whoever comes last wins.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
PREFIX = "/api/v1"
LOSE = "lose"  # the work is done, the answer never comes
DROP = "drop"  # the request never arrives


@dataclass
class Fault:
    """What happens to the next request of this kind, once."""

    method: str
    path: str
    what: str | int
    body: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    after: int = 0


@dataclass
class Answer:
    status: int
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Upload:
    length: int
    metadata: dict[str, str]
    data: bytearray = field(default_factory=bytearray)


class Partner:
    """The state behind the stand-in; tests read it and script it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.packed: list[str] = []
        self.passwords = {"zhang": "pass-zhang", "li": "pass-li"}
        self.device_ids: dict[str, str] = {}
        self.access: dict[str, str] = {}
        self.refresh: dict[str, Json] = {}
        self.families_revoked: set[str] = set()
        self.feeds: dict[str, list[Json]] = defaultdict(list)
        self.entities: dict[tuple[str, str], Json] = {}
        self.receipts: dict[str, tuple[str, Json]] = {}
        self.pushes: list[Json] = []
        self.pushed_by: dict[str, str] = {}
        self.verdicts: dict[tuple[str, str], list[Json]] = defaultdict(list)
        self.uploads: dict[str, Upload] = {}
        self.blobs: dict[str, bytes] = {}
        self.bytes_received = 0
        self.if_match: list[str | None] = []
        self.choices: list[Json] = []
        self.told: dict[str, Json] = {}
        self.epoch = 1
        self.page = 500
        self.capabilities: Json = {
            "protocol": 1,
            "epoch": "1",
            "schema_version": 1,
            "min_schema_version": 1,
            "max_request_bytes": 1_000_000,
            "preferred_batch": 50,
            "tombstone_days": 90,
            "keep_sent_days": 14,
            "server_time": "2026-11-23T12:00:00.000Z",
        }

    # -- scripting ------------------------------------------------------------------------------

    def fail(self, method: str, path: str, what: str | int, **more: Any) -> None:
        self.faults.append(Fault(method, path, what, **more))

    def say(
        self, type_: str, id_: str, *, by: str = "zhang", op: str = "upsert", **data: Any
    ) -> None:
        """A change that somebody else made, in this person's feed."""
        entity = self.entities.setdefault((type_, id_), {"rev": 0, "data": {}})
        entity["rev"] += 1
        entity["data"] = entity["data"] | data
        self._feed(by, type_, id_, entity, op)

    def verdict(self, type_: str, id_: str, status: str, **more: Any) -> None:
        """What the next op on this entity is answered with."""
        self.verdicts[(type_, id_)].append({"status": status, **more})

    def expire_tokens(self) -> None:
        self.access.clear()

    def count(self, method: str, path: str) -> int:
        return sum(1 for verb, where in self.requests if verb == method and where.startswith(path))

    def take_fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and path.startswith(fault.path):
                if fault.after:
                    fault.after -= 1
                    return None
                self.faults.remove(fault)
                return fault
        return None

    # -- accounts -------------------------------------------------------------------------------

    def login(self, body: Json) -> Answer:
        user = body["username"]
        if self.passwords.get(user) != body["password"]:
            return error(401, "credentials_wrong")
        known = body["device"].get("id") or f"device-of-{user}"
        device = {**body["device"], "id": self.device_ids.get(user, known)}
        said = self._tokens(user, family=uuid.uuid4().hex)
        who = {"id": user, "name": user, "role": "officer", "officer_id": f"officer-{user}"}
        return Answer(200, said | {"user": who, "device": device})

    def rotate(self, body: Json) -> Answer:
        """A spent token may be repeated until the new one was used once."""
        held = self.refresh.get(body["refresh_token"])
        if held is None or held["family"] in self.families_revoked:
            return error(401, "token_invalid")
        if held["successor_used"]:
            self.families_revoked.add(held["family"])
            return error(401, "token_reused")
        self._use(body["refresh_token"])
        return Answer(200, self._tokens(held["user"], held["family"], body["refresh_token"]))

    def who(self, bearer: str) -> str | None:
        refresh = self.access.get(bearer)
        if refresh is None:
            return None
        self._use(refresh)
        return str(self.refresh[refresh]["user"])

    def _use(self, refresh: str) -> None:
        parent = self.refresh[refresh]["parent"]
        if parent is not None:
            self.refresh[parent]["successor_used"] = True

    def _tokens(self, user: str, family: str, parent: str | None = None) -> Json:
        access, refresh = uuid.uuid4().hex, uuid.uuid4().hex
        self.access[access] = refresh
        self.refresh[refresh] = {
            "user": user,
            "family": family,
            "parent": parent,
            "successor_used": False,
        }
        return {"access_token": access, "refresh_token": refresh, "expires_in": 300}

    # -- sync -----------------------------------------------------------------------------------

    def changes(self, user: str, query: dict[str, list[str]], match: str | None) -> Answer:
        epoch, position = self.epoch, 0
        if "cursor" in query:
            epoch, position = (int(part) for part in query["cursor"][0].split("-"))
        if epoch != self.epoch:
            return error(410, "resync_required", details={"action": "resync_keep_pending"})
        feed = self.feeds[user]
        if position == len(feed) and match == f'"{epoch}-{position}"':
            return Answer(304)
        page = feed[position : position + self.page]
        end = position + len(page)
        return Answer(
            200,
            {
                "changes": page,
                "cursor": f"{epoch}-{end}",
                "has_more": end < len(feed),
                "server_time": "2026-11-23T12:00:00.000Z",
            },
        )

    def push(self, user: str, body: Json) -> Answer:
        self.pushes.append(body)
        return Answer(200, {"results": [self._op(user, op) for op in body["ops"]]})

    def answers_to(self, op_ids: list[str]) -> Answer:
        unknown = {"status": "unknown"}
        results = [self.receipts.get(each, ("", {"op_id": each} | unknown))[1] for each in op_ids]
        return Answer(200, {"results": results})

    def _op(self, user: str, op: Json) -> Json:
        body = json.dumps(op, sort_keys=True)
        if op["op_id"] in self.receipts:
            known, result = self.receipts[op["op_id"]]
            if known != body:
                return {
                    "op_id": op["op_id"],
                    "status": "rejected",
                    "error": {"code": "op_id_reuse"},
                }
            return result
        self.pushed_by[op["op_id"]] = user
        scripted = self.verdicts[(op["type"], op["id"])]
        result = {"op_id": op["op_id"]} | (scripted.pop(0) if scripted else self._apply(user, op))
        self.receipts[op["op_id"]] = (body, result)
        return result

    def _apply(self, user: str, op: Json) -> Json:
        entity = self.entities.setdefault((op["type"], op["id"]), {"rev": 0, "data": {}})
        for name, value in op["patch"].items():
            if name == "notes":
                texts = [value] if isinstance(value, str) else value
                entries = [{"text": text, "by": user, "device": "d", "at": "t"} for text in texts]
                entity["data"] = entity["data"] | {
                    "notes": entity["data"].get("notes", []) + entries
                }
            else:
                entity["data"] = entity["data"] | {name: value}
        if op["type"] == "answer":
            task_id, _, code = op["id"].partition(".")
            entity["data"] |= {"task_id": task_id, "item_code": code}
        if op["type"] == "photo":
            have = entity["data"]["sha256"] in self.blobs
            entity["data"]["state"] = "verified" if have else "declared"
        entity["rev"] += 1
        self._feed(
            user, op["type"], op["id"], entity, "delete" if op["action"] == "delete" else "upsert"
        )
        return {"status": "applied", "rev": entity["rev"], "data": dict(entity["data"])}

    def _feed(self, user: str, type_: str, id_: str, entity: Json, op: str) -> None:
        feed = self.feeds[user]
        data = dict(entity["data"]) if op == "upsert" else None
        feed.append(
            {
                "type": type_,
                "id": id_,
                "rev": entity["rev"],
                "seq": len(feed) + 1,
                "op": op,
                "data": data,
            }
        )

    # -- photos ---------------------------------------------------------------------------------

    def check(self, body: Json) -> Answer:
        have = [each for each in body["sha256"] if each in self.blobs]
        return Answer(200, {"have": have, "need": [e for e in body["sha256"] if e not in have]})

    def create_upload(self, headers: Any) -> Answer:
        pairs = (pair.split(" ") for pair in headers["Upload-Metadata"].split(","))
        metadata = {key: base64.b64decode(value).decode() for key, value in pairs}
        name = uuid.uuid4().hex
        self.uploads[name] = Upload(int(headers["Upload-Length"]), metadata)
        return Answer(201, headers={"Location": f"{PREFIX}/files/{name}"})

    def head_upload(self, name: str) -> Answer:
        upload = self.uploads.get(name)
        if upload is None:
            return Answer(404)
        return Answer(200, headers={"Upload-Offset": str(len(upload.data))})

    def patch_upload(self, name: str, headers: Any, body: bytes) -> Answer:
        upload = self.uploads.get(name)
        if upload is None:
            return Answer(404)
        if int(headers["Upload-Offset"]) != len(upload.data):
            return error(409, "offset_wrong")
        said = headers["Upload-Checksum"].split(" ")[1]
        if base64.b64decode(said) != hashlib.sha256(body).digest():
            return error(460, "checksum_wrong")
        return self._store(upload, body)

    def _store(self, upload: Upload, body: bytes) -> Answer:
        upload.data += body
        self.bytes_received += len(body)
        if len(upload.data) == upload.length:
            digest = hashlib.sha256(upload.data).hexdigest()
            if digest != upload.metadata["sha256"]:
                return error(422, "photo_digest_wrong")
            self.blobs[digest] = bytes(upload.data)
            self._verified(upload.metadata["photo_id"])
        return Answer(204, headers={"Upload-Offset": str(len(upload.data))})

    def _verified(self, photo_id: str) -> None:
        if ("photo", photo_id) in self.entities:
            self.say("photo", photo_id, state="verified")


def error(status: int, code: str, **more: Any) -> Answer:
    body = {"code": code, "message": f"说明 {code}", "details": None, "request_id": "r"}
    return Answer(status, body | more)


class Handler(BaseHTTPRequestHandler):
    """Parse, ask the partner, answer; and have the fault that was scripted."""

    protocol_version = "HTTP/1.1"
    partner: Partner

    def handle_any(self) -> None:
        where = urlsplit(self.path)
        path = where.path.removeprefix(PREFIX)
        with self.partner.lock:
            fault = self.partner.take_fault(self.command, path)
            self.partner.requests.append((self.command, path))
            if fault and fault.what == DROP:
                return self._hang_up()
            if fault and fault.what == "cut":
                return self._cut(path.removeprefix("/files/"))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                self.partner.packed.append(path)
                body = gzip.decompress(body)
            if fault and isinstance(fault.what, int):
                return self._answer(Answer(fault.what, fault.body or None, fault.headers))
            answer = self._route(path, parse_qs(where.query), body)
            if fault and fault.what == LOSE:
                return self._hang_up()
            if fault:
                answer.headers |= fault.headers
        return self._answer(answer)

    do_GET = do_POST = do_HEAD = do_PATCH = handle_any

    def _route(self, path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        partner, command = self.partner, self.command
        if path == "/auth/login":
            return partner.login(json.loads(body))
        if path == "/auth/refresh":
            return partner.rotate(json.loads(body))
        user = partner.who(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if user is None:
            return error(401, "token_expired")
        if path.startswith("/files"):
            return self._files(path.removeprefix("/files").lstrip("/"), body)
        if path.endswith("/resolve"):
            partner.if_match.append(self.headers.get("If-Match"))
            partner.choices.append(json.loads(body))
            return Answer(200, {"state": "resolved"})
        if path.startswith("/conflicts/"):
            return Answer(200, partner.told[path.removeprefix("/conflicts/")])
        plain = {
            ("POST", "/auth/logout"): lambda: Answer(204),
            ("GET", "/sync/capabilities"): lambda: Answer(200, partner.capabilities),
            ("GET", "/sync/changes"): lambda: partner.changes(
                user, query, self.headers.get("If-None-Match")
            ),
            ("POST", "/sync/push"): lambda: partner.push(user, json.loads(body)),
            ("GET", "/sync/receipts"): lambda: partner.answers_to(query["op_id"]),
            ("POST", "/photos/check"): lambda: partner.check(json.loads(body)),
        }
        return plain[(command, path)]()

    def _files(self, name: str, body: bytes) -> Answer:
        assert self.headers["Tus-Resumable"] == "1.0.0"
        if self.command == "POST":
            return self.partner.create_upload(self.headers)
        if self.command == "HEAD":
            return self.partner.head_upload(name)
        assert self.headers["Content-Type"] == "application/offset+octet-stream"
        return self.partner.patch_upload(name, self.headers, body)

    def _cut(self, name: str) -> None:
        """Half of the body arrives and stays; then the line breaks."""
        half = self.rfile.read(int(self.headers["Content-Length"]) // 2)
        self.partner.uploads[name].data += half
        self.partner.bytes_received += len(half)
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True

    def _answer(self, answer: Answer) -> None:
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: tests read `Partner.requests`."""


@contextmanager
def serving(partner: Partner) -> Iterator[str]:
    """Run the stand-in; gives its address."""
    handler = type("PartnerHandler", (Handler,), {"partner": partner})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""The supervisor's desk: inspections from the first answer to the publication, officers replaced,
conflicts settled; over and over, so that the office's fail points are come by too."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
from sqlalchemy.exc import DBAPIError

from tests.chaos.city import City
from tests.chaos.orders import HOLD, Orders
from tests.server.inspections import new_photo
from tests.server.retention.closed import long_ago
from tests.server.sync.ops import new_finding, op
from tests.server.tus.speaker import PIECE, RESUMABLE, digest, metadata_of, photo
from tests.world import Caller

Body = dict[str, Any]

AGAIN = frozenset({423, 500, 502, 503, 504, 507})
#: between the feed's numbers and the commit
LATE_POINTS = ("feed.raised", "feed.written", "push.receipts_written", "write.ready")
HOLD_SECONDS, OVERTAKE_SECONDS = 4.0, 0.4
JOINED_CHANCE = 0.5  # that a photo comes up in parts
TRIES, PAUSE_SECONDS, TIMEOUT_SECONDS = 60, 0.25, 30


class GaveUp(Exception):
    """The servers were away for too long."""


class Desk(threading.Thread):
    """Works until told to stop; what it may not be answered is kept in `faults`."""

    def __init__(
        self, name: str, city: City, servers: list[str], orders: Orders, *, seed: str
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.city, self.servers, self.orders = city, servers, orders
        self._cursor: str | None = None
        self._published: list[str] = []
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.faults: list[str] = []
        self._chance = random.Random(f"{seed}/{name}")
        self._over = threading.Event()
        world = city.world
        self._lead, self._assistant = (
            world.officer(f"{name}-{role}") for role in ("lead", "assistant")
        )

    def run(self) -> None:
        """Errand after errand."""
        while not self._over.is_set():
            errands = [
                self._inspect, self._replace, self._settle, self._send_in_disorder, self._overtake,
                self._delete,
            ]  # fmt: skip
            self._chance.shuffle(errands)
            for errand in errands:
                try:
                    errand()
                except (GaveUp, DBAPIError) as error:  # the database may be away, too
                    self.counts[f"broken off by {type(error).__name__}"] += 1

    def stop(self) -> None:
        """Finish the errand under way."""
        self._over.set()
        self.join()

    # -- errands --------------------------------------------------------------------------------

    def _inspect(self) -> None:
        """A whole inspection: written, submitted, sent back, submitted, approved, published."""
        task_id = self.city.world.task(lead=self._lead, assistant=self._assistant)
        data = photo(self._chance.getrandbits(62))
        self._push(
            op("task", task_id, {"status": "in_progress"}),
            op("record", task_id, {"unit_name": "小吃店", "outcome": "none"}),
            op("answer", f"{task_id}.1.1", {"value": "pass"}),
            new_photo(f"p-{task_id}", task_id, sha256=digest(data), size_bytes=len(data)),
        )
        self._upload(f"p-{task_id}", data)
        self._submit(task_id)
        self._ask("POST", f"/tasks/{task_id}/send-back", {"reason": "请补充"}, 200, 409)
        self._submit(task_id)
        for caller in (self._lead, self._assistant):  # approval waits until they say so
            nothing = {**_envelope(), "pending": []}
            self._ask("POST", "/sync/push", nothing, 200, by=caller)
        self._ask("POST", f"/tasks/{task_id}/approve", None, 200, 409)
        self._ask("POST", f"/tasks/{task_id}/publish", {}, 201, 409, 422)
        self._published.append(task_id)
        self.counts["inspections published"] += 1

    def _delete(self) -> None:
        """What was published is past its term; one person asks to delete it, another approves what
        is asked for by then, and the jobs carry it out."""
        if not self._published:
            return
        long_ago(self.city.world, *self._published)
        self._published.clear()
        admin = self.city.world.admin
        for kind in ("with_findings", "without_findings"):
            term = {"years": 10, "reason": "保管期限表"}
            self._ask("PUT", f"/retention/terms/corps/{kind}", term, 200, by=admin)
        self._ask("POST", "/retention/acts", {"reason": "保管期满"}, 201, 409)
        acts = self._ask("GET", "/retention/acts?limit=200", None, 200, by=admin)["items"]
        for act in acts:
            if act["state"] == "requested":
                path = f"/retention/acts/{act['id']}/approve"
                self._ask("POST", path, {}, 200, 409, by=admin)
        self.counts["deletions approved"] += 1

    def _submit(self, task_id: str) -> None:
        review = self._ask("GET", f"/tasks/{task_id}/review", None, 200)
        if review["task"]["status"] == "submitted":
            return
        seen = max(each["rev"] for each in review["history"] if each["type"] == "task")
        patch = {"status": "submitted", "finished_at": "2026-11-20T16:30:00.000Z"}
        self._push(op("task", task_id, patch, base_rev=seen))

    def _upload(self, photo_id: str, data: bytes) -> None:
        """In one piece, or in parts that tell their length late; as often as it takes."""
        said = {"Upload-Metadata": metadata_of(data, photo_id)}
        for _ in range(TRIES):
            if self._chance.random() < JOINED_CHANCE:
                done = self._join(said, [data[:500], data[500:]])
            else:
                whole = {"Upload-Length": str(len(data)), **PIECE}
                done = self._begin_upload({**said, **whole}, data) is not None
            if done:
                return
            time.sleep(PAUSE_SECONDS)
        raise GaveUp

    def _join(self, said: dict[str, str], pieces: list[bytes]) -> bool:
        parts = [part for part in map(self._part, pieces) if part is not None]
        joined = {**said, "Upload-Concat": "final;" + " ".join(parts)}
        return len(parts) == len(pieces) and self._begin_upload(joined) is not None

    def _part(self, data: bytes) -> str | None:
        """Send a part whole; its address, None if it did not get through."""
        begun = self._begin_upload({"Upload-Concat": "partial", "Upload-Defer-Length": "1"})
        if begun is None:
            return None
        length = {"Upload-Offset": "0", "Upload-Length": str(len(data))}
        path = begun.removeprefix("/api/v1")
        answer = self._send(
            "PATCH", path, self._lead, headers={**RESUMABLE, **PIECE, **length}, data=data
        )
        return begun if answer is not None and answer.status_code == 204 else None

    def _begin_upload(self, said: dict[str, str], data: bytes = b"") -> str | None:
        headers = {**RESUMABLE, **said}
        answer = self._send("POST", "/files", self._lead, headers=headers, data=data)
        if answer is None or answer.status_code != 201:
            return None
        return str(answer.headers["Location"])

    def _replace(self) -> None:
        """Send the reserve instead of an assistant, or the assistant again."""
        task_id, (lead, assistant) = self._chance.choice(list(self.city.tasks.items()))
        who = self._chance.choice((assistant, self.city.reserve))
        posts = [
            {"officer_id": lead.officer_id, "role": "lead"},
            {"officer_id": who.officer_id, "role": "assistant"},
        ]
        body = {"assignments": posts, "reason": "换人"}
        self._ask("PUT", f"/tasks/{task_id}/assignments", body, 200)
        self.counts["assistants replaced"] += 1

    def _settle(self) -> None:
        """Settle one of the open conflicts, if there is one."""
        every = self._ask("GET", "/conflicts", None, 200)["items"]
        if not every:
            return
        conflict = self._chance.choice(every)
        key = self._chance.choice(conflict["data"]["candidates"])["key"]
        self._ask(
            "POST", f"/conflicts/{conflict['id']}/resolve", {"candidate": key}, 200, 409, 412,
            headers={"If-Match": f'"{conflict["rev"]}"'},
        )  # fmt: skip
        self.counts["conflicts settled"] += 1

    def _send_in_disorder(self) -> None:
        """A finding before what it depends on: it is held, and done once that has come."""
        task_id = self.city.world.task(lead=self._lead, assistant=self._assistant)
        parent = new_finding(f"f-{task_id}", task_id)
        child = op("finding", f"f-{task_id}", {"title": "后"}, depends_on=[parent["op_id"]])
        self._ask("POST", "/sync/push", _envelope(child), 200, by=self._lead)
        self._require_receipt(child, "deferred")
        self._ask("POST", "/sync/push", _envelope(parent), 200, by=self._lead)
        self._require_receipt(parent, "applied")
        self._require_receipt(child, "applied")
        self.counts["ops held and done"] += 1

    def _overtake(self) -> None:
        """A push is held at its end while another device's, on another task of the same officers,
        goes by. Who reads in between must be told of both: no number becomes visible before a
        lower one."""
        tasks = [self.city.world.task(lead=self._lead, assistant=self._assistant) for _ in "12"]
        findings = [f"f-{task_id}" for task_id in tasks]
        held, free = (new_finding(*names) for names in zip(findings, tasks, strict=True))
        self._read_on()
        request = uuid.uuid4().hex
        order = self.orders.give(self._chance.choice(LATE_POINTS), HOLD, request=request)
        pushes = [
            threading.Thread(target=self._push_quietly, args=(held, self._lead, request)),
            threading.Thread(target=self._push_quietly, args=(free, self._assistant, "")),
        ]
        pushes[0].start()
        self._wait_for(lambda: self.orders.is_taken(order) or not pushes[0].is_alive())
        pushes[1].start()
        self._wait_for(lambda: not pushes[1].is_alive(), seconds=OVERTAKE_SECONDS)
        seen = self._read_on()
        self.orders.withdraw(order)
        for push in pushes:
            push.join()
        self._push(held)  # by now it is sure to have arrived; a repeated op changes nothing
        self._push(free, by=self._assistant)
        seen |= self._read_on()
        if lost := set(findings) - seen:
            self.faults.append(f"{self.name}: overtaken at {order.point}, never told of {lost}")
        self.counts["overtakings"] += 1

    def _push_quietly(self, sent: Body, by: Caller, request: str) -> None:
        with suppress(GaveUp):
            head = {"X-Request-ID": request}
            self._ask("POST", "/sync/push", _envelope(sent), 200, by=by, headers=head)

    def _read_on(self) -> set[str]:
        """What the lead's feed says is new since the last time."""
        seen: set[str] = set()
        more = True
        while more:
            cursor = f"&cursor={self._cursor}" if self._cursor else ""
            path = f"/sync/changes?limit=500{cursor}"
            page = self._ask("GET", path, None, 200, by=self._lead)
            seen |= {change["id"] for change in page["changes"]}
            self._cursor, more = page["cursor"], page["has_more"]
        return seen

    def _wait_for(self, condition: Callable[[], bool], *, seconds: float = HOLD_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _require_receipt(self, sent: Body, status: str) -> None:
        path = f"/sync/receipts?op_id={sent['op_id']}"
        [receipt] = self._ask("GET", path, None, 200, by=self._lead)["results"]
        if receipt["status"] != status:
            self.faults.append(f"op {sent} should be {status}, but is {receipt}")

    # -- HTTP -----------------------------------------------------------------------------------

    def _push(self, *ops: Body, by: Caller | None = None) -> None:
        said = self._ask("POST", "/sync/push", _envelope(*ops), 200, by=by or self._lead)
        bad = [
            result for result in said["results"] if result["status"] not in ("applied", "merged")
        ]
        if bad:
            self.faults.append(f"the desk's push was answered {bad}")

    def _ask(
        self,
        method: str,
        path: str,
        body: Body | None,
        *fine: int,
        by: Caller | None = None,
        headers: Body | None = None,
    ) -> Any:
        """Ask until an answer comes that is no passing trouble."""
        caller = by or self.city.world.supervisor
        for _ in range(TRIES):
            answer = self._send(method, path, caller, json=body, headers=headers)
            if answer is not None and answer.status_code not in AGAIN:
                if answer.status_code not in fine:
                    self.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
                    raise GaveUp
                return answer.json()
            time.sleep(PAUSE_SECONDS)
        raise GaveUp

    def _send(
        self, method: str, path: str, caller: Caller, *, headers: Body | None = None, **what: Any
    ) -> requests.Response | None:
        url = f"{self._chance.choice(self.servers)}{path}"
        head = {"Authorization": f"Bearer {caller.token}", **(headers or {})}
        try:
            answer = requests.request(method, url, headers=head, timeout=TIMEOUT_SECONDS, **what)
        except requests.RequestException:
            return None
        if answer.status_code >= 400:
            code = answer.json().get("code")
            self.statuses[f"{answer.status_code} {code} {method} {path.split('/')[1]}"] += 1
        return answer


def _envelope(*ops: Body) -> Body:
    return {"device_time": None, "schema_version": 1, "ops": list(ops)}

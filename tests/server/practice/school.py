"""A practice brigade beside a real one: of the same division, with the same codes, names and plans,
and 金丝雀 in whatever a person typed, so that it can be heard wherever it does not belong."""

import io
from dataclasses import dataclass
from typing import Any

from draw import bundle as bundles
from draw.verify import verify
from tests.server.drawing.stage import DICE
from tests.server.inspections import new_photo, ok, set_photo
from tests.server.plans import monthly
from tests.server.sync.ops import new_finding, op
from tests.world import Caller, World

CANARY = "金丝雀"


@dataclass
class School:
    """A practice brigade in a practice detachment: who inspects, who decides, who approves, and
    the detachment's supervisor."""

    world: World
    id: str
    lead: Caller
    assistant: Caller
    supervisor: Caller
    second: Caller
    chief: Caller

    def object(self, **facts: Any) -> str:
        """An object of the brigade, made by its supervisor; gives its id."""
        said = {"name": f"{CANARY}小吃店", "kind": "small", "division_code": "150102",
                "address": "新城区中山东路1号", **facts}  # fmt: skip
        return made(self.supervisor.post("/objects", said))["id"]

    def plan(self, *strata: Any, **changes: Any) -> dict[str, Any]:
        """A plan of next month, approved."""
        body = monthly(*strata, name=f"{CANARY}月度抽查", **changes)
        plan = made(self.supervisor.post("/plans", body))
        decision = {"revision": 1, "decision": "approved"}
        return made(self.second.post(f"/plans/{plan['id']}/decision", decision), 200)

    def frozen(self, *strata: Any, **changes: Any) -> dict[str, Any]:
        """The next attempt at a plan's slot, frozen."""
        return self.step(f"/plans/{self.plan(*strata, **changes)['id']}/draws", {}, 201)

    def drawn(self, *strata: Any, **changes: Any) -> dict[str, Any]:
        """A draw that was rolled without witnesses; its tasks are given out."""
        draw = self.step(f"/draws/{self.frozen(*strata, **changes)['id']}/commitment", None)
        return self.step(f"/draws/{draw['id']}/roll", {"dice": DICE})

    def step(self, path: str, body: Any, status: int = 200) -> dict[str, Any]:
        """One step of a ceremony, by the supervisor."""
        return made(self.supervisor.post(path, body), status)

    def report(self, draw: dict[str, Any]) -> Any:
        """What the verifier says of the files that the supervisor may have."""
        files = [self.supervisor.get(f"/draws/{draw['id']}/{name}") for name in ("bundle", "pool")]
        assert [answer.status_code for answer in files] == [200, 200]
        return verify(bundles.read(io.BytesIO(files[0].data)), io.BytesIO(files[1].data))

    def task(self, **facts: Any) -> str:
        """A task that both officers hold."""
        return self.world.task(
            lead=self.lead, assistant=self.assistant, supervisor=self.supervisor,
            object_id=facts.pop("object_id", None) or self.object(), **facts,
        )  # fmt: skip

    def approved(self, task_id: str) -> str:
        """The task, inspected with a hazard and its photo, submitted and approved."""
        photo_id = f"p-{task_id}"
        hazard = {"item_code": "1.1", "title": f"{CANARY}失效", "severity": "serious"}
        ok(
            self.lead.push(
                op("task", task_id, {"status": "in_progress"}),
                op("record", task_id, {"unit_name": f"{CANARY}店", "outcome": "oral_order"}),
                op("answer", f"{task_id}.1.1", {"value": "fail"}),
                op("answer", f"{task_id}.1.2", {"value": "pass"}),
                new_finding(f"f-{task_id}", task_id, **hazard),
                new_photo(photo_id, task_id, of_type="finding", of_id=f"f-{task_id}"),
            )
        )
        set_photo(self.world, photo_id, state="verified")
        ok(self.lead.push(op("task", task_id, {"status": "submitted"})))
        made(self.supervisor.post(f"/tasks/{task_id}/approve"), 200)
        return task_id


def opened(world: World) -> School:
    """The corps' administrator makes both bodies; their people come with them."""
    asked = {
        "name": f"{CANARY}演练支队", "kind": "detachment", "division_code": "150100",
        "parent_id": "corps", "practice": True,
    }  # fmt: skip
    above = made(world.admin.post("/organisations", asked))["id"]
    asked = {
        "name": f"{CANARY}演练大队", "kind": "brigade", "division_code": "150102",
        "parent_id": above,
    }  # fmt: skip
    id_ = made(world.admin.post("/organisations?practice=true", asked))["id"]

    def officer(name: str) -> Caller:
        return world.officer(f"{CANARY}{name}".encode().hex()[:20], organisation=id_, practice=True)

    def account(name: str, role: str) -> Caller:
        return world.account(f"practice-{name}", role=role, organisation=id_)

    return School(
        world, id_, officer("甲"), officer("乙"), account("supervisor", "supervisor"),
        account("second", "supervisor"),
        world.account("practice-chief", role="supervisor", organisation=above),
    )  # fmt: skip


def made(answer: Any, status: int = 201) -> Any:
    """The body of an answer, which has this status."""
    assert answer.status_code == status, answer.text
    return answer.get_json()


def upload(by: Caller, content: bytes, query: str = "") -> Any:
    """A file of objects, sent as it is."""
    return by.call(
        "POST", f"/registers/import/objects{query}", content_type="multipart/form-data",
        data={"file": (io.BytesIO(content), "f.csv")},
    )  # fmt: skip

"""A stage for ceremonies: people, an item list, weights, a plan, and the steps of a draw."""

import json
import secrets
from dataclasses import dataclass, field
from io import BytesIO

from draw import bundle as bundles
from draw.entropy import share_commitment
from draw.verify import verify
from tests.server.plans import decide, file, monthly, with_item_list
from tests.server.weight_tables import content as weight_content
from tests.server.weight_tables import publish as publish_weights

DICE = "31415926535897932384"


@dataclass
class Stage:
    """A brigade that draws: `world`, who files and who approves."""

    world: object
    second: object = field(init=False)

    def __post_init__(self):
        world = self.world
        with_item_list(world)
        corps = world.account("corps-weights", role="supervisor", organisation="corps")
        publish_weights(corps, weight_content())
        self.second = world.account("second", role="supervisor")
        for number in range(3):
            world.officer(f"more-{number}", lead_qualified=number == 0)

    def plan(self, *strata, by=None, approver=None, **changes):
        plan = file(by or self.world.supervisor, monthly(*strata, **changes))
        return decide(approver or self.second, plan)

    def freeze(self, plan, by=None, status=201, **asked):
        return self.post(f"/plans/{plan['id']}/draws", asked, by, status)

    def witness(self, draw, kind="media"):
        body = {"kind": kind, "name": "见证人某某", "body": "某日报社"}
        told = self.post(f"/draws/{draw['id']}/witnesses", body, status=201)
        return Witness(self.world, told["token"], told["code"])

    def commit(self, draw, status=200):
        return self.post(f"/draws/{draw['id']}/commitment", None, status=status)

    def roll(self, draw, dice=DICE, status=200, by=None):
        return self.post(f"/draws/{draw['id']}/roll", {"dice": dice}, by, status)

    def abandon(self, draw, status=200):
        return self.post(f"/draws/{draw['id']}/abandonment", {"reason": "设备故障"}, status=status)

    def event(self, draw, kind, status=200, **about):
        body = {"kind": kind, "reason": "依法回避", **about}
        return self.post(f"/draws/{draw['id']}/events", body, status=status)

    def drawn(self, *strata, **changes):
        """A draw of a plan, rolled without witnesses."""
        return self.roll(self.commit(self.freeze(self.plan(*strata, **changes))))

    def report(self, draw):
        """What the verifier says of the published bundle."""
        answer = self.world.supervisor.get(f"/draws/{draw['id']}/bundle")
        assert answer.status_code == 200, answer.text
        bundle = bundles.read(BytesIO(answer.data))
        return verify(bundle, BytesIO(self.pool(draw)))

    def pool(self, draw):
        with self.world.parts.database.read() as session:
            from server.services.drawing.finding import lines_of

            return "".join(f"{line}\n" for line in lines_of(session, draw["id"])).encode()

    def rows(self, draw):
        return {row["id"]: row for row in map(json.loads, self.pool(draw).decode().splitlines())}

    def post(self, path, body, by=None, status=200):
        answer = (by or self.world.supervisor).post(path, body)
        assert answer.status_code == status, answer.text
        return answer.get_json()


class Witness:
    """A witness's phone."""

    def __init__(self, world, token, code):
        self.http, self.code = world.app.test_client(), code
        self.headers = {"X-Witness-Token": token}
        self.share = secrets.token_bytes(32)

    def call(self, method, step="", body=None, status=200):
        path = f"/api/v1/draw-watch{step}"
        answer = self.http.open(path, method=method, json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def commit(self, status=200):
        commitment = share_commitment(self.share, self.code).hex()
        return self.call("PUT", "/commitment", {"commitment": commitment}, status)

    def reveal(self, share=None, status=200):
        return self.call("PUT", "/reveal", {"reveal": (share or self.share).hex()}, status)

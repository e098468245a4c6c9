"""One chapter: a database, servers, a network, devices; faults for some minutes; the verdict."""

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from server.config import Settings
from server.migrate import upgrade
from tests.chaos import verdict
from tests.chaos.city import City
from tests.chaos.crowd import Crowd
from tests.chaos.database import Cluster
from tests.chaos.deck import Dealer, Played, new_deck
from tests.chaos.desk import Desk
from tests.chaos.disk import Disk
from tests.chaos.logs import unforeseen
from tests.chaos.orders import Orders
from tests.chaos.services import Keeper, Line, Service, Worker
from tests.server_process import ServerProcess, environment_of

SECRET = "a secret for the chaos suite only, longer than thirty-two bytes"
DEVICES_PER_OFFICER = 5
ACCESS_TOKEN_MINUTES = 1  # so that tokens are renewed in the middle of it all
THREADS_PER_SERVER = 8
DESKS = 2
SIGN_IN_SECONDS = 40


@dataclass(frozen=True)
class Plan:
    """How large a chapter is."""

    name: str
    on_postgres: bool
    servers: int
    devices: int
    seconds: float


@dataclass
class Outcome:
    """What a chapter came to; `faults` is empty when nothing was lost."""

    name: str
    faults: list[str] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    played: Played = field(default_factory=Played)
    network: dict[str, int] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    disk: str = ""
    seconds: float = 0.0


class Chapter:
    """The parts of one chapter, put together and taken apart again."""

    def __init__(self, plan: Plan, *, seed: str, say: Callable[[str], None]) -> None:
        self.plan, self.seed, self.say = plan, f"{seed}/{plan.name}", say
        self.outcome = Outcome(plan.name)
        self._stack = ExitStack()

    def run(self) -> Outcome:
        """All of it."""
        began = time.monotonic()
        with self._stack:
            self._set_up()
            self._let_it_happen()
            self._come_to_rest()
            self._judge()
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    # -- the parts ------------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="suijian-chaos-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.orders = Orders(self.folder / "orders")
        self.orders.prepare()
        self.servers: list[ServerProcess] = []
        self._url = f"sqlite:///{self.folder / 'data' / 'suijian.sqlite'}"
        self.disk = Disk(self.folder / "data", self._pids)
        self._stack.callback(self.disk.remove)
        self.outcome.disk = self.disk.kind
        services = [self._database()] if self.plan.on_postgres else []
        self.settings = Settings(
            secret_key=SECRET, database_url=self._url, data_dir=self.disk.folder,
            access_token_minutes=ACCESS_TOKEN_MINUTES,
            log_level="WARNING",
        )  # fmt: skip
        upgrade(self.settings.database_url)
        self.city = City(self.settings, max(2, self.plan.devices // DEVICES_PER_OFFICER))
        self._stack.callback(self.city.close)
        services += [*self._servers(), self._jobs()]
        self.keepers = [Keeper(service) for service in services]
        self.line = Line(
            self.orders, [s.port for s in self.servers], seed=self.seed,
            log=self.folder / "network.log",
        )  # fmt: skip
        self.line.start()
        self._stack.callback(self.line.stop)

    def _pids(self) -> list[int]:
        return [server.session_id for server in self.servers if server.is_running]

    def _database(self) -> Service:
        cluster = Cluster(self.disk.folder / "postgres")
        self._stack.callback(cluster.remove)
        self._url = cluster.url

        def start() -> None:
            cluster.start()
            self.orders.postmaster.write_text(str(cluster.pid))

        self.orders.postmaster.write_text(str(cluster.pid))
        return Service("database", start, lambda: cluster.is_running)

    def _servers(self) -> list[Service]:
        environ = {**environment_of(self.settings), "CHAOS_ORDERS": str(self.orders.folder)}
        self.servers = [
            ServerProcess(
                environ, folder=self.folder, threads=THREADS_PER_SERVER,
                target=("tests.chaos.entry:app",),
            )
            for _ in range(self.plan.servers)
        ]  # fmt: skip
        for server in self.servers:
            server.start()
            self._stack.callback(server.stop)
        return [
            Service(f"server {n}", _restart(server), lambda server=server: server.is_running)
            for n, server in enumerate(self.servers, start=1)
        ]

    def _jobs(self) -> Service:
        environ = {**environment_of(self.settings), "CHAOS_ORDERS": str(self.orders.folder)}
        self.jobs = Worker("tests.chaos.jobs", environ=environ, log=self.folder / "jobs.log")
        self.jobs.start()
        self._stack.callback(self.jobs.stop)
        return Service("jobs", self.jobs.start, self.jobs.is_running)

    # -- what happens ---------------------------------------------------------------------------

    def _let_it_happen(self) -> None:
        chance = random.Random(self.seed)
        devices = self.folder / "devices"
        devices.mkdir()
        servers = [server.api for server in self.servers]
        self.desks = [
            Desk(f"desk-{n}", self.city, servers, self.orders, seed=self.seed)
            for n in range(1, DESKS + 1)
        ]
        self.crowd = Crowd(
            self.city, devices=self.plan.devices, server=self.line.address, folder=devices,
            seed=self.seed, between=self._run_jobs_here,
        )  # fmt: skip
        dealer = Dealer(
            self.orders, self.keepers, self.disk,
            new_deck(chance, kills_database=self.plan.on_postgres), chance=chance,
            seconds=self.plan.seconds, say=self.say,
        )  # fmt: skip
        self.say(
            f"{self.plan.devices} devices of {len(self.city.officers) + 1} officers, "
            f"{self.plan.servers} server(s), {len(self.city.tasks)} tasks; {self.disk.kind}"
        )
        for thread in (*self.keepers, *self.desks):
            thread.start()
        self.crowd.work()
        self.crowd.wait_until_signed_in(SIGN_IN_SECONDS)
        dealer.start()
        dealer.join()
        self.outcome.played = dealer.played

    def _come_to_rest(self) -> None:
        self.say("no more faults; everybody syncs until there is no news")
        self.line.tell("calm")
        for desk in self.desks:
            desk.stop()
        for keeper in self.keepers:
            while not keeper.is_up() and keeper.is_alive():
                time.sleep(0.05)
            keeper.stop()
        self.jobs.stop()
        self.crowd.finish()
        self.outcome.network = self.line.finish()

    def _run_jobs_here(self) -> None:
        for name in ("sweep_uploads", "make_derivatives", "carry_out_deletions"):
            self.city.world.parts.jobs.run_now(name)

    # -- what is true at the end ----------------------------------------------------------------

    def _judge(self) -> None:
        parts, outcome = self.city.world.parts, self.outcome
        self.say("the verdict")
        outcome.visits = self.orders.count_visits()
        outcome.restarts = {keeper.service.name: keeper.restarts for keeper in self.keepers}
        while not self.crowd.faults.empty():
            outcome.faults.append(self.crowd.faults.get())
        for keeper in self.keepers:
            outcome.faults += keeper.faults
        for desk in self.desks:
            outcome.faults += desk.faults
        devices = self.crowd.witnesses
        held = self._held_by_server()
        with parts.database.write() as session:
            outcome.faults += verdict.broken_chain(session)
        with parts.database.read() as session:
            outcome.faults += verdict.wrong_receipts(session, devices)
            outcome.faults += verdict.lost_words(session, devices)
            outcome.faults += verdict.wrong_history(session)
            outcome.faults += verdict.wrong_mirrors(devices, held)
            outcome.faults += verdict.wrong_feeds(session, devices)
            outcome.faults += verdict.wrong_photos(session, devices, parts.media.originals)
            outcome.faults += verdict.wrong_deletions(session, parts.media.originals)
            outcome.faults += verdict.unknown_files(session, self._originals())
            rows = verdict.count_rows(session)
        outcome.faults += unforeseen(self.folder.glob("server-*.log"))
        outcome.counts = {
            "rows": rows,
            "devices": self.crowd.counts,
            "desks": sum((desk.counts for desk in self.desks), Counter[str]()),
            "errors answered to devices": self.crowd.statuses,
            "errors answered to the desks": sum(
                (desk.statuses for desk in self.desks), Counter[str]()
            ),
            "ops": _ops_by_status(devices),
        }

    def _originals(self) -> list[str]:
        folder = self.disk.folder / "originals"
        return [path.name for path in folder.rglob("*") if path.is_file()]

    def _held_by_server(self) -> dict[str, dict[verdict.Key, tuple[int, verdict.Body]]]:
        """What each officer holds, read from nothing."""
        held = {}
        for caller in [*self.city.officers, self.city.reserve]:
            found, cursor, more = {}, None, True
            while more:
                page = caller.pull(cursor)
                for change in page["changes"]:
                    if change["op"] == "upsert":
                        key = (change["type"], change["id"])
                        found[key] = (change["rev"], change["data"])
                cursor, more = page["cursor"], page["has_more"]
            held[caller.officer_id or ""] = found
        return held


def _restart(server: ServerProcess) -> Callable[[], None]:
    def restart() -> None:
        server.kill()  # whatever of it still lives
        server.start()

    return restart


def _ops_by_status(devices: list[verdict.Witness]) -> Counter[str]:
    return Counter(
        (device.heard[op.op_id][-1]["status"] if device.heard.get(op.op_id) else "never heard")
        for device in devices
        for op in device.typed
    )

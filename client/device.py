"""The device of one inspector (终端): everything a program or a person does with it.

Reading and writing (`Notebook`) never need the network. Only `login`, `refresh`, `logout`, `sync`,
`resolve` and `conflict_in_full`, which stand here, ask the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from client import accounts, mirror
from client.accounts import Account, StoredTokens
from client.api import Api
from client.clock import Clock, system_clock
from client.errors import DeviceWiped, NotOnDevice, Offline, SignInNeeded
from client.notebook import Notebook, settling
from client.patience import Patience
from client.reports import SyncReport
from client.store import Store, get_meta, set_meta
from client.sync import Sync
from client.watch import moments
from client.wire import Transport, json_object, tokens_in

SERVER = "server"


class Device(Notebook):
    """One installation: a store file, and the person who signed in last.

    `clock`, `transport` and `patience` can be replaced: a simulator hands in a wrong clock, a
    session that loses answers, a patience that does not sleep.
    """

    def __init__(
        self,
        store_path: Path | str,
        *,
        server: str | None = None,
        name: str = "reference device",
        platform: str = "python",
        clock: Clock = system_clock,
        transport: Transport | None = None,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(Store(Path(store_path)), clock)
        self._about = {"name": name, "platform": platform}
        self._transport = transport
        self._patience = patience
        self._apis: dict[str, Api] = {}
        if server is not None:
            with self.store.transaction() as db:
                set_meta(db, SERVER, server)

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the store file back."""
        self.store.close()

    # -- who ------------------------------------------------------------------------------------

    def login(self, username: str, password: str) -> Account:
        """Sign in; from now on this person is active. Others' queues stay for their return."""
        known = accounts.known_device_id(self.store.db, username)
        device = self._about | ({"id": known} if known else {})
        body = {"username": username, "password": password, "device": device}
        with self._wiped_if_told():
            said = json_object(
                self._new_api(None).call(
                    "POST", "/auth/login", body=body, bearer=False, repeatable=False
                )
            )
        with self.store.transaction() as db:
            accounts.sign_in(
                db,
                username=username,
                profile=said["user"],
                device_id=said["device"]["id"],
                tokens=tokens_in(said),
            )
            if known != said["device"]["id"]:  # a cursor is good for one device only
                accounts.set_cursor(db, said["user"]["id"], None)
                mirror.clear(db, self.account)
        return self.account

    def refresh(self) -> None:
        """Renew the tokens now; `sync` does so by itself when needed."""
        with self._wiped_if_told():
            self._api().refresh()

    def logout(self) -> None:
        """End the session. The queue stays, and is sent when its writer signs in again."""
        api = self._api()
        with suppress(Offline, SignInNeeded):  # then the tokens run out there by themselves
            api.call("POST", "/auth/logout")
        with self.store.transaction() as db:
            accounts.sign_out(db)

    # -- with the server ------------------------------------------------------------------------

    def sync(self, *, from_start: bool = False, check: bool = False) -> SyncReport:
        """Send what waits, fetch what is new; see `Sync.run` for what is raised and what not.

        `check` compares all that is here with the server, and mends what differs; otherwise that
        is done once a day.
        """
        with self._wiped_if_told():
            run = Sync(self.store, self._api(), self.account, self.clock)
            return run.run(from_start=from_start, check=check)

    def watch(self) -> Iterator[SyncReport]:
        """Sync now, and again whenever the server says that there is more; where it gives no
        stream, every so often. Goes on while the network is away. Raises as `sync` otherwise."""
        with self._wiped_if_told():
            for _ in moments(self._api()):
                with suppress(Offline):
                    yield self.sync()

    def resolve(
        self,
        conflict_id: str,
        *,
        candidate: str | None = None,
        value: Any = None,
        note: str | None = None,
    ) -> None:
        """Settle a conflict now, with the network; as `settle`, which needs none.

        `Moved` is raised when it changed since it was last pulled: sync, look, decide again.
        """
        seen = self.get("conflict", conflict_id).rev
        with self._wiped_if_told():
            self._api().call(
                "POST",
                f"/conflicts/{conflict_id}/resolve",
                body=settling(candidate, value, note),
                headers={"If-Match": f'"{seen}"'},
                repeatable=False,
            )

    def conflict_in_full(self, conflict_id: str) -> dict[str, Any]:
        """A conflict with who saw what, both clocks, and how its field came to this. Needs the
        network: a device holds the candidates only."""
        with self._wiped_if_told():
            return json_object(self._api().call("GET", f"/conflicts/{conflict_id}"))

    # -- inside ---------------------------------------------------------------------------------

    def _api(self) -> Api:
        """HTTP under the active person's token: their queue can never go out under another's."""
        user_id = self.account.user_id
        if user_id not in self._apis:
            self._apis[user_id] = self._new_api(StoredTokens(self.store, user_id))
        return self._apis[user_id]

    def _new_api(self, keeper: StoredTokens | None) -> Api:
        server = get_meta(self.store.db, SERVER)
        if server is None:
            raise NotOnDevice("the device does not know its server yet")
        return Api(server, keeper, transport=self._transport, patience=self._patience)

    @contextmanager
    def _wiped_if_told(self) -> Iterator[None]:
        """A device that was declared lost erases itself at its next contact."""
        try:
            yield
        except DeviceWiped:
            self.store.wipe()
            raise

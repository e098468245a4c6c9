"""One run of the sync: ask, push, pull, send photos, and pull what they changed."""

from __future__ import annotations

from collections.abc import Callable

from client import accounts, kept, photo_queue
from client.accounts import Account
from client.api import Api
from client.clock import Clock, milliseconds
from client.digest import FORMAT
from client.doctor import Doctor
from client.errors import ApiError, DeviceWiped, ProtocolError, SignInNeeded, UpgradeRequired
from client.photos import PhotoSender
from client.pull import Puller
from client.push import SCHEMA_VERSION, Limits, Pusher
from client.reports import SyncReport
from client.store import Store, get_meta, set_meta
from client.wire import Json, json_object

DRAINING = "device_draining"
"""403 to whatever would bring something new to a device that is being stopped."""
STOPPING = (SignInNeeded, UpgradeRequired, DeviceWiped)
"""Answers after which nothing else on this run can succeed."""
CHECK_EVERY_MS = 24 * 60 * 60 * 1000


class Sync:
    """One person's sync. Make a new one for each run."""

    def __init__(self, store: Store, api: Api, account: Account, clock: Clock) -> None:
        self.report = SyncReport()
        self._store = store
        self._api = api
        self._account = account
        self._clock = clock
        self._pusher = Pusher(store, api, account, clock, self.report)
        self._puller = Puller(store, api, account, self.report)

    def run(self, *, from_start: bool = False, check: bool = False) -> SyncReport:
        """Send what waits, then fetch what is new; `check` compares all in any case.

        Up before down: the server should hear what was done here before it tells us how things
        stand; and before a revoke drops what we still had to say. An error in one part does not
        stop the others, it is listed in the report. `Offline`, `SignInNeeded`, `UpgradeRequired`
        and `DeviceWiped` are raised. Whatever was not settled keeps waiting.
        """
        said = self._capabilities()
        limits = _limits_in(said)
        if not self._part(lambda: self._meet_epoch(str(said.get("epoch")))):
            return self.report
        if from_start:
            self._puller.start_over()
        self._part(self._pusher.ask_about_kept)
        self._part(lambda: self._pusher.push_all(limits))
        pulled = self._part(self._puller.pull_all)
        if self._part(self._send_photos) and self.report.photos_sent:
            pulled = self._part(self._puller.pull_all)
        if pulled:
            photo_queue.settle(self._store, self._account.user_id)
            self._part(lambda: self._check_up(said, always=check))
        self._drop_kept(int(said.get("keep_sent_days", 0)))
        self._part(self._tell_what_waits)
        return self.report

    def _tell_what_waits(self) -> None:
        """A task was handed in, or this device is being stopped: then the office waits for a word
        from here, also if nothing is left to send."""
        asked = self._puller.saw_submission and not self._pusher.told
        self._pusher.tell_what_waits(anew=asked or self.report.draining)

    def _check_up(self, said: Json, *, always: bool) -> None:
        """Compare the mirror with the server, once a day and after each fresh start; heal it."""
        if said.get("digest") != FORMAT:
            return
        key = f"checked_ms:{self._account.user_id}"
        present, checked = milliseconds(self._clock()), get_meta(self._store.db, key)
        due = checked is None or abs(present - int(checked)) >= CHECK_EVERY_MS
        if always or due or self.report.resynced:
            doctor = Doctor(self._store, self._api, self._account)
            self.report.healed = doctor.heal(self._puller.pull_all)
            with self._store.transaction() as db:
                set_meta(db, key, str(present))

    def _meet_epoch(self, epoch: str) -> None:
        """A server restored from a backup has begun another epoch: ask about all that it answered
        lately, so that what it forgot waits again, and fetch all anew. Before anything is pushed:
        what was written first must arrive first."""
        user_id = self._account.user_id
        known = accounts.get_epoch(self._store.db, user_id)
        if known is None:
            with self._store.transaction() as db:
                accounts.set_epoch(db, user_id, epoch)
        elif known != epoch:
            with self._store.transaction() as db:
                kept.recall(db, user_id)
            self._pusher.ask_about_kept()
            self._puller.start_over(epoch=epoch)

    def _drop_kept(self, days: int) -> None:
        kept.drop_old(self._store, self._account.user_id, now=self._clock(), days=days)

    def _capabilities(self) -> Json:
        """Ask for the server's limits, and whether it still talks to this version."""
        said = json_object(self._api.call("GET", "/sync/capabilities"))
        lowest = int(said.get("min_schema_version", SCHEMA_VERSION))
        if lowest > SCHEMA_VERSION:
            raise UpgradeRequired(
                426,
                "client_too_old",
                "客户端版本过旧，请先升级；未发送的数据会保留在终端上。",
                details={"schema_version": SCHEMA_VERSION, "min_schema_version": lowest},
            )
        return said

    def _send_photos(self) -> None:
        sender = PhotoSender(self._store, self._api, self._account.user_id)
        for outcome in sender.send_waiting():
            if isinstance(outcome, ApiError):
                self.report.troubles.append(outcome)
            else:
                self.report.photos_sent += 1

    def _part(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except STOPPING:
            raise
        except ApiError as error:
            if error.code == DRAINING:
                self.report.draining = True
            else:
                self.report.troubles.append(error)
            return False
        return True


def _limits_in(said: Json) -> Limits:
    try:
        return Limits(int(said["preferred_batch"]), int(said["max_request_bytes"]))
    except (KeyError, ValueError) as error:
        raise ProtocolError("the capabilities name no limits") from error

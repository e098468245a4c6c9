"""One run of the sync: ask, push, pull, send photos, and pull what they changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from client import photo_queue
from client.accounts import Account
from client.api import Api
from client.clock import Clock
from client.errors import ApiError, DeviceWiped, ProtocolError, SignInNeeded, UpgradeRequired
from client.photos import PhotoSender
from client.pull import Puller
from client.push import SCHEMA_VERSION, Limits, Pusher
from client.reports import SyncReport
from client.store import Store
from client.wire import json_object

STOPPING = (SignInNeeded, UpgradeRequired, DeviceWiped)
"""Answers after which nothing else on this run can succeed."""


class Sync:
    """One person's sync. Make a new one for each run."""

    def __init__(self, store: Store, api: Api, account: Account, clock: Clock) -> None:
        self.report = SyncReport()
        self._store = store
        self._api = api
        self._account = account
        self._pusher = Pusher(store, api, account, clock, self.report)
        self._puller = Puller(store, api, account, self.report)

    def run(self, *, from_start: bool = False) -> SyncReport:
        """Send what waits, then fetch what is new.

        Up before down: the server should hear what was done here before it tells us how things
        stand; and before a revoke drops what we still had to say. An error in one part does not
        stop the others, it is listed in the report. `Offline`, `SignInNeeded`, `UpgradeRequired`
        and `DeviceWiped` are raised. Whatever was not settled keeps waiting.
        """
        limits = self._limits()
        if from_start:
            self._puller.start_over()
        self._part(self._pusher.ask_about_deferred)
        self._part(lambda: self._pusher.push_all(limits))
        pulled = self._part(self._puller.pull_all)
        if self._part(self._send_photos) and self.report.photos_sent:
            pulled = self._part(self._puller.pull_all)
        if pulled:
            photo_queue.settle(self._store, self._account.user_id)
        return self.report

    def _limits(self) -> Limits:
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
        return _limits_in(said)

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
            self.report.troubles.append(error)
            return False
        return True


def _limits_in(said: dict[str, Any]) -> Limits:
    try:
        return Limits(int(said["preferred_batch"]), int(said["max_request_bytes"]))
    except (KeyError, ValueError) as error:
        raise ProtocolError("the capabilities name no limits") from error

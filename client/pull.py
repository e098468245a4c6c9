"""The way down: pages of the feed, each applied together with its cursor."""

from __future__ import annotations

from client import accounts, mirror
from client.accounts import Account
from client.api import Api
from client.errors import ApiError, ProtocolError
from client.reports import SyncReport
from client.store import Store
from client.wire import Json, json_object

PAGE_LIMIT = 500
START_OVER_STATUS = 410
"""The cursor is older than the tombstones, or of an epoch before a restored backup."""


class Puller:
    """Reads one person's feed to its end."""

    def __init__(self, store: Store, api: Api, account: Account, report: SyncReport) -> None:
        self._store = store
        self._api = api
        self._account = account
        self._report = report
        self.saw_submission = False
        """Whether a task came down that was handed in."""

    def pull_all(self) -> None:
        """Pull until `has_more` is false; begin anew, once, when the server says so."""
        try:
            self._pull_pages()
        except ApiError as error:
            if error.status != START_OVER_STATUS:
                raise
            self.start_over()
            self._pull_pages()

    def start_over(self, *, epoch: str | None = None) -> None:
        """`resync_keep_pending`: throw the mirror away, never the outbox."""
        with self._store.transaction() as db:
            mirror.clear(db, self._account)
            accounts.set_cursor(db, self._account.user_id, None)
            if epoch is not None:
                accounts.set_epoch(db, self._account.user_id, epoch)
        self._report.resynced = True

    def _pull_pages(self) -> None:
        more = True
        while more:
            cursor = accounts.get_cursor(self._store.db, self._account.user_id)
            page = self._page(cursor)
            more = page is not None and self._apply(page, cursor)

    def _page(self, cursor: str | None) -> Json | None:
        """One page, or None when nothing happened since `cursor` (304)."""
        params = [("limit", str(PAGE_LIMIT))]
        headers = {}
        if cursor is not None:
            params.append(("cursor", cursor))
            headers["If-None-Match"] = f'"{cursor}"'
        answer = self._api.call("GET", "/sync/changes", params=params, headers=headers)
        return None if answer.status_code == 304 else json_object(answer)

    def _apply(self, page: Json, asked_from: str | None) -> bool:
        """A page is whole or not there: its changes and its cursor in one transaction."""
        changes, cursor = page["changes"], str(page["cursor"])
        if page["has_more"] and cursor == asked_from:
            raise ProtocolError("the feed says it goes on, but its cursor does not move")
        with self._store.transaction() as db:
            for change in changes:
                mirror.take_change(db, self._account, change)
            accounts.set_cursor(db, self._account.user_id, cursor)
        self._report.pulled += len(changes)
        self.saw_submission |= any(_is_submission(change) for change in changes)
        return bool(page["has_more"])


def _is_submission(change: Json) -> bool:
    return change["type"] == "task" and (change["data"] or {}).get("status") == "submitted"

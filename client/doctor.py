"""Finds out whether the mirror differs from what the server holds for this person, and heals it.

It compares digests: of all, then of the parts that differ, until it comes to single entities. Those
alone are fetched anew. Ops are never touched: they lie on top again afterwards.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator

from client import accounts, mirror
from client.accounts import Account
from client.api import Api
from client.digest import entity_digest, range_digest
from client.store import Store, load
from client.wire import Json, json_object

ROUNDS = 3
"""How often it begins anew when the server changes while it compares."""
FETCH_BATCH = 50

Key = tuple[str, str]


class Moved(Exception):
    """Something came since the last pull: nothing can be compared now."""


class Doctor:
    """One person's mirror, held against the server."""

    def __init__(self, store: Store, api: Api, account: Account) -> None:
        self._store = store
        self._api = api
        self._account = account

    def heal(self, pull: Callable[[], object]) -> int:
        """Mend what differs; how many entities that were. `pull` brings the mirror up to date."""
        for _ in range(ROUNDS):
            try:
                wrong = sorted(self._differing(Held(self._store.db, self._account.user_id)))
            except Moved:
                pull()
                continue
            for type_ in sorted({type_ for type_, _ in wrong}):
                self._fetch(type_, [id_ for each, id_ in wrong if each == type_])
            return len(wrong)
        return 0

    def _differing(self, held: Held) -> Iterator[Key]:
        """The entities that differ, are missing here, or should not be here."""
        whole = self._ask([])
        if whole["digest"] == held.digest():
            return
        parts = whole["parts"]
        parts += [_nothing_of(type_) for type_ in held.types() - {part["type"] for part in parts}]
        while parts:
            part = parts.pop()
            span = part["type"], part["from"], part["to"]
            if part["digest"] == held.digest(*span):
                continue
            answer = self._ask(_asked(*span)) if part["count"] else {"entities": []}
            parts += answer.get("parts") or []
            if answer["entities"] is not None:
                said = {str(each["id"]): each["digest"] for each in answer["entities"]}
                here = {id_: digest.hex() for id_, digest in held.within(*span)}
                yield from ((span[0], id_) for id_ in _unequal(said, here))

    def _ask(self, about: list[tuple[str, str]]) -> Json:
        cursor = accounts.get_cursor(self._store.db, self._account.user_id)
        params = [("cursor", str(cursor)), *about]
        answer = json_object(self._api.call("GET", "/sync/digest", params=params))
        if not answer["current"]:
            raise Moved
        return answer

    def _fetch(self, type_: str, ids: list[str]) -> None:
        for start in range(0, len(ids), FETCH_BATCH):
            asked = ids[start : start + FETCH_BATCH]
            params = [("type", type_), *(("id", id_) for id_ in asked)]
            answer = json_object(self._api.call("GET", "/sync/entities", params=params))
            given = {str(each["id"]): each for each in answer["entities"]}
            with self._store.transaction() as db:
                for id_ in asked:
                    mirror.mend(db, self._account, type_, id_, given.get(id_))


class Held:
    """The digests of what the mirror holds of the server's, by type and in the order of ids."""

    def __init__(self, db: sqlite3.Connection, user_id: str) -> None:
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._digests: dict[str, list[bytes]] = defaultdict(list)
        for type_, id_, rev, server in mirror.told(db, user_id):
            self._ids[type_].append(id_)
            self._digests[type_].append(entity_digest(type_, id_, rev, load(server)))

    def types(self) -> set[str]:
        """The types of which there is something."""
        return set(self._ids)

    def within(
        self, type_: str, start: str | None = None, end: str | None = None
    ) -> Iterator[tuple[str, bytes]]:
        """The digests of a type from an id on, up to but without another."""
        ids = self._ids.get(type_, [])
        first = bisect_left(ids, start) if start is not None else 0
        last = bisect_left(ids, end) if end is not None else len(ids)
        return zip(ids[first:last], self._digests.get(type_, [])[first:last], strict=True)

    def digest(
        self, type_: str | None = None, start: str | None = None, end: str | None = None
    ) -> str:
        """The digest of such a range, or of all."""
        types = sorted(self._ids) if type_ is None else [type_]
        found = (digest for each in types for _, digest in self.within(each, start, end))
        return range_digest(found).hex()


def _nothing_of(type_: str) -> Json:
    return {"type": type_, "from": None, "to": None, "count": 0, "digest": None}


def _asked(type_: str, start: str | None, end: str | None) -> list[tuple[str, str]]:
    bounds = {"type": type_, "from": start, "to": end}
    return [(name, value) for name, value in bounds.items() if value is not None]


def _unequal(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {id_ for id_ in one.keys() | other.keys() if one.get(id_) != other.get(id_)}

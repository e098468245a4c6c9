"""What an op waits for (等候), and who waits behind it (rule 8).

An op is held while something it builds on has not arrived: an op that it names, the entity that it
changes, or an earlier op of its own device about the same thing. It is done when that comes,
under the stamp of its arrival, as if it had been done at once.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sync.entities import IMPLIED
from sync.policies import Refused

Key = tuple[str, str]


class Waits(Exception):
    """An op whose parent has not arrived; it is held until then."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code, self.details = code, details


class Queues:
    """The numbers of each device's held ops, by what they are about."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, Key], set[int]] = {}

    def __bool__(self) -> bool:
        """Whether anything was held at all; mostly nothing is."""
        return bool(self._held)

    def hold(self, device_id: str, n: int, about: Iterable[Key]) -> None:
        """What the device did later to the same things waits behind this op."""
        for key in about:
            self._held.setdefault((device_id, key), set()).add(n)

    def free(self, device_id: str, n: int, about: Iterable[Key]) -> None:
        """This op is done or refused: nothing waits behind it any more."""
        for key in about:
            self._held.get((device_id, key), set()).discard(n)

    def is_behind(self, device_id: str, n: int, about: Iterable[Key]) -> bool:
        """Whether an earlier op of the device still waits there."""
        return any(earlier < n for key in about for earlier in self._held.get((device_id, key), ()))


def begins(type_: str, action: str) -> bool:
    """Whether an op brings its entity into being: a create, where no id says what it belongs to."""
    return action == "create" and type_ not in IMPLIED


def require_dependencies(names: Iterable[str], status_of: Callable[[str], str | None]) -> None:
    """Raise Waits for an op that depends on one which has not come or is held itself, and Refused
    where that one was rejected."""
    for op_id in names:
        status = status_of(op_id)
        if status in (None, "deferred"):
            raise Waits("dependency_missing", op_id=op_id)
        if status == "rejected":
            raise Refused("dependency_rejected", op_id)


def require_entity(type_: str, id_: str, action: str, *, exists: bool) -> None:
    """Raise Waits for an op on an entity that has yet to be created."""
    if not exists and type_ not in IMPLIED and not begins(type_, action):
        raise Waits("parent_missing", type=type_, id=id_)

"""For sync clients that nobody here wrote: RxDB and WatermelonDB, as they are."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import orjson
from flask import Request

from schemas.entities import PATCHES
from schemas.ops import check_op
from server.api.glue import Blueprint, StrictParser
from server.errors import DomainError
from server.services.sync.compat.pushing import MAX_STATEMENTS, Rules

Said = TypeVar("Said")


class AnyTypeParser(StrictParser):
    """Their own examples send JSON without saying so."""

    def load_json(self, req: Request, schema: Any) -> Any:
        """The JSON body, whatever it is called. Raises `invalid_json`."""
        try:
            return orjson.loads(req.get_data(cache=True))
        except orjson.JSONDecodeError as error:
            raise DomainError("invalid_json", details={"reason": str(error)}) from None


class CompatBlueprint(Blueprint):
    """A blueprint that takes any content type for JSON."""

    ARGUMENTS_PARSER = AnyTypeParser()


compat = CompatBlueprint(
    "compat", __name__, description="Sync for clients of others: RxDB, WatermelonDB"
)
RULES = Rules(
    check_op=check_op,
    writable={type_: frozenset(schema.fields) for type_, schema in PATCHES.items()},
)


def portions(said: Sequence[Said]) -> Iterator[Sequence[Said]]:
    """What a client sends at once, in portions of one transaction each."""
    for start in range(0, len(said), MAX_STATEMENTS):
        yield said[start : start + MAX_STATEMENTS]


from server.api.device.compat import rxdb, watermelon  # routes register themselves

"""Pages by the last id seen."""

from collections.abc import Sequence
from typing import Any


def page_of_rows(rows: Sequence[Any], *, limit: int) -> dict[str, Any]:
    """A page from rows of which one more than `limit` was asked for: is there a next one?"""
    items = rows[:limit]
    return {"items": items, "next": items[-1].id if len(rows) > limit else None}

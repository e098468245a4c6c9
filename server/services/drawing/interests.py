"""Recusals (回避, N34): what officers declared, as pairs with objects, never the ground."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session


def recusals_of(
    session: Session, *, officers: Sequence[dict[str, Any]], object_ids: Sequence[str]
) -> list[dict[str, str]]:
    """The pairs that may not meet, in the order of officers and objects."""
    return []

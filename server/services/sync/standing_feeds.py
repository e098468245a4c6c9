"""Where feeds stand, for the devices that may read them now."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy.orm import Session

from server.db import Glance
from server.services.bulk import as_json, ids_from_json
from server.services.sql import run


class FeedStanding(NamedTuple):
    """A device's feed: whose it is, and its last `seq`."""

    device_id: str
    officer_id: str
    seq: int


def feeds_of_devices(
    session: Session | Glance, device_ids: Collection[str]
) -> dict[str, FeedStanding]:
    """The feeds of these devices; of a device or an account that was stopped none."""
    rows = run(
        session,
        "SELECT d.id, u.officer_id, COALESCE(h.seq, 0) AS seq FROM devices d "
        "JOIN users u ON u.id = d.user_id "
        "LEFT JOIN feed_heads h ON h.officer_id = u.officer_id "
        "WHERE d.state = 'active' AND u.active AND u.officer_id IS NOT NULL "
        f"AND d.id IN {ids_from_json(session)}",
        {"ids": as_json(sorted(device_ids))},
    )
    return {row.id: FeedStanding(*row) for row in rows}

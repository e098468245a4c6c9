"""What stands in the tables about photos."""

from sqlalchemy import select

from server.models import CustodyEvent, Photo
from tests.world import World


def kinds_of_custody(world: World, photo_id: str) -> list[str]:
    """What happened to a photo, in order."""
    with world.parts.database.read() as session:
        return list(
            session.scalars(
                select(CustodyEvent.kind)
                .where(CustodyEvent.photo_id == photo_id)
                .order_by(CustodyEvent.at, CustodyEvent.kind)
            )
        )


def photo_row(world: World, photo_id: str) -> Photo:
    with world.parts.database.read() as session:
        return session.get_one(Photo, photo_id)

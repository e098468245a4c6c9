"""Real evidence in a real store, its chains sealed and anchored, and ways to do harm to it."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta

from sqlalchemy import text

from media.anchors import AnchorFolder
from media.darkroom import Darkroom
from server.clock import china_date, now
from server.services.audit import chain as audit_chain
from server.services.custody.anchoring import Made, anchor_heads
from server.services.custody.faults import Checked, Fault, Selection
from server.services.custody.files import verify_files
from server.services.custody.sealing import seal_batch
from server.services.custody.verifying import verify_ledgers
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.derivatives import make_derivatives
from tests.server.tus.speaker import declare, new_photo_id, photo, upload
from tests.world import World

ONE_DAY = timedelta(days=1)


def folder_of(world: World) -> AnchorFolder:
    return AnchorFolder(world.parts.settings.anchors)


def verified_photo(world: World, task_id: str, seed: int = 1) -> str:
    """A photo that was declared and came; gives its id."""
    photo_id = new_photo_id()
    declare(world.lead, task_id, photo_id, photo(seed))
    assert upload(world.lead, photo(seed), photo_id).status_code == 204
    return photo_id


def look_at(world: World, photo_id: str) -> None:
    assert world.lead.get(f"/photos/{photo_id}/original").status_code == 200


def make_small(world: World) -> None:
    """Make the small pictures that are due."""
    with closing(Darkroom()) as darkroom:
        make_derivatives(world.parts.database, world.parts.media, now=now(), darkroom=darkroom)


def happen(world: World, photo_id: str, kind: str, *, at: datetime, **details: str) -> None:
    with world.parts.database.write() as session:
        record_custody(session, [Custody(photo_id, kind, "u-lead", None, details)], now=at)


def seal(world: World) -> int:
    with world.parts.database.write() as session:
        audit_chain.seal_batch(session, now=now(), everywhere=True)
        return seal_batch(session, now=now(), everywhere=True)


def anchor(world: World, day: int = 0) -> Made | None:
    """Seal, then write the anchor as it was written on a day, counted from ten days ago: so no
    event that is still to come will say that it happened before."""
    seal(world)
    then = now() + (day - 9) * ONE_DAY
    return anchor_heads(world.parts.database, folder_of(world), now=then)


def anchored_day(day: int = 0) -> date:
    return china_date(now()) + (day - 10) * ONE_DAY


YESTERDAY = 9


def faults_of(world: World, **chosen: str) -> list[Fault]:
    """Everything that does not hold."""
    return verified(world, **chosen)[0]


def verified(world: World, **chosen: str) -> tuple[list[Fault], Checked]:
    """Everything that does not hold, and how much was looked at."""
    database, checked = world.parts.database, Checked()
    how = {"selection": Selection(**chosen), "checked": checked, "advance": lambda _: None}
    ledgers = verify_ledgers(database, folder_of(world), **how)
    files = verify_files(database, world.parts.media, **how)
    return [*ledgers, *files], checked


def names_of(faults: Sequence[Fault]) -> list[str]:
    return [fault.name for fault in faults]


def harm(world: World, *statements: str) -> None:
    """Change tables past every trigger and foreign key, as their owner can."""
    database = world.parts.database
    if not database.is_sqlite:
        with database.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
        return
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.rollback()
        raw.execute("PRAGMA foreign_keys = OFF")
        triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        raw.execute("PRAGMA foreign_keys = ON")


def path_of(world: World, sha256: str, store: str = "originals"):
    """Where a local store keeps a file."""
    return world.parts.settings.data_dir / store / sha256[:2] / sha256[2:4] / sha256

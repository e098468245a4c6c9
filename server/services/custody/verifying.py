"""Evidence verified as a whole (证据核验): anchors and chains in one snapshot, then the files."""

from collections.abc import Callable, Iterator

from media.anchors import AnchorFolder
from server.db import Database
from server.services.custody.anchors import verify_anchors, when_written
from server.services.custody.chains import verify_chains
from server.services.custody.faults import Checked, Fault, Selection


def verify_ledgers(
    database: Database,
    folder: AnchorFolder,
    *,
    selection: Selection,
    checked: Checked,
    advance: Callable[[int], object],
) -> Iterator[Fault]:
    """What does not hold of anchors, chains and photos' rows; `advance` counts photos. The anchors
    are listed before the snapshot is taken, so that one made meanwhile is no fault."""
    days = folder.days()
    written = when_written(folder, days)
    with database.read() as session:
        yield from verify_anchors(session, folder=folder, days=days, selection=selection)
        checked.anchors = len(days)

        def done(photos: int) -> None:
            checked.chains += photos
            advance(photos)

        yield from verify_chains(session, selection=selection, anchors=written, advance=done)

"""What the calls that take a cursor share: its secret, and what a cursor can prove."""

from collections.abc import Iterator
from contextlib import contextmanager

from server.db import after_commit
from server.errors import DomainError
from server.parts import parts
from server.services.sync.epoch import epoch_of, note_set_back
from server.services.sync.pull import SET_BACK


def cursor_secret() -> bytes:
    """What cursors are signed with."""
    return parts().settings.secret_key.encode()


@contextmanager
def noting_a_set_back() -> Iterator[None]:
    """When a device proves that the database forgot something, see to it that all devices are told
    (in a transaction of its own, and by a job: the request itself only reads)."""
    try:
        yield
    except DomainError as error:
        if error.details == SET_BACK:
            with parts().database.write() as session:
                note_set_back(session, epoch=epoch_of(session))
                after_commit(session, lambda: parts().jobs.nudge("renew_epoch"))
        raise
